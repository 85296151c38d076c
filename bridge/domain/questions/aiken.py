"""Aiken: a question on a line, options `A. …`, and `ANSWER: A`.

Moodle takes the place of the answer's letter in the alphabet, and Latin capital letters only; everything else
becomes a question without a right answer, or the text of another one. What has one meaning is written anew.
Source: question/format/aiken/format.php of Moodle 4.5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from bridge.domain.questions.reading import Notes, lines_of

LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
RUSSIAN = "АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЭЮЯ"
_ALIKE = str.maketrans("АВСЕНКМОРТХУ", "ABCEHKMOPTXY")
_OPTION = re.compile(r"([A-Za-zА-Яа-яЁё])(?:\s?[).]|\s+[-–—]\s)\s*(.*)")
_STRICT = re.compile(r"[A-Z][).]\s.*")
_ANSWER = re.compile(r"(ANSWERS?|ОТВЕТЫ?)\s*:\s*(.*)", re.IGNORECASE)
_FEEDBACK = re.compile(r"(FEEDBACK|КОММЕНТАРИЙ)\s*:", re.IGNORECASE)
_LINES = re.compile(r"^[ \t]*(?:ANSWERS?|ОТВЕТЫ?)[ \t]*:", re.IGNORECASE | re.MULTILINE)


@dataclass(slots=True)
class _Question:
    number: int
    line: int = 0
    text: list[str] = field(default_factory=list)
    options: list[tuple[str, list[str]]] = field(default_factory=list)
    """Letter, and what is said in how many lines."""
    blank: bool = False
    """Whether a blank line was the last."""


def looks_like(text: str) -> bool:
    """Whether a text has Aiken's lines with answers."""
    return _LINES.search(text) is not None


def read(text: str, notes: Notes) -> tuple[int, str]:
    """How many questions there are, and the text as it is meant."""
    count, meant = 0, []
    question = _Question(1)
    for number, raw in enumerate(lines_of(text), 1):
        line = raw.strip()
        answer = _ANSWER.fullmatch(line)
        if answer and (question.text or question.options):
            count += 1
            meant.append(_ended(question, answer, line, number, notes))
            question = _Question(count + 1)
        elif answer:
            notes.fault("строка с ответом стоит без вопроса", number)
        elif not line:
            question.blank = True
            continue
        else:
            question = _added(question, line, number, notes)
        question.blank = False
    if question.text or question.options:
        count += 1
        notes.fault(
            "после вопроса нет строки ANSWER: с буквой верного ответа", question.line, question.number
        )
    return count, "\n\n".join(meant) + "\n"


def _added(question: _Question, line: str, number: int, notes: Notes) -> _Question:
    """The question with a line more, or the next one where this one has no answer."""
    question.line = question.line or number
    if _FEEDBACK.match(line):
        notes.fault(
            "строк с комментарием в Aiken нет; уберите её или пришлите вопросы в GIFT",
            number,
            question.number,
        )
        return question
    option = _OPTION.fullmatch(line)
    if option and not question.text:
        notes.fault(
            "вопрос начинается с буквы и точки, как вариант ответа; начните его иначе",
            number,
            question.number,
        )
        question.text.append(line)
    elif option:
        if not _STRICT.fullmatch(line):
            notes.mend(f"вариант «{option[1]}» записан по правилам Aiken", number, question.number)
        question.options.append((option[1], [option[2].strip()]))
        if not option[2].strip():
            notes.fault("вариант ответа пуст", number, question.number)
    elif question.options and question.blank:
        notes.fault(
            "после вопроса нет строки ANSWER: с буквой верного ответа", question.line, question.number
        )
        return _Question(question.number, number, [line])
    elif question.options:
        letter, lines = question.options[-1]
        lines.append(line)
        notes.mend(f"продолжение варианта «{letter}» перенесено в одну строку с ним", number, question.number)
    elif question.text and question.blank:
        notes.fault(
            "перед этим вопросом стоит строка без вариантов ответа: уберите её или соедините с вопросом",
            number,
            question.number,
        )
        question.text = [line]
    else:
        if question.text:
            notes.mend("вопрос из нескольких строк записан в одну", number, question.number)
        question.text.append(line)
    return question


def _ended(question: _Question, answer: re.Match[str], line: str, number: int, notes: Notes) -> str:
    """The question as Moodle takes it."""
    said = " ".join(question.text)
    if len(said) < 2 or not question.text:
        notes.fault("текст вопроса слишком короткий: Moodle его не примет", question.line, question.number)
    letters = [letter for letter, _ in question.options]
    value = answer[2].strip().rstrip(".)").strip()
    if len(letters) < 2:
        notes.fault("вариантов ответа меньше двух", question.line, question.number)
    elif len(letters) > len(LATIN):
        notes.fault(f"вариантов ответа больше {len(LATIN)}", question.line, question.number)
    elif len(set(letters)) < len(letters):
        notes.fault("два варианта ответа под одной буквой", question.line, question.number)
    elif re.search(r"[,;\s]", value):
        notes.fault(
            f"верных ответов несколько ({value}), а в Aiken он один; пришлите вопрос в GIFT или Moodle XML",
            number,
            question.number,
        )
    else:
        place = _place(value, letters)
        if place is None:
            notes.fault(
                f"верный ответ «{value}» не назван среди вариантов: {', '.join(letters)}",
                number,
                question.number,
            )
        else:
            if line != f"ANSWER: {LATIN[place]}" and not re.fullmatch(rf"ANSWER:\s*{LATIN[place]}", line):
                notes.mend(f"«{line}» записано как ANSWER: {LATIN[place]}", number, question.number)
            if letters != list(LATIN[: len(letters)]) and all(one in LATIN for one in letters):
                notes.mend("буквы вариантов поставлены по порядку", question.line, question.number)
            options = [f"{LATIN[at]}. {' '.join(lines)}" for at, (_, lines) in enumerate(question.options)]
            return "\n".join([said, *options, f"ANSWER: {LATIN[place]}"])
    return ""


def _place(value: str, letters: list[str]) -> int | None:
    """Which option an answer names: the very letter, another case of it, or one that looks like it."""
    for folded in (str, str.upper, _alike):
        places = [at for at, letter in enumerate(letters) if folded(letter) == folded(value)]
        if len(places) == 1:
            return places[0]
    return None


def _alike(letter: str) -> str:
    return letter.translate(_ALIKE)
