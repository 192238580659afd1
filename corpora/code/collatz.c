#include <stdio.h>

static long steps(unsigned long long value)
{
    long count = 0;
    while (value != 1) {
        value = (value & 1) ? 3 * value + 1 : value >> 1;
        count += 1;
    }
    return count;
}

int main(void)
{
    long best = 0, at = 1;
    for (long start = 1; start < 10000; start++) {
        long found = steps(start);
        if (found > best) {
            best = found;
            at = start;
        }
    }
    printf("%ld %ld 0x%lx\n", at, best, at & 0xFFL);
    return 0;
}
