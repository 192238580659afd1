"""The loops of the bootstrap."""
