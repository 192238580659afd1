"""How far two sequences are apart."""
