// A shelf that holds a bounded weight of boxes.
const LIMIT_KG = 40.5;

class Shelf {
  #boxes = [];

  get load() {
    return this.#boxes.reduce((sum, { weightKg }) => sum + weightKg, 0);
  }

  put(box) {
    if (this.load + box.weightKg > LIMIT_KG) {
      return false;
    }
    this.#boxes.push({ ...box });
    return true;
  }

  heaviest() {
    const [first] = [...this.#boxes].sort((a, b) => b.weightKg - a.weightKg);
    return first?.label ?? null;
  }
}

const shelf = new Shelf();
["lamp", "książki", "工具", 'rope\t2'].forEach((label, number) => {
  console.log(`${number}: ${shelf.put({ label, weightKg: 1.5 * number })}`);
});
if (!/^[a-z]+$/u.test(shelf.heaviest())) console.log(typeof shelf, null, undefined);
