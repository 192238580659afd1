"""Ids to states to values: one module per family, accumulators that merge, figures with a status."""
