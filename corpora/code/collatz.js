function steps(start) {
	let count = 0;
	for (let value = start; value !== 1; count++) {
		value = value % 2 === 0 ? value / 2 : 3 * value + 1;
	}
	return count;
}

var best = 1;
for (var start = 1; start < 1e4; ++start) {
	if (steps(start) > steps(best)) {
		best = start;
	}
}
console.log(best, steps(best), 0xff & best);
