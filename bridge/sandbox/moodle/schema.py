"""What the parameters of a step may be, and their faults, each named by its path in the program.

A reference (`$label.field`) stands for a value that is not known yet: it is judged by the type that the
earlier step's result has.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
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
        type: int, bool, text, file, ints (a list of numbers), or object (whatever JSON object).
        default: what stands for a missing one; `...` where it must be there.
        longest: characters of a text.
        least: of a number.
        choices: texts that are allowed, () for any.
        empty: whether a text may be blank.
    """

    type: str
    default: Any = ...
    longest: int = 0
    least: int | None = None
    choices: tuple[str, ...] = ()
    empty: bool = True


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    content: Field | Shape
    default: Any = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Shape:
    """Named values."""

    keys: Mapping[str, Field | Items]


Description = Field | Items | Shape
Results = Mapping[str, Mapping[str, str]]
"""Types of the results of earlier steps, by label and field."""


def number(*, least: int = 1, default: Any = ...) -> Field:
    """A number, mostly an id."""
    return Field("int", default, least=least)


def line(longest: int, default: Any = ...) -> Field:
    """A text on one line; one that must be given must not be blank."""
    return Field("text", default, longest, empty=default is not ...)


def html(default: Any = "") -> Field:
    """A description."""
    return Field("text", default, 4_000_000)


def flag(*, default: bool) -> Field:
    """Yes or no."""
    return Field("bool", default)


def choice(*choices: str, default: Any = ...) -> Field:
    """One of some words."""
    return Field("text", default, 100, choices=choices)


def filled(shape: Shape, params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters with the defaults of what is missing."""
    found: dict[str, Any] = {}
    for key, inner in shape.keys.items():
        if key not in params:
            found[key] = list(inner.default) if isinstance(inner, Items) else inner.default
        elif isinstance(inner, Items) and isinstance(inner.content, Shape) and isinstance(params[key], list):
            found[key] = [filled(inner.content, item) for item in params[key]]
        else:
            found[key] = params[key]
    return found


def faults(
    description: Description, value: Any, path: str, results: Results, files: Mapping[str, Any]
) -> Iterator[Fault]:
    """All that is wrong with a value."""
    if isinstance(value, str) and (found := REFERENCE.fullmatch(value)):
        yield from _reference(description, found[1], found[2], path, results)
    elif isinstance(description, Shape):
        yield from _shape(description, value, path, results, files)
    elif isinstance(description, Items):
        if not isinstance(value, list):
            yield _wrong(path, "a list")
            return
        for place, item in enumerate(value):
            yield from faults(description.content, item, f"{path}[{place}]", results, files)
    else:
        yield from _CHECKS[description.type](description, value, path, files)


def _shape(
    shape: Shape, value: Any, path: str, results: Results, files: Mapping[str, Any]
) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield _wrong(path, "an object")
        return
    dot = f"{path}." if path else ""
    for key in value:
        if key not in shape.keys:
            yield Fault(f"{dot}{key}", "invalidparameter", "There is no such parameter", {"expected": ""})
    for key, inner in shape.keys.items():
        if key in value:
            yield from faults(inner, value[key], f"{dot}{key}", results, files)
        elif inner.default is ...:
            yield Fault(f"{dot}{key}", "invalidparameter", "The parameter is missing", {"expected": key})


def _reference(
    description: Description, label: str, wanted: str, path: str, results: Results
) -> Iterator[Fault]:
    if label not in results:
        yield Fault(path, "badreference", f"No earlier step is labelled {label}")
    elif wanted not in results[label]:
        yield Fault(path, "badreference", f"The result of step {label} has no field {wanted}")
    else:
        needed = description.type if isinstance(description, Field) else "ints"
        given = results[label][wanted]
        if (given, needed) not in _FITTING and given != needed:
            yield Fault(path, "badreference", f"{label}.{wanted} is of type {given}, not {needed}")


_FITTING = {("int", "text")}


def _int(described: Field, value: Any, path: str, _files: Mapping[str, Any]) -> Iterator[Fault]:
    if isinstance(value, bool) or not isinstance(value, int):
        yield _wrong(path, "a whole number")
    elif described.least is not None and value < described.least:
        yield _wrong(path, f"a number of at least {described.least}")


def _bool(_described: Field, value: Any, path: str, _files: Mapping[str, Any]) -> Iterator[Fault]:
    if not isinstance(value, bool):
        yield _wrong(path, "true or false")


def _text(described: Field, value: Any, path: str, _files: Mapping[str, Any]) -> Iterator[Fault]:
    if not isinstance(value, str):
        yield _wrong(path, "a text")
        return
    text = value[1:] if value.startswith("$$") else value
    if len(text) > described.longest:
        yield _wrong(path, f"at most {described.longest} characters")
    if not described.empty and not text.strip():
        yield _wrong(path, "a text that is not blank")
    if described.choices and text not in described.choices:
        yield _wrong(path, f"one of {', '.join(described.choices)}")


def _file(_described: Field, value: Any, path: str, files: Mapping[str, Any]) -> Iterator[Fault]:
    if value is None:
        return
    if not isinstance(value, dict) or set(value) != {"file"} or not isinstance(value["file"], str):
        yield _wrong(path, 'a file ({"file": SHA-256})')
    elif value["file"] not in files:
        yield Fault(path, "filenotlisted", f"The file {value['file']} is not in the program's list")


def _ints(_described: Field, value: Any, path: str, _files: Mapping[str, Any]) -> Iterator[Fault]:
    if not isinstance(value, list) or any(type(item) is not int for item in value):
        yield _wrong(path, "a list of whole numbers")


def _object(_described: Field, value: Any, path: str, _files: Mapping[str, Any]) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield _wrong(path, "an object")


_CHECKS: Mapping[str, Callable[[Field, Any, str, Mapping[str, Any]], Iterator[Fault]]] = {
    "int": _int,
    "bool": _bool,
    "text": _text,
    "file": _file,
    "ints": _ints,
    "object": _object,
}


def _wrong(path: str, expected: str) -> Fault:
    return Fault(path, "invalidparameter", f"Must be {expected}", {"expected": expected})


def resolved(value: Any, results: Mapping[str, Mapping[str, Any]] | None) -> Any:
    """A parameter with what references stand for, and with texts as they are meant; None: nothing is known
    yet, so each reference becomes a `Later`.
    """
    if isinstance(value, dict):
        return {key: resolved(item, results) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(item, results) for item in value]
    if isinstance(value, str):
        if value.startswith("$$"):
            return value[1:]
        if found := REFERENCE.fullmatch(value):
            return Later(found[1], found[2]) if results is None else results[found[1]][found[2]]
    return value
