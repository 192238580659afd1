"""Run the probes on one tokenizer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tokeval.engine.check.behaviour import PROBES as BEHAVIOUR
from tokeval.engine.check.inventory import PROBES as INVENTORY
from tokeval.engine.check.outcome import Finding, Found, Judgement, Outcome, Probe
from tokeval.engine.check.subject import Subject
from tokeval.errors import first_line

#: Every probe, in the order in which it is run.
PROBES: tuple[Probe, ...] = (*BEHAVIOUR, *INVENTORY)


def check(
    tokenizer: str,
    *,
    against: str | None = None,
    severities: Mapping[str, str] | None = None,
    thresholds: Mapping[str, float] | None = None,
    progress: Callable[[str], None] | None = None,
    trust_remote_code: bool = False,
) -> list[Finding]:
    """The health check of one tokenizer.

    Args:
        tokenizer: a spec string.
        against: the spec of a second file that claims to be the same tokenizer.
        severities: `fail`, `remark` or `ignore` by probe name or glob.
        thresholds: by probe name or glob, the share of problems up to which a failure is a remark.
        progress: told each probe's name before it runs.
        trust_remote_code: whether `transformers:` may run code from a tokenizer's folder or repository.

    Returns:
        One finding per probe, in order; those whose severity is `ignore` are not run and not returned.

    Raises:
        UsageError: an option names no probe, or holds no such severity or share.
        TokenizerError: a tokenizer cannot be loaded.
        NotSupportedError: it holds the tokens of given documents, and can be tried on none.
        MissingExtraError: its library is not installed; the hint says how to get it.
    """
    judgement = Judgement(severities or {}, thresholds or {})
    judgement.check([probe.name for probe in PROBES])
    subject = Subject.load(tokenizer, against, trust_remote_code=trust_remote_code)
    findings = []
    for probe in PROBES:
        if judgement.severity(probe) == "ignore":
            continue
        if progress is not None:
            progress(probe.name)
        findings.append(judgement.of(probe, _answer(probe, subject)))
    return findings


def failed(findings: list[Finding], *, remarks_fail: bool = False) -> bool:
    """Whether a release should stop."""
    bad = {Outcome.FAIL, Outcome.REMARK} if remarks_fail else {Outcome.FAIL}
    return any(finding.outcome in bad for finding in findings)


def _answer(probe: Probe, subject: Subject) -> Found:
    try:
        return probe.run(subject)
    except Exception as error:  # a tokenizer that raises on a text is what the check is there to find
        line = first_line(error)
        return Found(1, 1, f"raises {type(error).__name__}: {line}")
