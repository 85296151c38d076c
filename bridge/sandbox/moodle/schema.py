"""What the parameters of a step may be, and their faults, each named by its path in the program.

A reference (`$label.field`) stands for a value that is not known yet: it is judged by the type that the
earlier step's result has.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

REFERENCE = re.compile(r"\$([a-z][a-z0-9_]{0,39})\.([a-z][a-z0-9_]*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a program, and where (`steps[3].attempts`, `files[0].sha256`, "" for the whole)."""

    path: str
    code: str
    message: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Later:
    """A value that an earlier step's result will give: a reference in a program that does not run yet."""

    label: str
    field: str


@dataclass(frozen=True, slots=True)
class Field:
    """One value.

    Attributes:
        type: int, bool, text, file, int[], object (whatever JSON object), or the kind of a record whose id it
            is: course, category, group, grouping, user, cm (a course module), question, cohort.
        default: what stands for a missing one; `...` where it must be there.
        longest: characters of a text.
        least: of a number.
        choices: texts that are allowed, () for any.
        filled: whether a text must not be blank.
        lines: whether a text may have several.
        module: which kind of activity a course module must be, "" for any.
        pattern: what a text must match, as PHP writes it; "" for anything.
    """

    type: str
    default: Any = ...
    longest: int = 0
    least: int = 0
    choices: tuple[str, ...] = ()
    filled: bool = False
    lines: bool = False
    module: str = ""
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    content: Field | Shape
    default: Any = field(default_factory=list)
    most: int = 2000


@dataclass(frozen=True, slots=True)
class Shape:
    """Named values."""

    keys: Mapping[str, Field | Items]


Description = Field | Items | Shape
Results = Mapping[str, Mapping[str, str]]
"""Types of the results of earlier steps, by label and field."""
RECORDS: Mapping[str, str] = {
    "course": "course",
    "category": "category",
    "group": "group",
    "grouping": "grouping",
    "user": "user",
    "cm": "module",
    "question": "question",
    "cohort": "cohort",
    "scale": "scale",
    "gradecategory": "gradecategory",
    "gradeitem": "gradeitem",
}
"""Kinds of records, and the tables that hold them."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What values are judged by.

    Attributes:
        results: of earlier steps.
        files: SHA-256 of the program's files.
        find: the record of a kind with an id, None where there is none.
    """

    results: Results
    files: Container[str]
    find: Callable[[str, int], Mapping[str, Any] | None]


def record(kind: str, module: str = "", default: Any = ...) -> Field:
    """The id of a record that must be there."""
    return Field(kind, default, module=module)


def number(*, least: int = 0, default: Any = ...) -> Field:
    """A number."""
    return Field("int", default, least=least)


def line(longest: int, default: Any = ...) -> Field:
    """A text on one line; one that must be given must not be blank."""
    return Field("text", default, longest, filled=default is ...)


def digest() -> Field:
    """A SHA-256."""
    return Field("text", longest=64, filled=True, pattern=r"/^[0-9a-f]{64}\z/")


def html(default: Any = "") -> Field:
    """A description."""
    return Field("text", default, 4_000_000, lines=True)


def flag(*, default: bool) -> Field:
    """Yes or no."""
    return Field("bool", default)


def choice(*choices: str, default: Any = ...) -> Field:
    """One of some words."""
    return Field("text", default, 100, choices=choices)


def filled(shape: Shape, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with the defaults of what is missing, one-line texts without white space around them."""
    found: dict[str, Any] = {}
    for key, inner in shape.keys.items():
        if key not in params:
            found[key] = list(inner.default) if isinstance(inner, Items) else inner.default
            continue
        value = params[key]
        if isinstance(inner, Items) and isinstance(value, list):
            content = inner.content
            value = [
                filled(content, one) if isinstance(content, Shape) else _trimmed(content, one)
                for one in value
            ]
        found[key] = value if isinstance(inner, Items) else _trimmed(inner, value)
    return found


def _trimmed(described: Field | Items, value: Any) -> Any:
    plain = isinstance(described, Field) and isinstance(value, str) and not described.lines
    return value.strip() if plain else value


def faults(described: Description, value: Any, path: str, reading: Reading) -> Iterator[Fault]:
    """All that is wrong with a value."""
    if isinstance(value, str) and value.startswith("$") and not value.startswith("$$"):
        yield from _reference(described, value, path, reading.results)
    elif isinstance(described, Shape):
        yield from _shape(described, value, path, reading)
    elif isinstance(described, Items):
        if not isinstance(value, list):
            yield _type(path, "list")
        elif len(value) > described.most:
            facts = {"count": len(value), "min": 0, "max": described.most}
            yield count_fault(path, facts)
        else:
            for place, item in enumerate(value):
                yield from faults(described.content, item, f"{path}[{place}]", reading)
    elif described.type in RECORDS:
        yield from _record(described, value, path, reading)
    else:
        yield from _CHECKS[described.type](described, value, path, reading)


def _shape(shape: Shape, value: Any, path: str, reading: Reading) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield _type(path, "object")
        return
    dot = f"{path}." if path else ""
    for key in value:
        if key not in shape.keys:
            yield Fault(f"{dot}{key}", "paramunknown", f"There is no parameter {key} here", {"name": key})
    for key, inner in shape.keys.items():
        if key in value:
            yield from faults(inner, value[key], f"{dot}{key}", reading)
        elif inner.default is ...:
            yield Fault(f"{dot}{key}", "parammissing", f"The parameter {key} is missing", {"name": key})


def _reference(described: Description, value: str, path: str, results: Results) -> Iterator[Fault]:
    found = REFERENCE.fullmatch(value)
    facts: dict[str, Any] = {"value": value}
    if found is None:
        yield Fault(
            path,
            "referenceform",
            f"“{value}” is no reference; a text that begins with $ is written with $$",
            facts,
        )
        return
    label, wanted = found[1], found[2]
    facts["label"] = label
    if label not in results:
        yield Fault(path, "referencelabel", f"“{value}”: no earlier step has the label {label}", facts)
    elif wanted not in results[label]:
        facts["field"] = wanted
        message = f"“{value}”: the step {label} has no result {wanted} that can be referred to"
        yield Fault(path, "referencefield", message, facts)
    else:
        content = described.content if isinstance(described, Items) else described
        kind = content.type if isinstance(content, Field) else "object"
        needed = f"{kind}[]" if isinstance(described, Items) else kind
        given = results[label][wanted]
        if given != needed and not (needed == "int" and given in RECORDS):
            facts = {"value": value, "type": given, "wanted": needed}
            yield Fault(path, "referencetype", f"“{value}” is of the type {given}; {needed} is needed", facts)


def _record(described: Field, value: Any, path: str, reading: Reading) -> Iterator[Fault]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield _type(path, described.type)
        return
    found = reading.find(described.type, value) if value > 0 else None
    if found is None:
        code = f"{described.type}notfound"
        yield Fault(path, code, f"There is no {described.type} {value}", {"id": value})
    elif described.module and found["modname"] != described.module:
        facts = {"id": value, "wanted": described.module, "found": found["modname"]}
        yield Fault(path, "wrongmodule", f"Module {value} is no {described.module}", facts)


def _int(described: Field, value: Any, path: str, _reading: Reading) -> Iterator[Fault]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield _type(path, "int")
    elif value < described.least:
        facts = {"value": value, "min": described.least, "max": 2**63 - 1}
        yield Fault(
            path, "paramrange", f"{value} does not lie between {facts['min']} and {facts['max']}", facts
        )


def _bool(_described: Field, value: Any, path: str, _reading: Reading) -> Iterator[Fault]:
    if not isinstance(value, bool):
        yield _type(path, "bool")


def _text(described: Field, value: Any, path: str, _reading: Reading) -> Iterator[Fault]:
    if not isinstance(value, str):
        yield _type(path, "text")
        return
    text = value[1:] if value.startswith("$$") else value
    if described.choices:
        if text not in described.choices:
            choices = ", ".join(described.choices)
            given = {"value": text, "choices": choices}
            yield Fault(path, "paramchoice", f"“{text}” is not one of: {choices}", given)
        return
    text = text if described.lines else text.strip()
    allowed = "\t\n\r" if described.lines else ""
    if any(unicodedata.category(char) == "Cc" and char not in allowed for char in text):
        yield Fault(path, "paramcontrol", "The text holds control characters")
    elif len(text) > described.longest or (described.filled and not text):
        facts: dict[str, Any] = {"length": len(text), "min": int(described.filled), "max": described.longest}
        allowed = f"from {facts['min']} to {facts['max']} are allowed"
        yield Fault(path, "paramlength", f"It has {len(text)} characters; {allowed}", facts)
    elif described.pattern and not re.search(described.pattern.strip("/").replace(r"\z", r"\Z"), text):
        facts = {"value": text, "pattern": described.pattern}
        yield Fault(path, "parampattern", f"“{text}” does not have the form {described.pattern}", facts)


def _file(_described: Field, value: Any, path: str, reading: Reading) -> Iterator[Fault]:
    if value is None:
        return
    if not isinstance(value, dict) or set(value) != {"file"} or not isinstance(value["file"], str):
        yield _type(path, "file")
    elif value["file"] not in reading.files:
        message = f"The file {value['file']} is not in the program's list"
        yield Fault(path, "filenotlisted", message, {"sha256": value["file"]})


def _ints(_described: Field, value: Any, path: str, _reading: Reading) -> Iterator[Fault]:
    if not isinstance(value, list) or any(type(item) is not int for item in value):
        yield _type(path, "int[]")


def _object(_described: Field, value: Any, path: str, _reading: Reading) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield _type(path, "object")


_CHECKS: Mapping[str, Callable[[Field, Any, str, Reading], Iterator[Fault]]] = {
    "int": _int,
    "bool": _bool,
    "text": _text,
    "file": _file,
    "int[]": _ints,
    "object": _object,
}


def count_fault(path: str, facts: Mapping[str, Any]) -> Fault:
    """There are too few or too many; the facts are `count`, `min` and `max`."""
    message = f"{facts['count']} of them; from {facts['min']} to {facts['max']} are allowed"
    return Fault(path, "paramcount", message, facts)


def _type(path: str, expected: str) -> Fault:
    return Fault(path, "paramtype", f"It must be of the type {expected}", {"type": expected})


def resolved(value: Any, results: Mapping[str, Mapping[str, Any]]) -> Any:
    """A parameter with what references stand for, and with texts as they are meant; a reference to what is
    not known yet becomes a `Later`.
    """
    if isinstance(value, dict):
        return {key: resolved(item, results) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(item, results) for item in value]
    if isinstance(value, str):
        if value.startswith("$$"):
            return value[1:]
        if found := REFERENCE.fullmatch(value):
            return results[found[1]][found[2]] if found[1] in results else Later(found[1], found[2])
    return value
