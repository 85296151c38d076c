"""A small reader of files with questions: it counts them, and refuses what the real plugin refuses, by its
codes. It is not the bridge's own reading, with which it would otherwise agree in whatever that one gets
wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from bridge.sandbox.moodle.mbz import parse_xml

TYPES = (
    "calculated", "description", "essay", "match", "multianswer", "multichoice", "numerical", "shortanswer",
    "truefalse",
)  # fmt: skip
ALIASES = {"cloze": "multianswer", "matching": "match", "multichoiceset": "multichoice"}
_COMMA = re.compile(r"\d,\d")
_TRUTH = re.compile(r"\{\s*(верно|неверно|да|нет|истина|ложь|true|false)\s*\}", re.IGNORECASE)
_CORE = ("TRUE", "FALSE")


@dataclass(slots=True)
class Found:
    """What a reading came to.

    Attributes:
        texts: of the questions.
        faults: codes of the plugin, each with its facts.
    """

    texts: list[str] = field(default_factory=list)
    faults: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def fault(self, code: str, **facts: Any) -> None:
        """Something is wrong."""
        self.faults.append((code, facts))


def read(kind: str, content: bytes) -> Found:
    """Read a file of the format `kind`: gift, aiken, xml."""
    found = Found()
    if kind == "xml":
        _xml(content, found)
    else:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            found.fault("questionencoding")
            return found
        lines = [line.strip() for line in re.split(r"\r\n|\r|\n", text)]
        (_gift if kind == "gift" else _aiken)(lines, found)
    if not found.texts and not found.faults:
        found.fault("noquestions")
    return found


def _gift(lines: list[str], found: Found) -> None:
    block: list[tuple[int, str]] = []
    for number, line in enumerate([*lines, ""], 1):
        if line and not line.startswith("//"):
            block.append((number, line))
        elif not line:
            _gift_block(block, found)
            block = []


def _gift_block(block: list[tuple[int, str]], found: Found) -> None:
    if not block:
        return
    first, start = block[0]
    if start.startswith("$CATEGORY:"):
        if len(block) > 1:
            found.fault("questioncategory", line=first)
        return
    found.texts.append(start)
    number = len(found.texts)
    for line, text in block[1:]:
        if text.startswith("::"):
            found.fault("questionjoined", line=line)
    if len([text for _, text in block if text.startswith("::")]) > 1:
        return
    whole = re.sub(r"\\.", "", "\n".join(text for _, text in block))
    facts = {"number": number, "name": start}
    parts = re.split(r"[{}]", whole)
    if len(parts) == 1:
        if len([text for _, text in block[1:] if re.match(r"\+-?|-|[A-ZА-Я][.)]", text)]) > 1:
            found.fault("questionbraces", **facts)
        return
    if parts[1] is None or whole.count("{") != 1 or whole.count("}") != 1:
        found.fault("questionbraces", **facts)
        return
    answers = parts[1].strip()
    truth = _TRUTH.search(whole)
    if truth and truth[1] not in _CORE:
        found.fault("questiontruefalse", number=number, value=truth[1])
    elif answers.startswith("#"):
        comma = _COMMA.search(answers)
        if comma:
            found.fault("questioncomma", number=number, value=comma[0])
        elif not re.search(r"\d", answers):
            found.fault("questionanyright", **facts)
    elif "~" in answers and "=" not in answers and "%" not in answers:
        found.fault("questionnoright", **facts)


def _aiken(lines: list[str], found: Found) -> None:
    text, options, strange = "", "", False
    for number, line in enumerate(lines, 1):
        option, cyrillic = re.match(r"([A-Z])[).]", line), re.match(r"([А-ЯЁ])[).]\s", line)
        answer = re.match(r"(?:ANSWER|ОТВЕТ)\s*:\s*(.*)", line, re.IGNORECASE)
        if cyrillic:
            found.fault("questionletter", line=number, value=cyrillic[1])
            strange = True
        elif option:
            options += option[1]
        elif answer:
            found.texts.append(text)
            named = line.startswith("ANSWER:") and len(answer[1]) == 1 and answer[1] in options
            if not named and not strange:
                found.fault("questionanswer", number=len(found.texts), line=number, value=answer[1])
            text, options, strange = "", "", False
        elif line:
            text = line
    if text or options:
        found.fault("questionsunreadable", message="a question without an answer")


def _xml(content: bytes, found: Found) -> None:
    try:
        root = parse_xml(content.strip())
    except (etree.XMLSyntaxError, ValueError) as error:
        found.fault("questionsunreadable", message=str(error))
        return
    if root.tag != "quiz":
        found.fault("questionsunreadable", message=f"<{root.tag}>, <quiz>")
        return
    for node in root.iterchildren("question"):
        if node.get("type") != "category":
            found.texts.append(node.findtext("questiontext/text") or "")
            found.faults += _xml_question(node, len(found.texts))


def _xml_question(node: etree._Element, number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    written = node.get("type") or ""
    kind = ALIASES.get(written, written)
    facts = {"number": number, "name": node.findtext("name/text") or ""}
    if kind not in TYPES:
        yield "questiontype", {"number": number, "type": kind}
        return
    if any(len(text) for text in node.iter("text")):
        yield "questionmarkup", {"number": number}
    if not (node.findtext("questiontext/text") or "").strip():
        yield "questionempty", facts
    if kind == "numerical":
        for one in node.iter("answer", "tolerance"):
            comma = _COMMA.search("".join(str(text) for text in one.itertext()))
            if comma:
                yield "questioncomma", {"number": number, "value": comma[0]}
    if kind in ("multichoice", "shortanswer", "numerical") and not any(
        float(one.get("fraction") or 0) > 0 for one in node.iterchildren("answer")
    ):
        yield "questionnoright", facts


def message_of(code: str, facts: dict[str, Any]) -> str:
    """A fault for people."""
    places = ", ".join(f"{name} {value}" for name, value in facts.items())
    return f"The questions cannot be imported: {code}{f' ({places})' if places else ''}"
