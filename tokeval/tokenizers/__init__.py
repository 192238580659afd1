"""Text to ids: the contract, spec strings, and one `_library.py` per adapter."""
