"""GIFT: blocks of lines, parted by blank ones; in each a name, a text and answers in braces.

The reading goes where Moodle's goes: the first `{` and the first `}` hold the answers, `#` at their start
makes them numbers, a `~` a choice, `->` pairs. Source: question/format/gift/format.php of Moodle 4.5.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from bridge.domain.questions.reading import SCRIPT, Notes, grade, has_script, lines_of, thousands, with_point

CATEGORY = "$CATEGORY:"
_ESCAPED = re.compile(r"\\.")
_NAME = re.compile(r"\s*::(.*?)::", re.DOTALL)
_OPTION = re.compile(r"(?:[+-]{1,2}|[*]|[A-ZА-ЯЁ][.)])\s*\S")
_RIGHT = {"верно", "да", "истина", "правда", "true", "t"}
_WRONG = {"неверно", "нет", "ложь", "false", "f"}
_CORE_WORDS = {"T", "F", "TRUE", "FALSE"}
_PERCENT = re.compile(r"\s*%(-?\d+(?:[.,]\d+)?)%", re.ASCII)
_SAID = r"[-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d+)?"
_VALUE = re.compile(rf"({_SAID})(?:\s*:\s*({_SAID})|\s*\.\.\s*({_SAID}))?", re.ASCII)
_TAG = re.compile(r"<[A-Za-z][^<>{}]*>")
_ATTRIBUTE = re.compile(r"""\s[\w-]+=["']""")
_SOURCE = re.compile(r"""\bsrc\s*\\?=\s*\\?["']?([^"'\s>]+)""", re.IGNORECASE)
_ELSEWHERE = re.compile(r"(?:https?\\?:)?//|data\\?:", re.IGNORECASE)
_FULL = 99.0, 101.0


@dataclass(slots=True)
class _Block:
    """Lines of one question.

    Attributes:
        lines: number, text, and whether it is a comment.
        first: the first line that is none.
        braces: whether answers have begun.
        is_open: whether they have begun and not ended.
    """

    lines: list[tuple[int, str, bool]] = field(default_factory=list)
    first: tuple[int, str] | None = None
    braces: bool = False
    is_open: bool = False

    def add(self, number: int, line: str, *, comment: bool) -> None:
        self.lines.append((number, line, comment))
        if comment:
            return
        self.first = self.first or (number, line.strip())
        masked = _masked(line)
        if not self.braces:
            start = masked.find("{")
            self.braces = self.is_open = start >= 0
            masked = masked[start:]
        self.is_open = self.is_open and "}" not in masked

    @property
    def real(self) -> list[tuple[int, str]]:
        return [(number, text) for number, text, comment in self.lines if not comment]


class _Question:
    """A question in work: its text, the text with escapes hidden (of the same length), and what to change."""

    def __init__(self, number: int, lines: list[tuple[int, str]], notes: Notes) -> None:
        self.number, self.notes = number, notes
        self.body = "\n".join(line for _, line in lines)
        self.masked = "\n".join(_masked(line) for _, line in lines)
        self._lines = [line for line, _ in lines]
        self._ends = [found.start() for found in re.finditer("\n", self.masked)]
        self._edits: list[tuple[int, int, str]] = []

    def line(self, offset: int) -> int:
        return self._lines[bisect_left(self._ends, offset)]

    def fault(self, said: str, offset: int = 0) -> None:
        self.notes.fault(said, self.line(offset), self.number)

    def warn(self, said: str, offset: int = 0) -> None:
        self.notes.warn(said, self.line(offset), self.number)

    def edit(self, start: int, end: int, new: str, said: str) -> None:
        self._edits.append((start, end, new))
        self.notes.mend(said, self.line(start), self.number)

    def text(self) -> str:
        pieces, done = [], 0
        for start, end, new in sorted(self._edits):
            pieces += [self.body[done:start], new]
            done = end
        return "".join([*pieces, self.body[done:]])


def looks_like(text: str) -> bool:
    """Whether a text has GIFT's braces or names."""
    masked = _masked(text)
    return text.startswith((CATEGORY, "::", "//")) or re.search(r"\{[^{}]*\}", masked) is not None


def read(text: str, notes: Notes) -> tuple[int, str]:
    """How many questions there are, and the text as it is meant."""
    blocks = list(_blocks(lines_of(text), notes))
    count, meant = 0, []
    for place, block in enumerate(blocks):
        kept = [line for _, line, _ in block.lines]
        if block.first is not None and not block.first[1].startswith(CATEGORY):
            count += 1
            question = _Question(count, block.real, notes)
            _judge(question, blocks[place + 1] if place + 1 < len(blocks) else None)
            changed = iter(question.text().split("\n"))
            kept = [line if comment else next(changed) for _, line, comment in block.lines]
        meant.append("\n".join(kept))
    return count, "\n\n".join(meant) + "\n"


def _masked(line: str) -> str:
    return _ESCAPED.sub("\0\0", line)


def _blocks(lines: list[str], notes: Notes) -> Iterator[_Block]:
    block, closing = _Block(), _closing(lines)
    for number, line in enumerate(lines, 1):
        stripped = line.strip()
        if not stripped:
            if block.is_open and closing[number]:
                notes.mend("пустая строка внутри ответов убрана: она разорвала бы вопрос", number)
                continue
            if block.lines:
                yield block
            block = _Block()
            continue
        comment = stripped.startswith("//")
        if block.first is not None and comment and not block.braces:
            notes.warn("строка начинается с // и в вопрос не попадёт: в GIFT это примечание", number)
        elif block.first is not None and not comment and _begins(stripped, block):
            notes.mend("перед этой строкой вставлена пустая: без неё Moodle слила бы её с предыдущей", number)
            yield block
            block = _Block()
        block.add(number, line, comment=comment)
    if block.lines:
        yield block


def _begins(line: str, block: _Block) -> bool:
    """Whether a line within a block begins something else: a category, what follows one, or a question with
    a name, where the first one has its own name or its answers already.
    """
    first = "" if block.first is None else block.first[1]
    if first.startswith(CATEGORY) or line.startswith(CATEGORY):
        return True
    if not line.startswith("::") or not _NAME.match(_masked(line)):
        return False
    return block.braces or _NAME.match(_masked(first)) is not None


def _closing(lines: list[str]) -> list[bool]:
    """For each line, whether the next brace from it on ends answers, and no other question begins before."""
    found, closes = [False], False
    for line in reversed(lines):
        stripped = line.strip()
        if stripped.startswith(("::", CATEGORY)):
            closes = False
        elif not stripped.startswith("//"):
            brace = re.search(r"[{}]", _masked(stripped))
            closes = closes if brace is None else brace[0] == "}"
        found.append(closes)
    return found[::-1]


def _judge(question: _Question, following: _Block | None) -> None:
    name = _NAME.match(question.masked)
    if question.masked.lstrip().startswith("::") and name is None:
        question.fault("название вопроса не закрыто: после него нужны ещё два двоеточия")
        return
    begin = name.end() if name else 0
    _judge_files(question)
    if has_script(re.sub(r"\\(.)", r"\1", question.body)):
        question.fault(SCRIPT)
        return
    start, end = question.masked.find("{", begin), question.masked.find("}", begin)
    if start < 0 and end < 0:
        _judge_plain(question, following, named=name is not None)
        return
    if end < 0:
        question.fault("фигурная скобка { не закрыта", start)
    elif end < start or start < 0:
        question.fault("фигурная скобка } без открывающей; в тексте вопроса её пишут как \\}", end)
    elif another := re.search(r"[{}]", question.masked[end + 1 :]):
        question.fault(
            "фигурных скобок больше одной пары, и Moodle приняла бы за ответы первую. Скобки в тексте "
            "(формулы, код) пишите как \\{ и \\}; если это два вопроса, вставьте между ними пустую строку",
            end + 1 + another.start(),
        )
    elif (
        not re.sub(r"^\s*\[\w+\]", "", question.body[begin:start]).strip()
        and not question.body[end + 1 :].strip()
    ):
        question.fault("текст вопроса пуст", start)
    else:
        _judge_answers(question, start + 1, end)


def _judge_plain(question: _Question, following: _Block | None, *, named: bool) -> None:
    options = [line for line in question.body.split("\n")[1:] if _OPTION.match(line.strip())]
    if len(options) > 1:
        question.fault(
            "варианты ответа записаны без фигурных скобок, и Moodle приняла бы всё за текст без ответов. "
            "Запишите варианты в скобках: {=верный ~неверный}"
        )
        return
    if named and following is not None and following.first is not None:
        line, first = following.first
        if not first.startswith(("::", CATEGORY)) and following.braces:
            question.fault(
                f"у вопроса нет ответов, а следующий (строка {line}) без названия: похоже, "
                "пустая строка разорвала один вопрос. Уберите её"
            )
            return
    question.warn("ответов в фигурных скобках нет: это будет пояснительный текст, а не вопрос")


def _judge_files(question: _Question) -> None:
    named = re.search(r"@@PLUGINFILE@@/?([^\s\"'<>?]*)", question.body)
    if named:
        question.fault(f"файл «{named[1]}» в GIFT не передать; пришлите вопросы в Moodle XML", named.start())
        return
    for source in _SOURCE.finditer(question.body):
        if not _ELSEWHERE.match(source[1]):
            question.fault(
                f"изображение «{source[1]}» в GIFT не передать; пришлите вопросы в Moodle XML", source.start()
            )


def _judge_answers(question: _Question, start: int, end: int) -> None:
    general = question.masked.find("####", start, end)
    end = end if general < 0 else general
    inside = question.masked[start:end]
    first = start + len(inside) - len(inside.lstrip())
    if not inside.strip():
        return  # An essay.
    if inside.strip().startswith("#"):
        _judge_numbers(question, first + 1, end)
        return
    tags = [one for one in _TAG.finditer(inside) if _ATTRIBUTE.search(one[0])]
    for tag in tags:
        for equals in re.finditer("=", tag[0]):
            place = start + tag.start() + equals.start()
            question.edit(
                place, place + 1, "\\=", "знак = внутри тега HTML экранирован: он начал бы новый ответ"
            )
    hidden = _TAG.sub(lambda tag: tag[0].replace("=", "\0") if _ATTRIBUTE.search(tag[0]) else tag[0], inside)
    if "~" in hidden:
        _judge_choice(question, start, hidden)
    elif "=" in hidden and "->" in hidden:
        _judge_pairs(question, start, hidden)
    else:
        _judge_words(question, start, hidden)


def _items(inside: str, marks: str) -> Iterator[tuple[int, str, str]]:
    """Answers: offset, mark ("" for what stands before the first), and text without feedback."""
    begin, mark = 0, ""
    for found in [*re.finditer(f"[{marks}]", inside), None]:
        stop = len(inside) if found is None else found.start()
        text = inside[begin:stop].partition("#")[0]
        if text.strip():
            yield begin, mark, text
        if found is not None:
            begin, mark = found.end(), found[0]


def _weight(question: _Question, offset: int, text: str) -> tuple[float, int] | None:
    """The percentage that an answer starts with, and how long it is; None where it is no grade."""
    found = _PERCENT.match(text)
    if found is None:
        return None
    written, place = found[1], offset + found.start(1)
    known = grade(written.replace(",", "."))
    if known is None:
        question.fault(
            f"доли {written} % в Moodle нет (есть 100, 90, 80, 75, 66.66667, 50, 33.33333, 25, …)", place
        )
        return 0.0, found.end()
    if known[1] != written:
        question.edit(place, place + len(written), known[1], f"доля {written} % записана как {known[1]} %")
    return known[0], found.end()


def _judge_choice(question: _Question, start: int, inside: str) -> None:
    weights, single, before = [], False, len(question.notes.faults)
    for offset, mark, text in _items(inside, "=~"):
        weight = _weight(question, start + offset, text)
        if mark == "=":
            single = True
            if weight is not None:
                question.fault("перед долей в процентах пишут ~, а не =", start + offset)
        weights.append(100.0 if mark == "=" else weight[0] if weight else 0.0)
    if len(question.notes.faults) > before:
        return
    rights = [one for one in weights if one > 0]
    if len(weights) < 2:
        question.fault("вариант ответа только один", start)
    elif not rights:
        question.fault("нет верного ответа: отметьте его знаком =", start)
    elif single and len([one for one in weights if one == 100.0]) > 1:
        question.warn("верных ответов несколько, а выбрать можно один: любой из них даст полный балл", start)
    elif not single and not _FULL[0] <= sum(rights) <= _FULL[1]:
        question.fault(f"доли верных ответов дают {sum(rights):g} %, а не 100 %", start)


def _judge_pairs(question: _Question, start: int, inside: str) -> None:
    pairs = 0
    for offset, _, text in _items(inside, "="):
        left, arrow, right = text.partition("->")
        if not arrow or not right.strip():
            question.fault("в паре на соответствие нет второй половины: =слово -> ответ", start + offset)
            return
        pairs += bool(left.strip())
    if pairs < 2:
        question.fault("на соответствие нужны хотя бы две пары", start)


def _judge_words(question: _Question, start: int, inside: str) -> None:
    word = inside.partition("#")[0]
    answer = word.strip()
    if "=" not in answer and answer not in _CORE_WORDS and answer.casefold() in _RIGHT | _WRONG:
        place = start + len(word) - len(word.lstrip())
        meant = "T" if answer.casefold() in _RIGHT else "F"
        question.edit(
            place, place + len(answer), meant, f"ответ «{answer}» записан как {meant}: вопрос «верно/неверно»"
        )
        return
    if answer in _CORE_WORDS:
        return
    weights = []
    for offset, _, text in _items(inside, "="):
        weight = _weight(question, start + offset, text)
        answer = text[weight[1] :] if weight else text
        weights.append(weight[0] if weight else 100.0)
        if answer.strip() == "*" and weights[-1] == 100.0:
            question.fault("ответ * верен на 100 %: верным будет любой ответ", start + offset)
    if not weights or max(weights) < 100:
        question.fault("нет ответа, верного на 100 %", start)


def _judge_numbers(question: _Question, start: int, end: int) -> None:
    inside = question.masked[start:end].partition("~")[0]
    weights = []
    for offset, _, text in _items(inside, "="):
        weight = _weight(question, start + offset, text)
        value = text[weight[1] :] if weight else text
        place = start + offset + len(text) - len(value)
        weights.append(weight[0] if weight else 100.0)
        _judge_number(question, place + len(value) - len(value.lstrip()), value.strip())
    if not weights:
        question.fault("числовой ответ не указан", start)
    elif max(weights) < 100:
        question.fault("нет ответа, верного на 100 %", start)


def _judge_number(question: _Question, place: int, value: str) -> None:
    found = _VALUE.fullmatch(value)
    if found is None:
        question.fault(
            f"«{value}» не число: Moodle сочла бы верным любой ответ. Пишите 3.14, 3.14:0.01 или 3.1..3.2",
            place,
        )
        return
    for part in (1, 2, 3):
        written = found[part]
        if written is None or "," not in written:
            continue
        mended = with_point(written.lstrip("+"))
        if mended is None or thousands(written):
            question.fault(
                f"«{written}»: запятая отделяет тысячи или дробь? Пишите число без неё или с точкой", place
            )
            continue
        at = place + found.start(part)
        question.edit(at, at + len(written), mended, f"«{written}» записано с точкой: {mended}")
