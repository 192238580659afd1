"""A shelf that holds a bounded weight of boxes."""

from dataclasses import dataclass, field

LIMIT_KG = 40.5


@dataclass
class Box:
    label: str
    weight_kg: float = 0.25


@dataclass
class Shelf:
    boxes: list[Box] = field(default_factory=list)

    def load(self) -> float:
        return sum(box.weight_kg for box in self.boxes)

    def put(self, box: Box) -> bool:
        if self.load() + box.weight_kg > LIMIT_KG:
            return False
        self.boxes.append(box)
        return True


def heaviest(shelf: Shelf) -> str | None:
    best = None
    for box in shelf.boxes:
        if best is None or box.weight_kg >= best.weight_kg:
            best = box
    return f"{best.label!r} weighs {best.weight_kg:.2f}" if best else None


if __name__ == "__main__":
    shelf = Shelf()
    for number, name in enumerate(["lamp", "książki", "工具", "rope\t2"]):
        print(number, shelf.put(Box(name, 1.5 * number)), heaviest(shelf))
