"""The text of a file of bytes: UTF-8, what XML declares, or what Russian offices send."""

from __future__ import annotations

import codecs
import re

from bridge.domain.questions.reading import Notes

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_RUSSIAN = re.compile("[А-Яа-яЁё]")
_CASED = re.compile("[а-яё]")
_USUAL = re.compile("[А-Яа-яЁё«»—–№…°±§©®“”„’\u00a0]")
_MOST_STRANGE = 0.1
"""Share of signs that Russian texts do not hold; a wrong code page gives many more."""


def decoded(content: bytes, notes: Notes) -> str | None:
    """The text; None where nobody can say what it is, which is noted as a fault."""
    for mark, name in ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if content.startswith(mark):
            return _declared(content, name, notes, noted=True)
    declared = _DECLARED.match(content)
    if declared and declared[1].lower() not in (b"utf-8", b"utf8"):
        # Moodle's importer reads it as it is declared.
        return _declared(content, declared[1].decode("ascii"), notes, noted=False)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
    try:
        text = content.decode("cp1251")
    except UnicodeDecodeError:
        text = ""
    if not _is_russian(text):
        notes.fault("кодировка файла не распознана: сохраните его в UTF-8", line)
        return None
    notes.mend("файл записан в кодировке windows-1251, перекодирован в UTF-8")
    return text


def _declared(content: bytes, name: str, notes: Notes, *, noted: bool) -> str | None:
    try:
        text = content.decode(name)
    except (LookupError, UnicodeDecodeError):
        notes.fault(f"файл не читается в кодировке {name}: сохраните его в UTF-8")
        return None
    if noted:
        notes.mend(f"файл записан в кодировке {name}, перекодирован в UTF-8")
    return text


def _is_russian(text: str) -> bool:
    """Whether a decoded text looks Russian; KOI8-R and cp866 come out with swapped case or odd signs."""
    beyond = [one for one in text if one > "\x7f"]
    letters = [one for one in beyond if _RUSSIAN.match(one)]
    strange = sum(1 for one in beyond if not _USUAL.match(one))
    small = sum(1 for one in letters if _CASED.match(one))
    return bool(letters) and strange <= len(beyond) * _MOST_STRANGE and 2 * small >= len(letters)
