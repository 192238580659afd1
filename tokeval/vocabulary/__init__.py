"""The vocabulary itself, without any text: from a table of tokens to what they are."""
