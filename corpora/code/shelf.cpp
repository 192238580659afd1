// A shelf that holds a bounded weight of boxes.
#include <algorithm>
#include <iostream>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

namespace storage {

struct Box {
  std::string label;
  double weight_kg = 0.25;
};

class Shelf {
 public:
  static constexpr double kLimit = 40.5;

  [[nodiscard]] double load() const {
    return std::accumulate(boxes_.begin(), boxes_.end(), 0.0,
                           [](double sum, const Box& box) { return sum + box.weight_kg; });
  }

  bool put(Box box) {
    if (load() + box.weight_kg > kLimit) return false;
    boxes_.push_back(std::move(box));
    return true;
  }

  template <typename Less>
  std::optional<Box> heaviest(Less less) const {
    if (boxes_.empty()) return std::nullopt;
    return *std::max_element(boxes_.begin(), boxes_.end(), less);
  }

 private:
  std::vector<Box> boxes_;
};

}  // namespace storage

int main() {
  storage::Shelf shelf;
  int number = 0;
  for (const auto* name : {"lamp", "książki", R"(rope\2)"}) {
    std::cout << number << ' ' << shelf.put({name, 1.5 * number}) << '\n';
    ++number;
  }
}
