"""Robustness: what small changes of the text, and cuts through it, do to its tokens."""
