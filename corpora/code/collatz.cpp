#include <cstdint>
#include <iostream>
#include <unordered_map>

using Number = std::uint64_t;

static std::unordered_map<Number, int> known{{1, 0}};

int steps(Number value) {
	if (auto found = known.find(value); found != known.end()) {
		return found->second;
	}
	const Number next = value % 2 == 0 ? value / 2 : 3 * value + 1;
	return known[value] = steps(next) + 1;
}

int main() {
	Number best = 1;
	for (Number start = 1; start < 10'000; ++start) {
		if (steps(start) > steps(best)) {
			best = start;
		}
	}
	std::cout << best << ": " << steps(best) << std::endl;
}
