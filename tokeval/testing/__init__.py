"""Conformance suites, shipped: run them on an adapter of your own. See `tokeval.testing.conformance`."""

from tokeval.testing.conformance import CHECKS, check_tokenizer, run_check

__all__ = ["CHECKS", "check_tokenizer", "run_check"]
