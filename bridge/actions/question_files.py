"""Questions of an order, from a file of the ticket or from the order itself, as the step question.import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field

from bridge.actions.action import Context
from bridge.actions.base import OrderRefused
from bridge.actions.fields import Line, Text
from bridge.actions.program import File, Ref, Step, Use
from bridge.domain.questions import lines_for_people, read

LARGEST_FILE = 20 * 1024 * 1024
"""Bytes that the plugin's step takes."""
LONGEST_TEXT = 2_000_000
LARGEST_TEXT = 3 * 1024 * 1024
"""Bytes of a text in a program, which has 4 MiB."""

Format = Literal["gift", "xml", "aiken", ""]
Category = Annotated[Line, Field(max_length=255, pattern=r"^[^/]*$")]
FileName = Annotated[Line, Field(max_length=255)]
QuestionText = Annotated[Text, Field(max_length=LONGEST_TEXT)]

CUSTOMERS = frozenset(
    {
        "noquestions",
        "questionanswer",
        "questionanyright",
        "questionbraces",
        "questioncategory",
        "questioncomma",
        "questionempty",
        "questionencoding",
        "questionfile",
        "questionjoined",
        "questionletter",
        "questionmarkup",
        "questionnoright",
        "questionoptions",
        "questions-faulty",
        "questions-too-large",
        "questionscript",
        "questionsunreadable",
        "questiontruefalse",
        "questiontype",
        "questionweight",
    }
)
"""Codes of refusals of questions that the customer can mend: the bridge's own, and the plugin's."""
OPERATORS = frozenset({"questioncount", "questionlost", "textorfile"})
CAPABILITIES = frozenset({"moodle/question:add", "moodle/question:editall", "moodle/question:managecategory"})


@dataclass(frozen=True, slots=True)
class Import:
    """The step, its file, how many questions it imports, and what the customer shall read of them."""

    step: Step
    files: tuple[File, ...]
    count: int
    format: str
    remarks: tuple[str, ...]


def question_import(
    *,
    file: str,
    text: str,
    format_: Format,
    category: str,
    course: int | Ref,
    context: Context,
) -> Import:
    """Read the questions; what the bridge mended goes to Moodle as a text, another file as it is.

    Raises:
        OrderRefused: `questions-faulty` with every fault by question and line, `questions-too-large`, or that
            the ticket has no such file.
    """
    content: bytes | str = text
    held: tuple[File, ...] = ()
    if file:
        found = context.files.get(file)
        if found.size > LARGEST_FILE:
            raise _too_large(file, found.size)
        content = found.path.read_bytes()
        held = (File(found.sha256, found.name, found.size),)
    reading = read(content, file, format_)
    source = file or "text"
    if reading.faults:
        faults = lines_for_people(reading.faults)
        raise OrderRefused(
            "questions-faulty",
            f"{source}: {len(reading.faults)} faults in the questions: {'; '.join(faults[:5])}",
            file=file,
            faults=faults,
        )
    params: dict[str, Any] = {"course": course, "format": reading.format, "category": category}
    if held and not reading.mended and not context.applied_again:
        params["file"] = Use(held[0].sha256)
    else:
        held = ()
        params["text"] = reading.text
        size = len(reading.text.encode())
        if len(reading.text) > LONGEST_TEXT or size > LARGEST_TEXT:
            raise _too_large(file, size)
    remarks = (*lines_for_people(reading.mended), *lines_for_people(reading.warned))
    return Import(Step("question.import", "import", params), held, reading.count, reading.format, remarks)


_Model = TypeVar("_Model")


def one_source(model: _Model, *, file: str, text: str, needed: bool) -> _Model:
    """The model, if it names at most one source of questions.

    Raises:
        ValueError: it names two, or none where one is needed.
    """
    if file and text:
        raise ValueError("укажите вопросы один раз: file (файл в заявке) или questions (текст)")
    if needed and not file and not text:
        raise ValueError("укажите вопросы: file (название файла в заявке) или questions (текст)")
    return model


def _too_large(file: str, size: int) -> OrderRefused:
    return OrderRefused("questions-too-large", f"{file or 'text'}: {size} bytes of questions", file=file)
