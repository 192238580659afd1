"""Every kind of rule, at its limit and on both sides of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.gate.made import results, row, rules
from tokeval.errors import GateError
from tokeval.gate.baseline import Baseline
from tokeval.gate.judge import judge
from tokeval.gate.verdict import Check, Verdict

BPT = '[[rule]]\nmetric = "bytes_per_token"\n'
PREMIUM = '[[rule]]\nmetric = "premium"\n'
DISTANCE = '[[rule]]\nmetric = "distance"\n'


def no_test(here: Mapping[str, Any], there: Mapping[str, Any], baseline: Baseline) -> str:
    return "there are no sums"


def judged(
    folder: Path, text: str, rows: Iterable[Mapping[str, Any]], before: Any = None, test: Any = no_test, **about: Any
) -> Verdict:
    baseline = None if before is None else Baseline.of("old", before)
    return judge(results(rows, **about), rules(folder, text), baseline, test)


def outcomes(verdict: Verdict) -> list[tuple[str, str]]:
    return [(check.where, str(check.outcome)) for check in verdict.checks]


def only(verdict: Verdict) -> Check:
    (check,) = verdict.checks
    return check


A = row("bytes_per_token", "a", "all", 4.0)
B = row("bytes_per_token", "b", "all", 3.0)


@pytest.mark.parametrize(
    ("limit", "passed", "why"),
    [
        ("min = 4", True, "not below 4, the minimum"),
        ("min = 3.5", True, "not below 3.5, the minimum"),
        ("min = 4.5", False, "below 4.5 by 0.5, the minimum"),
        ("max = 4", True, "not above 4, the maximum"),
        ("max = 4.5", True, "not above 4.5, the maximum"),
        ("max = 3.5", False, "above 3.5 by 0.5, the maximum"),
        ("min = 1\nmax = 3.5", False, "above 3.5 by 0.5, the maximum"),
        ("min = 1\nmax = 5", True, "not below 1, the minimum; not above 5, the maximum"),
    ],
)
def test_absolute_limits(tmp_path: Path, limit: str, passed: bool, why: str) -> None:
    verdict = judged(tmp_path, f"{BPT}tokenizer = 'a'\n{limit}\n", [A, B])
    check = only(verdict)
    assert (verdict.passed, check.why, check.found) == (passed, why, "4")
    assert str(check.outcome) == ("passed" if passed else "failed")
    assert check.message == f"bytes_per_token of a on c/all is 4, {why}"


def test_what_would_pass_and_the_margin_are_said(tmp_path: Path) -> None:
    check = only(judged(tmp_path, f"{BPT}tokenizer = 'a'\nmin = 4.5\nmax = 6\n", [A]))
    assert check.wanted == "at least 4.5 and at most 6"
    assert check.margin == -0.5


def test_an_interval_is_shown_beside_the_value(tmp_path: Path) -> None:
    check = only(judged(tmp_path, BPT + "min = 1", [{**A, "ci_low": 3.75, "ci_high": 4.25}], tokenizers=["a"]))
    assert check.found == "4 [3.75, 4.25]"


def test_warnings_do_not_fail_the_gate(tmp_path: Path) -> None:
    verdict = judged(tmp_path, BPT + "tokenizer='a'\nmin = 9\nseverity = 'warn'\n", [A])
    assert verdict.passed
    assert str(only(verdict).outcome) == "warned"
    assert only(verdict).bad
    assert verdict.summary == "gate passed: 1 warned"


@pytest.mark.parametrize(("direction", "metric"), [("higher", "bytes_per_token"), ("lower", "premium")])
@pytest.mark.parametrize(
    ("limit", "better_by", "passed"),
    [
        ("max_regression = 0", 0.0, True),
        ("max_regression = 0", 1.0, True),
        ("max_regression = 0", -0.001, False),
        ("max_regression = 0.5", -0.5, True),
        ("max_regression = 0.5", -0.75, False),
        ("max_regression = '25%'", -1.0, True),
        ("max_regression = '25%'", -1.25, False),
        ("min_delta = 0.5", 0.5, True),
        ("min_delta = 0.5", 0.25, False),
        ("min_delta = 0.5", -1.0, False),
        ("min_delta = '25%'", 1.0, True),
        ("min_delta = '25%'", 0.75, False),
        ("max_change = 0.5", 0.5, True),
        ("max_change = 0.5", -0.5, True),
        ("max_change = 0.5", 0.75, False),
        ("max_change = 0.5", -0.75, False),
        ("max_change = '25%'", -1.0, True),
        ("max_change = '25%'", 1.25, False),
    ],
)
@pytest.mark.parametrize("how", ["run", "tokenizer"])
def test_limits_beside_a_baseline(
    tmp_path: Path, direction: str, metric: str, limit: str, better_by: float, passed: bool, how: str
) -> None:
    value = 4.0 + (better_by if direction == "higher" else -better_by)
    text = f'[[rule]]\nmetric = "{metric}"\ntokenizer = "a"\n{limit}\n'
    if how == "run":
        verdict = judged(tmp_path, text, [row(metric, "a", "all", value)], [row(metric, "a", "all", 4.0)])
    else:
        rows = [row(metric, "a", "all", value), row(metric, "b", "all", 4.0)]
        verdict = judged(tmp_path, text + 'against = "b"\n', rows)
    assert verdict.passed is passed
    compared = only(verdict).comparison
    assert compared is not None
    assert (compared.value, compared.difference, compared.name) == (4.0, value - 4.0, "old" if how == "run" else "b")


def test_what_would_pass_beside_a_baseline_is_a_value(tmp_path: Path) -> None:
    text = f"{PREMIUM}tokenizer='a'\nmax_regression='10%'\n"
    check = only(judged(tmp_path, text, [row("premium", "a", "all", 3.0)], [row("premium", "a", "all", 2.0)]))
    assert check.wanted == "at most 2.2"
    assert check.why == "above 2.2 by 0.8, 10% from 2 of old"


@pytest.mark.parametrize("limit", ["max_regression", "max_change"])
def test_a_percentage_of_zero_allows_no_change(tmp_path: Path, limit: str) -> None:
    before, text = row("premium", "a", "all", 0.0), f"{PREMIUM}tokenizer='a'\n{limit}='1%'\n"
    assert not only(judged(tmp_path, text, [row("premium", "a", "all", 0.0)], [before])).bad
    check = only(judged(tmp_path, text, [row("premium", "a", "all", 1e-9)], [before]))
    assert check.bad
    assert check.why == "above 0 by 1e-09, 1% from 0 of old"


def test_how_many_percent_better_than_zero_cannot_be_judged(tmp_path: Path) -> None:
    before, text = row("premium", "a", "all", 0.0), f"{PREMIUM}tokenizer='a'\nmin_delta='1%'\n"
    check = only(judged(tmp_path, text, [before], [before]))
    assert check.bad
    assert check.why == "and old has 0, of which there are no percent"


def test_a_relative_rule_without_a_baseline_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GateError, match=r"rules\.toml:4:1: this rule needs a baseline"):
        judged(tmp_path, f"{BPT}min=1\n{BPT}max_change = 1\n", [A])


@pytest.mark.parametrize("before", [[], [{**A, "slice": "x"}], [{**A, "value": None, "status": "undefined"}]])
def test_a_figure_without_its_baseline_fails(tmp_path: Path, before: list[dict[str, Any]]) -> None:
    check = only(judged(tmp_path, f"{BPT}tokenizer='a'\nmax_regression = 9\n", [A], before))
    assert str(check.outcome) == "failed"
    assert "cannot be compared" in check.why


@pytest.mark.parametrize(
    ("part", "value"), [("tokeval", "2"), ("metric", "x.2"), ("corpus", "other"), ("words", "icu"), ("seed", "1")]
)
def test_a_baseline_that_is_not_comparable_is_refused_and_the_part_named(tmp_path: Path, part: str, value: str) -> None:
    before = row("bytes_per_token", "a", "all", 4.0, signature_parts={part: value})
    with pytest.raises(GateError) as caught:
        judged(tmp_path, f"{BPT}tokenizer='a'\nmax_regression = 9\n", [A], [before])
    assert f"their signatures differ in {part}, {value} there" in caught.value.message
    assert caught.value.hint


def test_another_tokenizer_of_the_same_name_is_what_is_compared(tmp_path: Path) -> None:
    before = row("bytes_per_token", "a", "all", 4.0, signature_parts={"tokenizer": "old", "library": "hf/0"})
    assert judged(tmp_path, f"{BPT}tokenizer='a'\nmax_regression = 0\n", [A], [before]).passed


# -- significance


def paired(p: float) -> Any:
    return lambda here, there, baseline: (-1.0, 1.0, p)


@pytest.mark.parametrize(
    ("p", "passed", "said"),
    [
        (
            0.0499,
            False,
            "above 1 by 1, 0 from 1 of old; the difference is significant (p = 0.0499 after Holm's correction)",
        ),
        (
            0.05,
            True,
            "above 1 by 1, 0 from 1 of old; the difference is not significant (p = 0.05 after Holm's correction)",
        ),
        (0.5, True, "not significant (p = 0.5 "),
    ],
)
def test_within_ci_fails_only_on_a_significant_difference(tmp_path: Path, p: float, passed: bool, said: str) -> None:
    before, after = row("premium", "a", "all", 1.0), row("premium", "a", "all", 2.0)
    text = f"{PREMIUM}tokenizer='a'\nmax_regression = 0\nwithin='ci'\n"
    verdict = judged(tmp_path, text, [after], [before], paired(p))
    assert verdict.passed is passed
    check = only(verdict)
    assert said in check.why
    assert check.wanted == "at most 1, or no significant difference"
    assert check.comparison is not None
    assert (check.comparison.low, check.comparison.high, check.comparison.p) == (-1.0, 1.0, p)


def test_within_ci_passes_a_significant_gain_and_a_loss_within_the_limit(tmp_path: Path) -> None:
    text = f"{PREMIUM}tokenizer='a'\nmax_regression = 0.5\nwithin='ci'\n"
    for value in (0.5, 1.5):
        assert judged(
            tmp_path, text, [row("premium", "a", "all", value)], [row("premium", "a", "all", 1.0)], paired(0.0)
        ).passed


def test_within_ci_holds_for_max_change_both_ways(tmp_path: Path) -> None:
    text = f"{PREMIUM}tokenizer='a'\nmax_change = 0\nwithin='ci'\n"
    for value in (0.5, 1.5):
        after, before = [row("premium", "a", "all", value)], [row("premium", "a", "all", 1.0)]
        assert not judged(tmp_path, text, after, before, paired(0.01)).passed
        assert judged(tmp_path, text, after, before, paired(0.2)).passed


def test_without_within_no_test_is_made(tmp_path: Path) -> None:
    def never(here: Mapping[str, Any], there: Mapping[str, Any], baseline: Baseline) -> str:
        raise AssertionError

    after, before = [row("premium", "a", "all", 2.0)], [row("premium", "a", "all", 1.0)]
    assert not judged(tmp_path, f"{PREMIUM}tokenizer='a'\nmax_regression = 0\n", after, before, never).passed


def test_the_correction_is_over_the_figures_of_the_rule(tmp_path: Path) -> None:
    slices = [f"s{i}" for i in range(10)]
    after = [row("premium", "a", s, 2.0) for s in slices]
    before = [row("premium", "a", s, 1.0) for s in slices]
    text = f"{PREMIUM}tokenizer='a'\nmax_regression = 0\nwithin='ci'\nslice = "
    assert judged(tmp_path, text + "'*'", after, before, paired(0.02)).passed
    assert not judged(tmp_path, text + "['s1', 's2']", after, before, paired(0.02)).passed
    assert not judged(tmp_path, text + "'*'", after, before, paired(0.004)).passed


def test_where_significance_cannot_be_told_a_loss_fails_and_a_gain_passes(tmp_path: Path) -> None:
    text, before = f"{PREMIUM}tokenizer='a'\nmax_regression = 0\nwithin='ci'\n", [row("premium", "a", "all", 1.0)]
    check = only(judged(tmp_path, text, [row("premium", "a", "all", 1.5)], before))
    assert check.bad
    assert check.why == "above 1 by 0.5, 0 from 1 of old; it cannot be tested: there are no sums"
    assert not only(judged(tmp_path, text, [row("premium", "a", "all", 1.0)], before)).bad
    assert not only(judged(tmp_path, text, [row("premium", "a", "all", 0.5)], before)).bad


# -- which figures


def test_globs_pass_over_yardsticks_and_the_pool(tmp_path: Path) -> None:
    rows = [row("premium", t, s, 1.0) for t in ("a", "bytes") for s in ("all", "x", "y")]
    verdict = judged(tmp_path, f"{PREMIUM}slice='*'\nmax=2\n", rows, tokenizers=["a", "bytes"])
    assert [where for where, _ in outcomes(verdict)] == ["premium of a on c/x", "premium of a on c/y"]
    verdict = judged(
        tmp_path, f"{PREMIUM}tokenizer='bytes'\nslice=['all','x']\nmax=2\n", rows, tokenizers=["a", "bytes"]
    )
    assert [where for where, _ in outcomes(verdict)] == ["premium of bytes on c/all", "premium of bytes on c/x"]


@pytest.mark.parametrize(
    ("selector", "missing"),
    [
        ("tokenizer = 'z'", "z on c/all"),
        ("tokenizer = ['a', 'z']", "z on c/all"),
        ("tokenizer = 'z*'", "z* on c/all"),
        ("slice = ['all', 'nope']\ntokenizer='a'", "a on c/nope"),
        ("slice = '*_Latn'\ntokenizer='a'", "a on c/*_Latn"),
        ("corpus = 'other'\ntokenizer='a'", "a on other/all"),
    ],
)
def test_what_is_named_and_not_there_fails(tmp_path: Path, selector: str, missing: str) -> None:
    verdict = judged(tmp_path, f"{BPT}min = 1\n{selector}\n", [A, B])
    assert not verdict.passed
    failed = [check for check in verdict.checks if check.bad]
    assert [check.where for check in failed] == [f"bytes_per_token of {missing}"]
    assert failed[0].found == "missing"
    assert failed[0].message == f"bytes_per_token of {missing} is missing, the results have no such figure"


def test_a_tokenizer_that_lacks_one_slice_fails(tmp_path: Path) -> None:
    rows = [row("premium", "a", "x", 1.0), row("premium", "a", "y", 1.0), row("premium", "b", "x", 1.0)]
    verdict = judged(tmp_path, f"{PREMIUM}slice=['x','y']\nmax=2\n", rows)
    assert [c.where for c in verdict.checks if c.bad] == ["premium of b on c/y"]


@pytest.mark.parametrize("tokenizers", [["a"], []])
def test_an_empty_table_fails(tmp_path: Path, tokenizers: list[str]) -> None:
    verdict = judged(tmp_path, BPT + "min = 0\n", [], tokenizers=tokenizers)
    assert not verdict.passed
    assert len(verdict.checks) == 1
    verdict = judged(tmp_path, BPT + "min = 0\n", [], tokenizers=tokenizers, corpora={})
    assert not verdict.passed


def test_a_warning_rule_on_an_empty_table_warns(tmp_path: Path) -> None:
    assert judged(tmp_path, BPT + "min = 0\nseverity='warn'\n", [], tokenizers=["a"]).summary == "gate passed: 1 warned"


def test_a_verdict_without_checks_does_not_pass(tmp_path: Path) -> None:
    verdict = Verdict(rules(tmp_path, BPT + "min=1"), [])
    assert not verdict.passed
    assert verdict.summary == "gate failed: nothing was judged"


@pytest.mark.parametrize("status", ["not_applicable", "undefined", "error"])
def test_a_status_fails_unless_it_is_allowed(tmp_path: Path, status: str) -> None:
    rows = [row("premium", "a", "all", None, status=status, reason="no ids")]
    check = only(judged(tmp_path, f"{PREMIUM}tokenizer='a'\nmax = 2\n", rows))
    assert str(check.outcome) == "failed"
    assert check.message == f"premium of a on c/all is {status}, no ids; add allow = ['{status}'] if that is fine"
    verdict = judged(tmp_path, f"{PREMIUM}tokenizer='a'\nmax = 2\nallow = ['{status}']\n", rows)
    assert str(only(verdict).outcome) == "allowed"
    assert only(verdict).message == f"premium of a on c/all is {status}, no ids (allowed)"
    assert verdict.passed
    other = "undefined" if status == "error" else "error"
    assert not judged(tmp_path, f"{PREMIUM}tokenizer='a'\nmax = 2\nallow = ['{other}']\n", rows).passed


def test_a_status_fails_a_relative_rule_too(tmp_path: Path) -> None:
    rows = [row("premium", "a", "all", None, status="undefined", reason="no ids")]
    before = [row("premium", "a", "all", 1.0)]
    check = only(judged(tmp_path, f"{PREMIUM}tokenizer='a'\nmax_regression = 2\n", rows, before))
    assert check.why.startswith("no ids")


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("limit", ["min = 1", "max = 1"])
def test_what_is_no_number_fails(tmp_path: Path, value: float | None, limit: str) -> None:
    check = only(judged(tmp_path, f"{PREMIUM}tokenizer='a'\n{limit}\n", [row("premium", "a", "all", value)]))
    assert str(check.outcome) == "failed"
    assert check.found == "no number"


def test_globs_that_meet_in_a_figure_must_leave_room_for_it(tmp_path: Path) -> None:
    rows = [row("premium", "a", s, 1.0) for s in ("x_Latn", "y_Latn")]
    with pytest.raises(GateError, match=r"rules\.toml:4:1 and .*rules\.toml:8:1 contradict each other"):
        judged(tmp_path, f"{PREMIUM}slice='*_Latn'\nmin=2\n{PREMIUM}slice='x_*'\nmax=1\n", rows, tokenizers=["a"])
    judged(tmp_path, f"{PREMIUM}slice='x_*'\nmin=2\n{PREMIUM}slice='y_*'\nmax=1\n", rows, tokenizers=["a"])


# -- the worst slice


def test_the_worst_slice_is_judged_alone(tmp_path: Path) -> None:
    values = {"x": 1.0, "y": 3.0, "z": 2.0}
    rows = [row("premium", t, s, v) for t in ("a", "b") for s, v in values.items()]
    verdict = judged(tmp_path, f"{PREMIUM}slice='*'\nworst_slice=true\nmax=2.5\n", rows)
    assert outcomes(verdict) == [("premium of a on c/y", "failed"), ("premium of b on c/y", "failed")]
    assert verdict.checks[0].why.endswith("(the worst of 3 slices)")
    verdict = judged(tmp_path, f"{PREMIUM}slice='*'\nworst_slice=true\nmax=3\n", rows)
    assert outcomes(verdict) == [("premium of a on c/y", "passed"), ("premium of b on c/y", "passed")]
    verdict = judged(tmp_path, f"{PREMIUM}slice='*'\nworst_slice=true\nmin=1\n", rows)
    assert outcomes(verdict)[0] == ("premium of a on c/x", "passed")


def test_a_slice_without_a_value_is_the_worst(tmp_path: Path) -> None:
    rows = [row("premium", "a", "x", 9.0), row("premium", "a", "y", None, status="undefined", reason="none")]
    verdict = judged(tmp_path, f"{PREMIUM}slice='*'\nworst_slice=true\nmax=2\n", rows, tokenizers=["a"])
    assert outcomes(verdict) == [("premium of a on c/y", "failed")]
    allowed = f"{PREMIUM}slice='*'\nworst_slice=true\nmax=10\nallow=['undefined']\n"
    assert outcomes(judged(tmp_path, allowed, rows, tokenizers=["a"])) == [("premium of a on c/x", "passed")]


def test_a_missing_slice_fails_beside_the_worst(tmp_path: Path) -> None:
    rows = [row("premium", "a", "x", 1.0)]
    verdict = judged(tmp_path, f"{PREMIUM}slice=['x', 'q']\nworst_slice=true\nmax=2\n", rows, tokenizers=["a"])
    assert outcomes(verdict) == [("premium of a on c/q", "failed"), ("premium of a on c/x", "passed")]


def test_a_significant_loss_is_worse_than_a_greater_one_by_chance(tmp_path: Path) -> None:
    after = [row("premium", "a", "x", 5.0), row("premium", "a", "y", 2.0)]
    before = [row("premium", "a", s, 1.0) for s in "xy"]
    text = f"{PREMIUM}slice='*'\nworst_slice=true\nmax_regression=0\nwithin='ci'\n"

    def test(here: Mapping[str, Any], there: Mapping[str, Any], baseline: Baseline) -> tuple[float, float, float]:
        return (0.0, 0.0, 0.9 if here["slice"] == "x" else 0.001)

    verdict = judged(tmp_path, text, after, before, test, tokenizers=["a"])
    assert outcomes(verdict) == [("premium of a on c/y", "failed")]


# -- rank


RANKED = {"a": 4.0, "b": 3.0, "c": 3.0, "d": 1.0}


@pytest.mark.parametrize(
    ("metric", "rank", "passing"),
    [
        ("bytes_per_token", 1, "a"),
        ("bytes_per_token", 2, "abc"),
        ("bytes_per_token", 3, "abc"),
        ("bytes_per_token", 4, "abcd"),
        ("bytes_per_token", 9, "abcd"),
        ("premium", 1, "d"),
        ("premium", 2, "bcd"),
        ("premium", 3, "bcd"),
        ("premium", 4, "abcd"),
    ],
)
def test_ranks_with_ties(tmp_path: Path, metric: str, rank: int, passing: str) -> None:
    rows = [row(metric, t, "all", v) for t, v in RANKED.items()] + [row(metric, "bytes", "all", 0.5)]
    rows += [row(metric, t, "other", 100.0) for t in RANKED]
    text = f'[[rule]]\nmetric = "{metric}"\nmax_rank = {rank}\n'
    verdict = judged(tmp_path, text, rows, tokenizers=[*RANKED, "bytes"])
    assert "".join(c.row["tokenizer"] for c in verdict.checks if c.row and not c.bad) == passing
    assert len(verdict.checks) == 4


def test_a_rank_says_the_value_to_reach(tmp_path: Path) -> None:
    rows = [row("bytes_per_token", t, "all", v) for t, v in RANKED.items()]
    text = f"{BPT}tokenizer='d'\nmax_rank = "
    check = only(judged(tmp_path, text + "2", rows, tokenizers=list(RANKED)))
    assert check.wanted == "at least 3"
    assert check.why == "below 3 by 2, the value to reach for rank 2"
    assert only(judged(tmp_path, text + "4", rows, tokenizers=list(RANKED))).wanted == "any value"


def test_extremes_are_ranked_though_each_is_of_another_slice(tmp_path: Path) -> None:
    rows = [row("premium", t, "all", value, reference=r) for t, value, r in (("a", 9.0, "x"), ("b", 4.0, "y"))]
    text = f"{PREMIUM}tokenizer='b'\nmax_rank = 1\n"
    assert not only(judged(tmp_path, text, rows)).bad
    assert only(judged(tmp_path, text.replace("'b'", "'a'"), rows)).bad


def test_pairs_are_ranked_with_the_same_other_slice(tmp_path: Path) -> None:
    values = {("a", "x"): 1.0, ("a", "y"): 3.0, ("b", "x"): 2.0, ("b", "y"): 2.5}
    rows = [row("distance", t, "s", value, reference=other) for (t, other), value in values.items()]
    verdict = judged(tmp_path, f"{DISTANCE}tokenizer='a'\nslice='s'\nmax_rank = 1\n", rows)
    assert [check.bad for check in verdict.checks] == [False, True]


def test_who_left_documents_out_is_not_ranked(tmp_path: Path) -> None:
    rows = [row("premium", "a", "all", 2.0), row("premium", "b", "all", 1.0, signature_parts={"skipped": "7.ab"})]
    check = only(judged(tmp_path, f"{PREMIUM}tokenizer='a'\nmax_rank = 2\n", rows))
    assert check.bad
    assert check.why == "and cannot be ranked: its signature and that of b differ in skipped"


def test_among_says_who_is_ranked(tmp_path: Path) -> None:
    rows = [row("bytes_per_token", t, "all", v) for t, v in RANKED.items()]
    text = f"{BPT}tokenizer='b'\nmax_rank = 1\namong = "
    assert judged(tmp_path, text + "['b', 'd']", rows, tokenizers=list(RANKED)).passed
    assert judged(tmp_path, text + "'d'", rows, tokenizers=list(RANKED)).passed
    assert not judged(tmp_path, text + "['a']", rows, tokenizers=list(RANKED)).passed
    check = only(judged(tmp_path, text + "['d', 'gone']", rows, tokenizers=list(RANKED)))
    assert check.bad
    assert check.why == "and cannot be ranked: gone has no such figure"


def test_one_tokenizer_alone_cannot_be_ranked(tmp_path: Path) -> None:
    check = only(judged(tmp_path, BPT + "max_rank = 1\n", [A], tokenizers=["a"]))
    assert check.why == "and cannot be ranked: no other tokenizer has a value"
    assert check.bad
    rows = [A, row("bytes_per_token", "b", "all", None, status="undefined", reason="x")]
    assert only(judged(tmp_path, BPT + "tokenizer='a'\nmax_rank = 1\n", rows)).bad


# -- figures that come in pairs of slices


def test_pairs_of_slices_are_compared_with_the_same_pair(tmp_path: Path) -> None:
    def pair(value: float, other: str) -> dict[str, Any]:
        return row("distance", "a", "x", value, reference=other)

    after, before = [pair(1.0, "y"), pair(2.0, "z")], [pair(2.0, "z"), pair(1.0, "y")]
    text = f"{DISTANCE}tokenizer='a'\nslice='x'\nmax_change=0\n"
    verdict = judged(tmp_path, text, after, before)
    assert verdict.passed
    assert [where for where, _ in outcomes(verdict)] == ["distance of a on c/x (y)", "distance of a on c/x (z)"]
    assert not judged(tmp_path, text, [*after, pair(3.0, "q")], before).passed


def test_a_pair_that_the_baseline_lacks_is_not_compared_with_another(tmp_path: Path) -> None:
    after, before = row("distance", "a", "x", 1.0, reference="y"), row("distance", "a", "x", 1.0, reference="z")
    check = only(judged(tmp_path, f"{DISTANCE}tokenizer='a'\nslice='x'\nmax_change=0\n", [after], [before]))
    assert check.bad
    assert check.why == "and cannot be compared: old has no such figure of a"


def test_a_single_figure_is_compared_whatever_slice_it_names(tmp_path: Path) -> None:
    after, before = row("premium", "a", "x", 2.0, reference="y"), row("premium", "a", "x", 2.0, reference="z")
    assert judged(tmp_path, f"{PREMIUM}tokenizer='a'\nslice='x'\nmax_change=0\n", [after], [before]).passed


# -- order


@given(st.permutations(range(6)))
def test_the_order_of_rows_does_not_change_the_verdict(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    rows = [row("premium", t, s, v) for t, s, v in zip("aabbab", "xyxyzz", [1.0, 2.0, 1.5, 3.0, 1.2, 2.2], strict=True)]
    text = f"{PREMIUM}slice='*'\nmax=2\nmax_rank=1\n"
    expected = sorted(outcomes(judged(folder, text, rows)))
    assert sorted(outcomes(judged(folder, text, [rows[i] for i in order]))) == expected


def test_failing_checks_come_first_within_a_rule(tmp_path: Path) -> None:
    rows = [row("premium", "a", "x", 1.0), row("premium", "a", "y", 3.0)]
    verdict = judged(tmp_path, f"{PREMIUM}slice='*'\nmax=2\n", rows, tokenizers=["a"])
    assert [check.bad for check in verdict.of(verdict.rules.rules[0])] == [True, False]
