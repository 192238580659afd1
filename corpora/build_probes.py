#!/usr/bin/env python3
"""Build corpora/probes.parquet: numbers of every kind in short English sentences.

Everything is drawn from SHA-256 of a counter, so that any Python writes the same
rows. The column ``language`` holds the kind of number, so that a comparison is
sliced by kind without being told to.

Usage:
    python corpora/build_probes.py           write probes.parquet
    python corpora/build_probes.py --check   exit 1 if probes.parquet is out of date
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

OUTPUT = Path(__file__).resolve().parent / "probes.parquet"
LONGEST_INTEGER = 20
PER_LENGTH = 50
PER_KIND = 200

SENTENCES = ("The result is {}.", "We counted {} of them", "{}", "x = {};", "from {} on", "({})", "It was {}!")
MONTHS = (
    "January",
    "March",
    "April",
    "June",
    "August",
    "October",
    "December",
    "May",
    "July",
    "February",
    "Nov.",
    "Sep.",
)
#: The zero of each script's digits.
ZEROS = "٠۰०০੦૦୦௦౦೦൦๐໐༠၀០᠐０"


class Draw:
    """A stream of numbers that depends on its name alone."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.count = 0

    def below(self, bound: int) -> int:
        """A number from 0 to bound - 1."""
        self.count += 1
        digest = hashlib.sha256(f"{self.name} {self.count}".encode()).digest()
        return int.from_bytes(digest, "big") % bound

    def digits(self, length: int) -> str:
        """A number of exactly so many digits, without a leading zero where it has several."""
        low = 10 ** (length - 1) if length > 1 else 0
        return str(low + self.below(10**length - low))


def decimal(draw: Draw) -> str:
    return f"{draw.digits(1 + draw.below(6))}.{draw.below(10**6):06d}"[: 3 + draw.below(8)].rstrip(".")


def date(draw: Draw) -> str:
    year, month, day = 1900 + draw.below(200), 1 + draw.below(12), 1 + draw.below(28)
    forms = (
        f"{year}-{month:02}-{day:02}",
        f"{day:02}.{month:02}.{year}",
        f"{month}/{day}/{year}",
        f"{day} {MONTHS[month - 1]} {year}",
        f"{year}-{month:02}-{day:02}T{draw.below(24):02}:{draw.below(60):02}:{draw.below(60):02}Z",
    )
    return forms[draw.below(len(forms))]


def currency(draw: Draw) -> str:
    amount = int(draw.digits(1 + draw.below(9)))
    cents = draw.below(100)
    spaced = f"{amount:,}".replace(",", "\u202f")
    dotted = f"{amount:,}".replace(",", ".")
    forms = (f"${amount:,}.{cents:02}", f"{dotted},{cents:02} €", f"£{amount}", f"{spaced} CHF", f"¥{amount:,}")
    return forms[draw.below(len(forms))]


def scientific(draw: Draw) -> str:
    mantissa = f"{draw.digits(1)}.{draw.digits(1 + draw.below(5))}"
    power = draw.below(40) - 20
    forms = (f"{mantissa}e{power}", f"{mantissa}E{power:+03}", f"{mantissa} × 10^{power}")
    return forms[draw.below(len(forms))]


def arithmetic(draw: Draw) -> str:
    left, right = int(draw.digits(1 + draw.below(5))), int(draw.digits(1 + draw.below(4)))
    gap = (" ", "")[draw.below(2)]
    forms = (
        f"{left}{gap}+{gap}{right}{gap}={gap}{left + right}",
        f"{left}{gap}−{gap}{right}{gap}={gap}{left - right}",
        f"{left}{gap}×{gap}{right}{gap}={gap}{left * right}",
        f"{left}{gap}÷{gap}{right}{gap}<={gap}{left}",
        f"{left}{gap}{'<' if left < right else '>='}{gap}{right}",
        f"x{gap}+={gap}{left}; y{gap}!={gap}{right}",
    )
    return forms[draw.below(len(forms))]


def scripts(draw: Draw) -> str:
    zero = ord(ZEROS[draw.below(len(ZEROS))])
    return "".join(chr(zero + int(digit)) for digit in draw.digits(1 + draw.below(9)))


KINDS: dict[str, Callable[[Draw], str]] = {
    "decimals": decimal,
    "dates": date,
    "currencies": currency,
    "scientific": scientific,
    "arithmetic": arithmetic,
    "scripts": scripts,
}


def rows() -> Iterator[tuple[str, str, str]]:
    """Id, kind and text of each probe."""
    draw = Draw("integers")
    for length in range(1, LONGEST_INTEGER + 1):
        for count in range(PER_LENGTH):
            text = SENTENCES[count % len(SENTENCES)].format(draw.digits(length))
            yield f"integers-{length:02}-{count:03}", "integers", text
    for kind, make in KINDS.items():
        draw = Draw(kind)
        for count in range(PER_KIND):
            yield f"{kind}-{count:03}", kind, SENTENCES[count % len(SENTENCES)].format(make(draw))


def build_table() -> pa.Table:
    """The corpus: string columns id, language (the kind) and text."""
    ids, kinds, texts = zip(*rows(), strict=True)
    return pa.table({"id": pa.array(ids), "language": pa.array(kinds), "text": pa.array(texts)})


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Build corpora/probes.parquet.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if probes.parquet differs")
    arguments = parser.parse_args(argv)
    table = build_table()
    if arguments.check:
        current = OUTPUT.is_file() and pq.read_table(OUTPUT).equals(table)
        print(f"{OUTPUT} {'is up to date' if current else 'differs from its script'} ({table.num_rows} rows)")
        return 0 if current else 1
    pq.write_table(table, OUTPUT, compression="zstd", store_schema=False)
    print(f"wrote {OUTPUT} ({table.num_rows} rows)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
