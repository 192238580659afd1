"""Every metric against its plain-Python oracle, for any order, sharding and batch size."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics.runs import Lossy, Row, batch_of, context_of, figures, fold, merge, metrics_on_text, reloaded
from tests.oracles import text_metrics as oracle
from tokeval.schema import ALL, Status
from tokeval.tokenizers.base import Tokenizer
from tokeval.tokenizers.encode import Encoder
from tokeval.tokenizers.load import load_tokenizer

TEXTS = st.text(st.sampled_from("ab cT\t\n é一ก🙂\u00a0.e\u0301"), max_size=12)
ROWS = st.lists(
    st.tuples(st.sampled_from(["x", "y", "z"]), st.integers(0, 6), TEXTS),
    min_size=1,
    max_size=14,
    unique_by=lambda row: row[:2],
).map(lambda rows: [Row(name, str(key), text) for name, key, text in rows])
TOKENIZERS: dict[str, Tokenizer] = {"bytes": load_tokenizer("bytes:"), "lossy": Lossy()}


def encoder(tokenizer: Tokenizer) -> Encoder:
    return Encoder("t", tokenizer, spans=True, round_trip=True)


def documents(rows: list[Row], tokenizer: Tokenizer, base: Tokenizer) -> list[oracle.Document]:
    found = []
    for row in rows:
        spans = tokenizer.spans_batch([row.text])
        ids = spans.ids.to_pylist()[0]
        decoded = tokenizer.decode_batch(spans.ids).to_pylist()[0]
        below = len(base.encode_batch([row.text]).to_pylist()[0])
        pairs = list(zip(spans.starts.tolist(), spans.ends.tolist(), strict=True))
        found.append(oracle.Document(row.slice, row.id, row.text, ids, pairs, decoded, below))
    return found


def known_of(tokenizer: Tokenizer, pivot: str) -> oracle.Known:
    table = tokenizer.vocabulary().to_pylist()
    byte_ids = frozenset(row["id"] for row in table if row["kind"] == "byte")
    return oracle.Known(len(table), tokenizer.unknown_id, byte_ids, pivot)


@given(ROWS, st.sampled_from(sorted(TOKENIZERS)), st.data())
@settings(max_examples=60)
def test_every_metric_equals_its_oracle_in_any_order_and_sharding(rows: list[Row], name: str, data: Any) -> None:
    tokenizer, base = TOKENIZERS[name], TOKENIZERS["lossy"]
    metrics = metrics_on_text()
    pivot = rows[0].slice
    whole = [fold([batch_of(rows)], encoder(t), encoder(base), metrics) for t in (tokenizer, base)]
    found = figures(metrics, context_of(*whole, pivot))

    shuffled = data.draw(st.permutations(rows))
    cuts = sorted(data.draw(st.sets(st.integers(1, max(1, len(rows) - 1)), max_size=4)))
    parts = [part for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True) if (part := shuffled[a:b])]
    mine, theirs = ([fold([batch_of(p)], encoder(t), encoder(base), metrics) for p in parts] for t in (tokenizer, base))
    while len(mine) > 1:
        at = data.draw(st.integers(0, len(mine) - 2))
        mine[at : at + 2] = [reloaded(merge(mine[at + 1], mine[at]))]
        theirs[at : at + 2] = [merge(theirs[at], theirs[at + 1])]
    again = figures(metrics, context_of(mine[0], theirs[0], pivot))
    assert {k: _bits(f) for k, f in found.items()} == {k: _bits(f) for k, f in again.items()}

    _check(found, documents(rows, tokenizer, base), known_of(tokenizer, pivot))


def _bits(figure: Any) -> tuple[Any, ...]:
    drawn = None if figure.resampled is None else figure.resampled.sums.tolist()
    exact = [None if v is None else float(v).hex() for v in (figure.value, figure.numerator, figure.denominator)]
    return (*exact, figure.n, figure.status, figure.reason, figure.reference, drawn)


def _check(found: dict[Any, Any], docs: list[oracle.Document], known: oracle.Known) -> None:
    slices = sorted({d.slice for d in docs})
    members = {ALL: docs, **{s: [d for d in docs if d.slice == s] for s in slices}}
    foreign = {s: sum(c in "一ก" for d in ds for c in d.text) for s, ds in members.items()}
    visible = {s: sum(not c.isspace() for d in ds for c in d.text) for s, ds in members.items()}
    expected: dict[Any, float | None] = {}
    for metric, compute in oracle.SIMPLE.items():
        for name, part in members.items():
            expected[metric, name, None] = compute(part, known)
            if "word" in metric and foreign[name] > 0.01 * visible[name]:
                expected[metric, name, None] = None
    premiums = oracle.premiums(docs, known)
    expected |= {("premium", name, None): value for name, value in premiums.items()}
    others = [v for name, v in premiums.items() if name != known.pivot and v is not None]
    for metric, best in (("premium_max", max), ("premium_min", min)):
        expected[metric, ALL, None] = best(others) if others and len(slices) > 1 else None
    expected["gini", ALL, None] = oracle.gini(docs, False)
    expected["gini_per_byte", ALL, None] = oracle.gini(docs, True)
    for a, b in combinations(slices, 2):
        expected["overlap_jsd", a, b] = oracle.divergence(members[a], members[b])
    if len(slices) < 2:
        expected["overlap_jsd", ALL, None] = None
        expected |= {key: None for key in expected if key[0] == "premium"}
    assert set(found) == set(expected)
    for key, value in expected.items():
        figure = found[key]
        if value is None:
            assert figure.value is None and figure.reason, key
            assert figure.status is not Status.OK, key
        else:
            assert figure.status is Status.OK, (key, figure.reason)
            assert figure.value == pytest.approx(value, rel=1e-12, abs=1e-12), key


def test_the_oracles_cover_every_metric_on_text() -> None:
    covered = {*oracle.SIMPLE, "premium", "premium_max", "premium_min", "gini", "gini_per_byte", "overlap_jsd"}
    assert covered == {metric.name for metric in metrics_on_text()}
