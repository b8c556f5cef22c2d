"""How much decoded text looks like a language: its letters, their case, their neighbours.

A detector sees bytes; this sees what a person would see. A word that a wrong code page makes has signs between its
letters, capitals inside of it, letters of two scripts, or letters that no one language has together.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache

from headway.intake.encoding_letters import FREQUENT, LANGUAGES

MOST_WORDS = 400
TIERS = (0.2, 0.06, 0.02, 0.004)
"""Shares of the letters that `LANGUAGES` lists in four groups, the frequent ones first."""

_STRANGE, _SIGN, _USUAL_SIGN = math.log(0.0004), math.log(0.004), math.log(0.04)
_SIGN_IN_WORD, _BROKEN = math.log(0.00002), math.log(0.000001)
_CAPITAL_IN_WORD, _SMALL_IN_CAPITALS, _MIXED, _THIRD_IN_A_ROW = 5.0, 2.0, 7.0, 4.0
_BEFORE_DIGITS = 4.0
"""A lone letter before a number is less likely than the sign of a currency."""

_FREQUENT_IDEOGRAPH, _RARE_IDEOGRAPH = math.log(0.0035), math.log(0.00000003)
_TYPOGRAPHY = set("€£¥§©®°±²³µ·¹º»«¼½¾×÷–—‘’‚“”„†•…‰‹›™ªʼ¿¡ \u00ad№ ")
_USUAL = set("€’“”„–…°£")
_AT_HOME_IN_WORDS = set("’ʼ·‘'-–\u00adªº°²³")
_SEPARATORS = re.compile(rb"[\t\n\r\x0b\x0c \",;:.()/!?<>=&%*+#$'\x00-\x1a\x1c-\x1f\x7f-]+")


@dataclass(frozen=True, slots=True)
class CodePage:
    """An encoding, the languages that it was made for, and how much rarer than Windows' own its files are (in nats)."""

    name: str
    languages: str
    rarity: float = 0.0


_WEST = "de fr es pt it nl sv da nb fi is ca ga en"
_MIDDLE = "pl cs sk hu ro hr sl de"
CODE_PAGES = (
    CodePage("cp1252", _WEST + " et"), CodePage("iso8859-15", _WEST + " et", 1.5), CodePage("mac-roman", _WEST, 3.0),
    CodePage("cp850", _WEST, 3.0), CodePage("cp437", "de fr es it sv", 4.0), CodePage("cp858", _WEST, 4.0),
    CodePage("cp1250", _MIDDLE, 1.0), CodePage("iso8859-2", _MIDDLE, 1.5), CodePage("cp852", _MIDDLE, 3.0),
    CodePage("mac-latin2", _MIDDLE, 5.0), CodePage("iso8859-16", "ro pl hu hr", 4.0),
    CodePage("cp1251", "ru uk bg sr", 0.0), CodePage("koi8-r", "ru bg", 1.0), CodePage("koi8-u", "uk ru", 1.5),
    CodePage("iso8859-5", "ru uk bg sr", 2.0), CodePage("cp866", "ru bg uk", 2.0), CodePage("cp855", "sr bg ru", 5.0),
    CodePage("mac-cyrillic", "ru uk bg sr", 3.0),
    CodePage("cp1253", "el"), CodePage("iso8859-7", "el", 0.5), CodePage("cp737", "el", 3.0), CodePage("mac-greek", "el", 4.0),
    CodePage("cp1254", "tr de fr", 1.0), CodePage("iso8859-9", "tr", 1.5), CodePage("cp857", "tr", 3.0),
    CodePage("mac-turkish", "tr", 5.0),
    CodePage("cp1255", "he"), CodePage("iso8859-8", "he", 1.0), CodePage("cp862", "he", 3.0),
    CodePage("cp1256", "ar fa"), CodePage("iso8859-6", "ar", 1.0), CodePage("cp864", "ar", 5.0),
    CodePage("cp1257", "lt lv et", 1.0), CodePage("iso8859-13", "lt lv et", 1.5), CodePage("iso8859-4", "lt lv et", 3.0),
    CodePage("cp775", "lt lv et", 5.0), CodePage("cp1258", "vi", 1.0), CodePage("cp874", "th"),
    CodePage("cp932", "ja"), CodePage("euc_jp", "ja", 0.5), CodePage("gb18030", "zh"), CodePage("big5hkscs", "zh_tw", 0.3),
    CodePage("cp949", "ko", 0.2), CodePage("johab", "ko", 6.0),
)  # fmt: skip
"""What is tried. Where two of them read a file the same, the first one is named."""


@dataclass(frozen=True, slots=True)
class Score:
    """`loss` is the mean of the evidence against a reading, in nats for each byte beyond ASCII; the least one wins."""

    name: str
    loss: float
    language: str


def rank(sample: bytes) -> list[Score]:
    """Return the encodings that can read most of the words of a sample, the most plausible one first."""
    words = _words(sample)
    scores = [score for page in CODE_PAGES if (score := _score(page, words)) is not None]
    return sorted(scores, key=lambda score: score.loss)


def _words(sample: bytes) -> list[tuple[bytes, int]]:
    """Return the distinct words with bytes beyond ASCII and how often they occur, the frequent ones first."""
    return Counter(word for word in _SEPARATORS.split(sample) if word and not word.isascii()).most_common(MOST_WORDS)


def _score(page: CodePage, words: list[tuple[bytes, int]]) -> Score | None:
    decoded, size, broken = [], 0, 0
    for word, times in words:
        try:
            decoded.append(unicodedata.normalize("NFC", word.decode(page.name)))
        except UnicodeDecodeError:
            broken += times
            continue
        size += sum(byte > 127 for byte in word)
    if not size or broken > 0.02 * sum(times for _, times in words):
        return None
    if page.languages in FREQUENT:
        told = sum(_ideographs(text, page) for text in decoded)
        return Score(page.name, (page.rarity - told) / size, page.languages)
    faults, letters = _look_at(decoded)
    best, language = max((_letters(letters, language), language) for language in page.languages.split())
    return Score(page.name, (page.rarity - best - faults) / size, language)


# ------------------------------------------------------------------------------------------------- alphabets


def _look_at(words: list[str]) -> tuple[float, Counter[str]]:
    """Return the evidence against the words that needs no language, and the letters beyond ASCII."""
    against, letters = 0.0, Counter[str]()
    for word in words:
        for place, character in enumerate(word):
            if character.isascii():
                continue
            kind = _kind(character)
            if kind == "letter":
                letters[character.lower().replace("\u0307", "") or character] += 1
                against -= _misfit(word, place)
            else:
                against += _sign(word, place, character, kind)
    return against, letters


@cache
def _kind(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] in "LM":
        return "letter"
    if category in {"Cc", "Cn", "Co"} or 0x2500 <= ord(character) < 0x25A0:
        return "broken"
    return "sign" if character in _TYPOGRAPHY else "rare sign"


def _misfit(word: str, place: int) -> float:
    character = word[place]
    before, after = word[place - 1 : place], word[place + 1 : place + 2]
    misfit = 0.0
    if not before and after.isdigit():
        misfit += _BEFORE_DIGITS
    if character.isupper() and before.islower():
        misfit += _CAPITAL_IN_WORD
    if (
        character.islower()
        and before.isupper()
        and (after.isupper() or (len(word) > 2 and word.upper()[:place] == word[:place] and place > 1))
    ):
        misfit += _SMALL_IN_CAPITALS
    if any(other.isalpha() and _script(other) != _script(character) for other in (before, after) if other):
        misfit += _MIXED
    if place > 1 and not before.isascii() and not word[place - 2].isascii() and _script(character) == "LATIN":
        misfit += _THIRD_IN_A_ROW
    return misfit


@cache
def _script(character: str) -> str:
    return unicodedata.name(character, "").split(" ")[0].replace("FEMININE", "LATIN").replace("MASCULINE", "LATIN")


def _sign(word: str, place: int, character: str, kind: str) -> float:
    if kind == "broken":
        return _BROKEN
    before, after = word[place - 1 : place], word[place + 1 : place + 2]
    usual = _USUAL_SIGN if character in _USUAL else _SIGN if kind == "sign" else _STRANGE
    if character in _AT_HOME_IN_WORDS:
        return usual
    if before.isalpha() or after.isalpha():
        opens_or_closes = character in "«»“”„‘’‹›©®™…¿¡" and not (before.isalpha() and after.isalpha())
        return usual if opens_or_closes else _SIGN_IN_WORD
    return usual


@cache
def _alphabet(language: str) -> dict[str, float]:
    tiers = LANGUAGES[language].split("|")
    return {letter: math.log(share) for tier, share in zip(tiers, TIERS, strict=True) for letter in tier}


def _letters(letters: Counter[str], language: str) -> float:
    alphabet = _alphabet(language)
    return sum(times * alphabet.get(letter, _STRANGE * 1.3) for letter, times in letters.items())


# -------------------------------------------------------------------------------------- two bytes for a character


def _ideographs(text: str, page: CodePage) -> float:
    told = 0.0
    for place, character in enumerate(text):
        if not character.isascii():
            told += _ideograph(character, page)
            if text[place - 1 : place].isascii() and text[place - 1 : place].isalpha():
                told -= 1.0
    return told


@cache
def _ideograph(character: str, page: CodePage) -> float:
    if character in "、。「」・ー々ヶ（）：，":
        return math.log(0.005)
    if 0x3040 <= ord(character) < 0x3100:
        return math.log(0.01) if page.languages == "ja" else _RARE_IDEOGRAPH
    if 0xFF61 <= ord(character) < 0xFFA0:
        return math.log(0.0005)
    if character in FREQUENT[page.languages]:
        return _FREQUENT_IDEOGRAPH
    rows, share = _COMMON[page.name]
    code = _encoded(character, page.name)
    return math.log(share) if len(code) == 2 and code[0] in rows else _RARE_IDEOGRAPH


_COMMON: dict[str, tuple[range, float]] = {
    "cp932": (range(0xB0, 0xD0), 0.0002),
    "euc_jp": (range(0xB0, 0xD0), 0.0002),
    "gb18030": (range(0xB0, 0xD8), 0.0002),
    "big5hkscs": (range(0xA4, 0xC7), 0.0002),
    "cp949": (range(0xB0, 0xC9), 0.0003),
    "johab": (range(0xB0, 0xC9), 0.0003),
}
"""The first bytes of the part of a code that holds the frequent characters, and how frequent each of them is."""


def _encoded(character: str, name: str) -> bytes:
    """Return a character in the code that orders the characters of an encoding by frequency."""
    by_rows = {"cp932": "euc_jp", "gb18030": "gb2312", "cp949": "euc_kr", "johab": "euc_kr"}.get(name, name)
    return character.encode(by_rows, "ignore")
