"""From the result table to a verdict. Sees `results` alone."""
