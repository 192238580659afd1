"""Kernels of derived tokenizers."""
