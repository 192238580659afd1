"""From the result table to what people read. Sees `results` alone."""
