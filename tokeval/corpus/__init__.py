"""Text in: where a corpus lies, what its rows are, and its documents as batches of bounded size."""
