"""Rules files: what they may say, and what every slip is answered with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gate.made import rules
from tokeval.errors import ConfigError, GateError
from tokeval.gate.rules import Amount, check_names

RULE = '[[rule]]\nmetric = "premium"\n'
DIRECTIONS = {"premium": "lower", "bytes_per_token": "higher", "tokens": "neither"}


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (RULE + "mxa = 1\n", "rules.toml:3:1: unknown key 'rule.0.mxa'", "did you mean 'max'?"),
        ("rull = 3\n", "rules.toml:1:1: unknown key 'rull'", "did you mean 'rule'?"),
        (RULE + "  max = 'two'\n", "rules.toml:3:3: rule.0.max: Input should be a valid number", None),
        ("[[rule]]\nmax = 1\n", "rules.toml:1:1: rule.0.metric: Field required", None),
        (RULE, "rules.toml:1:1: rule.0: a rule needs a limit", None),
        (RULE + "max == 1\n", "rules.toml:3:6: this is not TOML", None),
        (RULE + "max = 1\nmax = 2\n", "this is not TOML: Cannot overwrite a value", None),
        (RULE + "min = 2\nmax = 1\n", "rule.0: min 2 is above max 1: no figure can pass", None),
        (RULE + "max = nan\n", "rules.toml:3:1: rule.0.max: Input should be a finite number", None),
        (RULE + "min = -inf\n", "rules.toml:3:1: rule.0.min: Input should be a finite number", None),
        (RULE + "max_regression = '2'\n", "rules.toml:3:1: rule.0.max_regression: '2' is no amount", None),
        (RULE + "max_regression = 'x%'\n", "'x%' is no amount", None),
        (RULE + "max_regression = true\n", "rule.0.max_regression", None),
        (RULE + "max_change = -1\n", "-1 is no amount: it must be 0 or more", None),
        (RULE + "max_change = 'inf%'\n", "inf% is no amount: it must be 0 or more, and finite", None),
        (RULE + "min_delta = 2\nmax_change = 1\n", "min_delta 2 is above max_change 1", None),
        (RULE + "max = 1\nwithin = 'ci'\n", "within needs max_regression or max_change", None),
        (RULE + "min_delta=1\nmax_regression=0\nwithin = 'ci'\n", "within cannot go with min_delta", None),
        (RULE + "max = 1\nagainst = 'a'\n", "against needs max_regression, min_delta or max_change", None),
        (RULE + "max = 1\nworst_slice = true\n", "worst_slice needs slices", None),
        (RULE + "max = 1\namong = ['a']\n", "among needs max_rank", None),
        (RULE + "max_rank = 0\n", "rules.toml:3:1: rule.0.max_rank: Input should be greater than or equal to 1", None),
        (RULE + "max = 1\nslice = []\n", "rules.toml:4:1: rule.0.slice: it names nothing", None),
        (RULE + "max = 1\nslice = ['a', '']\n", "rule.0.slice: it names nothing", None),
        (RULE + "max = 1\nslice = ''\n", "rule.0.slice: it names nothing", None),
        (RULE + "max = 1\nallow = ['ok']\n", "rules.toml:4:1: rule.0.allow", None),
        (RULE + "max = 1\nseverity = 'fatal'\n", "rules.toml:4:1: rule.0.severity", None),
        ("", "holds no rule", "add a [[rule]] table"),
        ("# only a comment\n", "holds no rule", "add a [[rule]] table"),
        ("rule = []\n", "holds no rule", "add a [[rule]] table"),
        ("rule = 3\n", "rules.toml:1:1: rule: Input should be a valid list", None),
    ],
)
def test_a_slip_is_named_with_its_place(tmp_path: Path, text: str, message: str, hint: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        rules(tmp_path, text)
    assert message in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint == hint


def test_a_missing_rules_file_is_named(tmp_path: Path) -> None:
    from tokeval.gate.rules import read_rules

    with pytest.raises(ConfigError, match="there is no file"):
        read_rules(tmp_path / "none.toml")


@pytest.mark.parametrize(
    "second", ["max = 1.5", "tokenizer = '*'\nmax = 1.5", "tokenizer = ['*']\nmax = 1.5", "max = 1.9999"]
)
def test_two_rules_that_contradict_each_other_are_refused(tmp_path: Path, second: str) -> None:
    with pytest.raises(GateError) as caught:
        rules(tmp_path, f"{RULE}min = 2\n\n{RULE}{second}\n")
    assert "rules.toml:3:1 and" in caught.value.message
    assert "contradict each other: premium cannot be at least 2 and at most" in caught.value.message


@pytest.mark.parametrize(
    "second", ["max = 2", "max = 3", "min = 3", "slice = 'x'\nmax = 1", "tokenizer = 'b'\nmax = 1"]
)
def test_rules_that_leave_room_are_not_contradictions(tmp_path: Path, second: str) -> None:
    assert len(rules(tmp_path, f"{RULE}min = 2\n\n{RULE}{second}\n").rules) == 2


@pytest.mark.parametrize(
    "limits", ["min = 2\nmax = 2", "min_delta = 1\nmax_change = 1", "min_delta = 2\nmax_change='1%'"]
)
def test_limits_that_meet_are_fine(tmp_path: Path, limits: str) -> None:
    assert rules(tmp_path, RULE + limits)


def test_an_unknown_metric_suggests_a_near_one(tmp_path: Path) -> None:
    read = rules(tmp_path, '[[rule]]\nmin = 1\n metric = "premum"\n')
    with pytest.raises(GateError) as caught:
        check_names(read, DIRECTIONS)
    assert "rules.toml:3:2: there is no metric 'premum'" in caught.value.message
    assert caught.value.hint == "did you mean 'premium'?"


@pytest.mark.parametrize("limit", ["max_regression = 0", "min_delta = 0", "max_rank = 1"])
def test_better_and_worse_need_a_direction(tmp_path: Path, limit: str) -> None:
    read = rules(tmp_path, f'[[rule]]\nmetric = "tokens"\nagainst = "a"\nmax_change = 1\n{limit}\n')
    with pytest.raises(GateError, match="tokens has no better direction"):
        check_names(read, DIRECTIONS)
    check_names(rules(tmp_path, f'[[rule]]\nmetric = "premium"\nagainst = "a"\nmax_change = 1\n{limit}\n'), DIRECTIONS)
    check_names(rules(tmp_path, f'[[rule]]\nmetric = "bytes_per_token"\nmax_change = 1\n{limit}\n'), DIRECTIONS)


def test_known_metrics_are_fine_with_parameters_too(tmp_path: Path) -> None:
    check_names(rules(tmp_path, '[[rule]]\nmetric = "premium:alpha=3"\nmax_rank = 1\n'), DIRECTIONS)
    check_names(rules(tmp_path, '[[rule]]\nmetric = "tokens"\nmax_change = 1\n'), DIRECTIONS)


def test_a_rule_says_its_demands_and_its_name(tmp_path: Path) -> None:
    text = 'min=1\nmax=2\nmax_regression="1.5%"\nmin_delta=0.5\nmax_change=3\nmax_rank=2\n'
    (rule,) = rules(tmp_path, RULE + text).rules
    assert rule.limits == (
        "at least 1 and at most 2 and at most 1.5% worse and at least 0.5 better and at most 3 away "
        "and among the best 2"
    )
    assert rule.title == f"premium {rule.limits}"
    (named,) = rules(tmp_path, RULE + "max = 1\nname = 'fair'\n").rules
    assert named.title == "fair"


def test_an_amount_is_absolute_or_percent_of_the_base() -> None:
    assert Amount(2.0).of(50.0) == 2.0
    assert Amount(2.0, percent=True).of(50.0) == 1.0
    assert Amount(2.0, percent=True).of(-50.0) == 1.0
