// A shelf that holds a bounded weight of boxes.
export interface Box {
  readonly label: string;
  weightKg?: number;
}

const LIMIT_KG = 40.5;
type Order = (a: Required<Box>, b: Required<Box>) => number;

export class Shelf<T extends Box = Box> {
  private boxes: Array<Required<Box>> = [];

  load(): number {
    return this.boxes.reduce((sum, box) => sum + box.weightKg, 0);
  }

  put({ label, weightKg = 0.25 }: T): boolean {
    if (this.load() + weightKg > LIMIT_KG) {
      return false;
    }
    this.boxes.push({ label, weightKg });
    return true;
  }

  first(order: Order): string | undefined {
    return [...this.boxes].sort(order)[0]?.label;
  }
}

const shelf = new Shelf();
for (const [number, label] of ["lamp", "książki", "rope\t2"].entries()) {
  console.log(number, shelf.put({ label, weightKg: 1.5 * number }) as boolean);
}
