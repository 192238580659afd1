"""Whether tokens mean anything: lexicons and gold segmentations, and how tokens agree with them."""
