"""Moodle XML: what its importer would store otherwise than it is meant. Nothing of a file is followed: no
entities, no external references.

Source: question/format/xml/format.php of Moodle 4.5.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from html.entities import name2codepoint
from urllib.parse import unquote

from lxml import etree

from bridge.domain.questions.reading import SCRIPT, Notes, grade, has_script, with_point

_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_OWN = {"amp", "lt", "gt", "quot", "apos"}
_ALIASES = {
    "multichoiceset": "multichoice",
    "cloze": "multianswer",
    "matching": "match",
    "numeric": "numerical",
}
_WITH_ANSWERS = {"shortanswer", "numerical", "calculated", "calculatedsimple"}
_SHOWN = re.compile(r"<(?:img|video|audio|iframe)\b", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_GAP = re.compile(r"(?<!\\)\{(\d*):([A-Z_]+):((?:\\.|[^{}\\])*)\}")
_PICTURE = re.compile(r"""@@PLUGINFILE@@/([^"'<>?#\s]+)""")
_FULL = 99.0, 101.0


def read(text: str, notes: Notes) -> tuple[int, str]:
    """How many questions there are, and the text as it is meant, in UTF-8."""
    pieces = _pieces(text.removeprefix("\ufeff"))
    meant = "".join(one if place % 2 else _numbered(one, notes) for place, one in enumerate(pieces))
    meant = _DECLARATION.sub('<?xml version="1.0" encoding="UTF-8"?>', meant)
    if any("<!DOCTYPE" in one for place, one in enumerate(pieces) if not place % 2):
        notes.fault("в файле есть DOCTYPE; уберите его: в вопросах Moodle его не бывает")
        return 0, meant
    first = len(meant) - len(meant.lstrip())
    above = meant.count("\n", 0, first)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        root = etree.fromstring(meant[first:].encode(), parser)
    except etree.XMLSyntaxError as error:
        line = (error.lineno or 0) + above
        notes.fault(f"файл не читается как XML: {error.msg}", line)
        return 0, meant
    if root.tag != "quiz":
        notes.fault(f"корневой элемент файла – <{root.tag}>, а нужен <quiz>", _line(root) + above)
        return 0, meant
    count = 0
    for node in root.iterchildren("question"):
        if node.get("type") != "category":
            count += 1
            _Judge(node, count, above, notes).judge()
    return count, meant


def _pieces(text: str) -> list[str]:
    """The text in pieces: markup, CDATA, markup, …"""
    pieces, done = [], 0
    while (start := text.find("<![CDATA[", done)) >= 0 and (end := text.find("]]>", start)) >= 0:
        pieces += [text[done:start], text[start : end + 3]]
        done = end + 3
    return [*pieces, text[done:]]


def _numbered(markup: str, notes: Notes) -> str:
    """Named entities of HTML as numbers: XML does not know the names."""

    def number(found: re.Match[str]) -> str:
        if found[1] in _OWN or found[1] not in name2codepoint:
            return found[0]
        notes.mend(f"&{found[1]}; записано числом: в XML такого имени нет")
        return f"&#{name2codepoint[found[1]]};"

    return _NAMED.sub(number, markup)


class _Judge:
    """One question."""

    def __init__(self, node: etree._Element, number: int, above: int, notes: Notes) -> None:
        self.node, self.number, self.above, self.notes = node, number, above, notes
        written = node.get("type") or ""
        self.type = _ALIASES.get(written, written)

    def fault(self, said: str, node: etree._Element | None = None) -> None:
        at = self.node if node is None else node
        self.notes.fault(said, _line(at) + self.above, self.number)

    def judge(self) -> None:
        """Note what is wrong with it."""
        for one in self.node.iter("text"):
            if len(one):
                self.fault("разметка внутри <text> должна стоять в <![CDATA[…]]>, иначе она потеряется", one)
                return
        said = self.node.findtext("questiontext/text") or ""
        if not re.sub(r"<[^<>]*>", "", said).strip() and not _SHOWN.search(said):
            self.fault("текст вопроса пуст")
        if has_script("".join(str(one) for one in self.node.itertext())):
            self.fault(SCRIPT)
        self._numbers()
        self._files()
        answers = list(self._answers())
        if self.type == "multichoice":
            self._choice(answers)
        elif self.type == "truefalse":
            self._true_or_false(answers)
        elif self.type in _WITH_ANSWERS:
            self._words(answers)
        elif self.type == "match":
            filled = [one for one in self.node.iterchildren("subquestion") if _text(one)]
            if len([one for one in filled if (one.findtext("answer/text") or "").strip()]) < 2:
                self.fault("на соответствие нужны хотя бы две пары")
        elif self.type == "multianswer":
            self._gaps(said)

    def _answers(self) -> Iterator[tuple[etree._Element, str, float]]:
        for one in self.node.iterchildren("answer"):
            written = (one.get("fraction") or "0").strip()
            known = grade(written)
            if known is None or known[1] != written:
                self.fault(f"доли {written} % в Moodle нет{_instead(written)}", one)
            text = _text(one)
            if text:
                yield one, text, known[0] if known else 0.0

    def _choice(self, answers: list[tuple[etree._Element, str, float]]) -> None:
        single = (self.node.findtext("single") or "true").strip().casefold() in ("true", "1")
        rights = [weight for _, _, weight in answers if weight > 0]
        if len(answers) < 2:
            self.fault("вариантов ответа меньше двух")
        elif not rights or (single and max(rights) < 100):
            self.fault("нет ответа, верного на 100 %")
        elif not single and not _FULL[0] <= sum(rights) <= _FULL[1]:
            self.fault(f"доли верных ответов дают {sum(rights):g} %, а не 100 %")

    def _true_or_false(self, answers: list[tuple[etree._Element, str, float]]) -> None:
        for node, text, _ in answers:
            if text.casefold() not in ("true", "false"):
                self.fault(f"ответ «{text[:40]}»: в вопросе «верно/неверно» бывают только true и false", node)
        if [weight for _, _, weight in answers].count(100.0) != 1:
            self.fault("верным на 100 % должен быть ровно один ответ")

    def _words(self, answers: list[tuple[etree._Element, str, float]]) -> None:
        if not answers or max(weight for _, _, weight in answers) < 100:
            self.fault("нет ответа, верного на 100 %")
        for node, text, weight in answers:
            if text == "*" and weight == 100:
                self.fault("ответ * верен на 100 %: верным будет любой ответ", node)
            elif self.type == "numerical" and text != "*" and not _NUMBER.fullmatch(text):
                self.fault(f"«{text[:40]}» не число{_instead(text)}", node)

    def _numbers(self) -> None:
        for name in ("tolerance", "defaultgrade", "penalty"):
            for one in self.node.iter(name):
                text = (one.text or "").strip()
                if text and not _NUMBER.fullmatch(text):
                    self.fault(f"<{name}>: «{text[:40]}» не число{_instead(text)}", one)
                elif name == "penalty" and text and not 0 <= float(text) <= 1:
                    self.fault(f"<penalty>: штраф {text} должен быть долей от 0 до 1", one)

    def _gaps(self, said: str) -> None:
        found = list(_GAP.finditer(said))
        if not found:
            self.fault("во встроенных ответах (Cloze) нет ни одного пропуска вида {1:SHORTANSWER:=ответ}")
        for gap in found:
            if gap[2] in ("NUMERICAL", "NM") and re.search(r"\d,\d", gap[3]):
                self.fault(f"{gap[0]}: дробь в пропуске пишут с точкой")
            elif "=" not in gap[3] and "%100%" not in gap[3]:
                self.fault(f"{gap[0]}: нет ответа, верного на 100 %")

    def _files(self) -> None:
        there = set()
        for one in self.node.iter("file"):
            name = one.get("name") or ""
            there.add(f"{(one.get('path') or '/').lstrip('/')}{name}")
            try:
                content = base64.b64decode("".join((one.text or "").split()), validate=True)
            except (binascii.Error, ValueError):
                content = b""
            if not content:
                self.fault(f"файл «{name}» приложен не в base64: откроется он повреждённым", one)
        for one in self.node.iter("text"):
            for name in dict.fromkeys(_PICTURE.findall(one.text or "")):
                if unquote(name) not in there:
                    self.fault(f"файл «{unquote(name)}» назван в тексте, но к вопросу не приложен", one)


def _line(node: etree._Element) -> int:
    return node.sourceline if isinstance(node.sourceline, int) else 0


def _text(node: etree._Element) -> str:
    return (node.findtext("text") or "").strip()


def _instead(written: str) -> str:
    mended = with_point(written)
    known = grade(mended or written)
    if mended is not None:
        return f": пишите с точкой, {mended}"
    return f": ближайшая {known[1]}" if known else ""
