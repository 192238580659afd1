/* A shelf that holds a bounded weight of boxes. */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define LIMIT_GRAMS 40500
#define MOST 16

typedef struct {
	const char *label;
	unsigned grams;
} box_t;

typedef struct {
	box_t boxes[MOST];
	size_t count;
} shelf_t;

static unsigned load_of(const shelf_t *shelf)
{
	unsigned total = 0;
	for (size_t i = 0; i < shelf->count; ++i)
		total += shelf->boxes[i].grams;
	return total;
}

static bool put(shelf_t *shelf, box_t box)
{
	if (shelf->count == MOST || load_of(shelf) + box.grams > LIMIT_GRAMS)
		return false;
	shelf->boxes[shelf->count++] = box;
	return true;
}

int main(void)
{
	shelf_t shelf = {.count = 0};
	const char *names[] = {"lamp", "ksi\xC4\x85\xC5\xBCki", "rope\t2"};
	for (unsigned k = 0; k < sizeof names / sizeof *names; k++) {
		bool fits = put(&shelf, (box_t){names[k], 1500u * k});
		printf("%u %s: %d\n", k, names[k], fits ? 1 : 0);
	}
	return load_of(&shelf) == 0;
}
