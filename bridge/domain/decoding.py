"""The text of a file of bytes: UTF-8, UTF-16 with its mark, or what Russian offices send.

Windows programs save text in windows-1251 without saying so. KOI8-R and cp866 would come out of it as wrong
letters, so what does not look Russian is refused: nobody's name is guessed.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
RUSSIAN = "windows-1251"
_RUSSIAN = re.compile("[А-Яа-яЁё]")
_USUAL = re.compile("[А-Яа-яЁё«»—–№…°±§©®“”„’\u00a0]")
_OTHERS = ("koi8-r", "cp866")
_FREQUENT = frozenset("оеаинтсрвлкм")
_MOST_STRANGE = 0.1
"""Share of signs that Russian texts do not hold; a wrong code page gives many more."""


class NotText(ValueError):
    """Nobody can say what the bytes are.

    Attributes:
        line: the first that is not UTF-8, counted from 1; 0 where it is not known.
        encoding: as which they call themselves; "" where they do not.
    """

    def __init__(self, line: int, encoding: str = "") -> None:
        self.line = line
        self.encoding = encoding
        super().__init__(f"line {line} is no text in {encoding or 'UTF-8'}")


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text without its mark, and the encoding that it was in; "" for UTF-8."""

    text: str
    encoding: str = ""


def decode(content: bytes, declared: str = "") -> Decoded:
    """The text of a file.

    Parameters:
        declared: the encoding that the file itself names, "" where it names none; a mark goes before it.

    Raises:
        NotText: it is in none of the encodings.
    """
    for mark, name in _BOMS:
        if content.startswith(mark):
            return _as(content, name, "" if name == "utf-8-sig" else name)
    if declared:
        return _as(content, declared, declared)
    try:
        return Decoded(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
    try:
        text = content.decode("cp1251")
    except UnicodeDecodeError:
        text = ""
    if not _is_russian(text, content):
        raise NotText(line)
    return Decoded(text, RUSSIAN)


def _as(content: bytes, name: str, told: str) -> Decoded:
    try:
        return Decoded(content.decode(name), told)
    except (LookupError, UnicodeDecodeError):
        raise NotText(0, name.removesuffix("-sig")) from None


def _is_russian(text: str, content: bytes) -> bool:
    """Whether bytes that were read as windows-1251 look Russian.

    KOI8-R and cp866 come out with odd signs, or with letters that Russian seldom uses: read in their own page
    they have more of the frequent ones. Case says nothing: offices write surnames in capitals.
    """
    beyond = [one for one in text if one > "\x7f"]
    letters = sum(1 for one in beyond if _RUSSIAN.match(one))
    strange = sum(1 for one in beyond if not _USUAL.match(one))
    if not letters or strange > len(beyond) * _MOST_STRANGE:
        return False
    others = (content.decode(page, "replace") for page in _OTHERS)
    return all(_frequent(text) >= _frequent(other) for other in others)


def _frequent(text: str) -> float:
    """The share of Russian's frequent letters among what is not ASCII."""
    beyond = [one for one in text.casefold() if one > "\x7f"]
    return sum(1 for one in beyond if one in _FREQUENT) / len(beyond)
