"""The text of a file with questions: as bridge.domain.decoding tells it, or in what XML declares."""

from __future__ import annotations

import re

from bridge.domain.decoding import NotText, decode
from bridge.domain.questions.reading import Notes

_DECLARED = re.compile(rb"""^\s*<\?xml[^>]*encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")


def decoded(content: bytes, notes: Notes) -> str | None:
    """The text; None where nobody can say what it is, which is noted as a fault."""
    found = _DECLARED.match(content)
    declared = found[1].decode("ascii") if found and found[1].lower() not in (b"utf-8", b"utf8") else ""
    try:
        text = decode(content, declared)
    except NotText as error:
        if error.encoding:
            notes.fault(f"файл не читается в кодировке {error.encoding}: сохраните его в UTF-8")
        else:
            notes.fault("кодировка файла не распознана: сохраните его в UTF-8", error.line)
        return None
    if text.encoding and not declared:  # Moodle's importer reads XML as it is declared.
        notes.mend(f"файл записан в кодировке {text.encoding}, перекодирован в UTF-8")
    return text.text
