"""What follows what: bigrams and trigrams of tokens, in bounded memory."""
