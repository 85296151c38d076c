"""A reading of the bridge's own of files with questions, before Moodle sees them.

Moodle stores many a broken question without a word: any answer is right, none is, two questions are one. This
reading counts the questions, mends what has one meaning only, and names the rest by question and line, in
Russian, for the customer. Measured on Moodle 3.9.8, 4.5.6, 5.1.6 and 5.2.1 (`qformat_gift`, `qformat_aiken`,
`qformat_xml`); the kinds of trouble are those of 344 files from some sixty public repositories.
"""

from __future__ import annotations

import re

from bridge.domain.questions import aiken, gift, moodle_xml
from bridge.domain.questions.decoding import decoded
from bridge.domain.questions.reading import Notes, Reading, Remark, lines_for_people, lines_of

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")

FORMATS = ("gift", "xml", "aiken")

__all__ = ["FORMATS", "Reading", "Remark", "format_of", "lines_for_people", "read"]


def format_of(name: str, text: str) -> str:
    """The format that a file's ending tells, or its content; "" where neither does."""
    ending = name.rpartition(".")[2].casefold() if "." in name else ""
    if ending in FORMATS:
        return ending
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("<"):
        return "xml"
    if aiken.looks_like(start):
        return "aiken"
    return "gift" if gift.looks_like(start) else ""


def read(content: bytes | str, name: str = "", kind: str = "") -> Reading:
    """Read a file, or a text of an order.

    Parameters:
        name: of the file; its ending tells the format where `kind` does not.
        kind: `gift`, `xml` or `aiken`, "" to be found out.
    """
    notes = Notes()
    text = decoded(content, notes) if isinstance(content, bytes) else content
    if text is None:
        return notes.reading("", 0, kind)
    if control := _CONTROL.search(text):
        line = len(lines_of(text[: control.start()]))
        if "\0" in text:
            notes.fault("это не текст, а двоичные данные", line)
            return notes.reading("", 0, kind)
        notes.mend("управляющие символы заменены пробелами: Moodle их не хранит", line)
        text = _CONTROL.sub(" ", text)
    found = kind or format_of(name, text)
    if not found:
        notes.fault("не удалось понять, в каком формате вопросы; назовите его: gift, aiken или xml")
        return notes.reading("", 0, "")
    readers = {"gift": gift.read, "aiken": aiken.read, "xml": moodle_xml.read}
    count, meant = readers[found](text, notes)
    if not count and not notes.faults:
        notes.fault("вопросов не найдено")
    return notes.reading(meant if notes.mended else text, count, found)
