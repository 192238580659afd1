package main

import "fmt"

func steps(value int) int {
	count := 0
	for ; value != 1; count++ {
		switch {
		case value%2 == 0:
			value /= 2
		default:
			value = 3*value + 1
		}
	}
	return count
}

func main() {
	best := 1
	for start := 1; start < 10_000; start++ {
		if steps(start) > steps(best) {
			best = start
		}
	}
	fmt.Println(best, steps(best), best&0xFF)
}
