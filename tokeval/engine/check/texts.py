"""The texts that the health check tries, by kind: short, hard, and of no licence but this project's."""

from __future__ import annotations

import unicodedata

_PLAIN = ("Hello, world!", "The quick brown fox jumps over the lazy dog.", "a", "A b", "don't stop")
_ACCENTED = ("Café déjà vu naïve façade", "Zürich Ångström coöperate", "Tiếng Việt có dấu", "čeština łódź ğüşıöç")

#: Texts by kind, in the order in which they are tried.
KINDS: dict[str, tuple[str, ...]] = {
    "plain": _PLAIN,
    "whitespace": (" ", "  ", "   a", "a  b", "a   ", " a ", "a\u00a0b", "a\u2003b", "a\u3000b", "\u2028", " \u200b "),
    "newlines": ("\n", "\n\n", "a\nb", "a\n\nb", "a\n", "\na", "a \n b", "\n\n\n\n"),
    "crlf": ("\r\n", "a\r\nb", "a\r\n\r\nb", "\r", "a\rb", "\n\r"),
    "tabs": ("\t", "\t\t", "a\tb", "\ta", "a\t", "\t a \t", "1\t2\t3\n4\t5\t6"),
    "indentation": (
        "def f(x):\n    if x:\n        return 1\n    return 2\n",
        "if (a) {\n\tb();\n\t\tc();\n}\n",
        "  - one\n    - two\n      - three\n",
        " " * 17 + "x",
    ),
    "numbers": ("0", "1234567890", "3.14159", "1,000,000", "-7", "1e-9", "٣٤٥", "१२३", "½ ² ①"),
    "punctuation": ("...", "?!", "«a»", "“b”", "—", "(a)[b]{c}", "a/b\\c", "#$%&@^_`~|", "a , b . c", " ,", "` `"),
    "emoji": ("🙂", "👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇨🇭", "a🙂b", "1️⃣", "🙂🙂🙂", "🧑🏿‍🚀 🫠"),
    "combining_marks": ("e\u0301", "a\u0323\u0302", "n\u0303o", "Z\u0351\u036b\u0343a\u0363lgo", "क्षि", "நி", "กำ"),
    "nfc": (*(unicodedata.normalize("NFC", text) for text in _ACCENTED), "가각힣"),
    "nfd": tuple(unicodedata.normalize("NFD", text) for text in (*_ACCENTED, "가각")),
    "compatibility": ("ﬁne", "ａｂｃ１２３", "㍿", "x²", "Ⅳ", "ｶﾞ", "…", "™"),
    "case": ("ABC", "aBc", "İstanbul ı", "Straße ẞ", "ΣΑΣ ς", "ǅ"),
    "right_to_left": ("שלום עולם", "مرحبا بالعالم", "a שלום b", "\u200fא\u200e", "سَلَامٌ", "من\u200cمی"),
    "cjk": ("你好，世界。", "こんにちは世界", "안녕하세요 세계", "繁體字", "𠮷野家", "ㄅㄆㄇ", "漢字kana漢字"),
    "rare_scripts": ("ᏣᎳᎩ", "ᚠᚢᚦ", "𐌰𐌱𐌲", "ܫܠܡ", "ꦱꦸ", "ᠮᠣᠩ", "ⵜⵉⴼ", "𞤀𞤁", "བོད་", "ကမ္ဘာ", "ខ្មែរ", "አማርኛ"),
    "control": ("\x00", "a\x00b", "\x01\x02", "\x1b[0m", "\x7f", "\u0085", "\ufeffa", "\ufffd", "\ue000", "a\u202eb"),
    "noncharacters": ("\uffff", "\ufdd0", "\U0001fffe", "\U0010ffff"),
    "long_words": (
        "a" * 2000,
        "ab" * 700,
        "Donaudampfschifffahrt" * 20,
        "好" * 600,
        "9" * 1500,
        "-" * 1200,
    ),
}


#: One character for each byte that UTF-8 uses: leads C2 to F4, continuations 80 to BF, ASCII.
def every_byte() -> dict[int, str]:
    """A character of valid UTF-8 that holds each of the 243 bytes that UTF-8 uses."""
    found = {value: chr(value) for value in range(0x80)}
    found |= {0x80 + low: chr(0x80 + low) for low in range(0x40)}
    for lead in range(0xC2, 0xF5):
        width = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
        second = {0xE0: 0xB8, 0xED: 0x95, 0xF0: 0x9F, 0xF4: 0x8F}.get(lead, 0x9A)
        found[lead] = bytes([lead, second, *[0x9A] * (width - 2)]).decode()
    return found
