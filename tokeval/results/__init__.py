"""The one table between computing and reading, and what is kept beside it."""
