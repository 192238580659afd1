// Package main holds a shelf that bears a bounded weight of boxes.
package main

import (
	"errors"
	"fmt"
)

const limitKg = 40.5

var errFull = errors.New("the shelf is full")

type box struct {
	label    string
	weightKg float64
}

type shelf struct {
	boxes []box
}

func (s *shelf) load() (total float64) {
	for _, b := range s.boxes {
		total += b.weightKg
	}
	return
}

func (s *shelf) put(b box) error {
	if s.load()+b.weightKg > limitKg {
		return fmt.Errorf("%q: %w", b.label, errFull)
	}
	s.boxes = append(s.boxes, b)
	return nil
}

func main() {
	s := &shelf{}
	for number, label := range []string{"lamp", "książki", `rope\2`} {
		if err := s.put(box{label, 1.5 * float64(number)}); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Printf("%d boxes, %.2f kg\n", len(s.boxes), s.load())
}
