class Collatz {
	static int steps(long value) {
		int count = 0;
		while (value != 1L) {
			value = (value & 1) == 0 ? value >>> 1 : 3 * value + 1;
			count++;
		}
		return count;
	}

	public static void main(String... arguments) {
		int best = 1;
		for (int start = 1; start < 10_000; start++) {
			if (steps(start) > steps(best)) {
				best = start;
			}
		}
		System.out.println(best + "\t" + steps(best));
	}
}
