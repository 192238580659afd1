fn steps(mut value: u64) -> u32 {
	let mut count = 0;
	while value != 1 {
		value = if value & 1 == 0 { value >> 1 } else { 3 * value + 1 };
		count += 1;
	}
	count
}

fn main() {
	let best = (1..10_000u64).max_by_key(|&start| steps(start)).unwrap_or(1);
	println!("{best} {} {:#x}", steps(best), best & 0xff);
}
