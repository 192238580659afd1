"""Numbers and operators in running text, by spans: every script's decimal digits."""
