const known: Map<number, number> = new Map([[1, 0]]);

function steps(value: number): number {
	const found = known.get(value);
	if (found !== undefined) {
		return found;
	}
	const next = value % 2 === 0 ? value / 2 : 3 * value + 1;
	const count = steps(next) + 1;
	known.set(value, count);
	return count;
}

enum Bound {
	Low = 1,
	High = 1_000,
}

let best: number = Bound.Low;
for (let start = Bound.Low as number; start < Bound.High; start++) {
	best = steps(start) > steps(best) ? start : best;
}
console.log(`${best} ${steps(best)!}`);
