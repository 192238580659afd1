import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** A shelf that holds a bounded weight of boxes. */
public final class Shelf {
    private static final double LIMIT_KG = 40.5;

    public record Box(String label, double weightKg) {}

    private final List<Box> boxes = new ArrayList<>();

    public double load() {
        double total = 0;
        for (Box box : boxes) {
            total += box.weightKg();
        }
        return total;
    }

    public boolean put(Box box) {
        if (load() + box.weightKg() > LIMIT_KG) {
            return false;
        }
        return boxes.add(box);
    }

    public Optional<Box> heaviest() {
        return boxes.stream().max(Comparator.comparingDouble(Box::weightKg));
    }

    public static void main(String[] arguments) {
        Shelf shelf = new Shelf();
        String[] names = {"lamp", "książki", "工具", "rope\t2"};
        for (int number = 0; number < names.length; number++) {
            System.out.println(number + ": " + shelf.put(new Box(names[number], 1.5 * number)));
        }
        shelf.heaviest().ifPresent(box -> System.out.printf("%s %.2f%n", box.label(), box.weightKg()));
    }
}
