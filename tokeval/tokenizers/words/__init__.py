"""Memoised words: exact ids for tokenizers that never look across certain separators; each distinct chunk once."""
