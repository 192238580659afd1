# How many steps until one is reached, remembered on the way.
STEPS = {1: 0}


def steps(start):
    path = []
    value = start
    while value not in STEPS:
        path.append(value)
        value = value // 2 if value % 2 == 0 else 3 * value + 1
    known = STEPS[value]
    for offset, seen in enumerate(reversed(path), 1):
        STEPS[seen] = known + offset
    return STEPS[start]


longest = max(range(1, 10_000), key=steps)
print(longest, steps(longest), 0xFF & longest)
