"""The word lists of the wordfreq library, for some 40 languages. It answers only whether a string is a word."""

from __future__ import annotations

from importlib.metadata import version

from tokeval.errors import LexiconError, suggest
from tokeval.metrics.linguistic.casing import fold
from tokeval.metrics.linguistic.files import Intake
from tokeval.metrics.linguistic.lexicon import WORD, Lexicon, Sets
from tokeval.signature import digest

#: Zipf frequency 3: once in a million words. The lists' tails are full of foreign words and typing errors.
LEAST = 3.0


def load(location: str, language: str) -> Lexicon:
    """The words of a language code (`tr`) that occur at least once in a million words."""
    import wordfreq

    known = wordfreq.available_languages()
    if location not in known:
        raise LexiconError(f"wordfreq has no list for {location!r}", hint=suggest(location, known))
    least = 10.0 ** (LEAST - 9)
    frequencies = wordfreq.get_frequency_dict(location)
    words = {fold(word, location) for word, share in frequencies.items() if share >= least}
    fingerprint = digest("wordfreq", version("wordfreq"), location, str(LEAST))
    return Sets(language, {WORD: words}, fingerprint, Intake(len(words)))
