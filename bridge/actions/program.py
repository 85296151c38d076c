"""Programs: what an order comes to, as steps of the Moodle plugin, frozen before anything is done.

A program is built from values (`Step`, `Ref`, `Use`), checked when it is built, and written as one canonical
JSON text (docs/plugin-api.md). The journal keeps that text and its SHA-256, so that every repetition sends
the very same program.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

VERSION = 1
MOST_STEPS = 2000
MOST_BYTES = 4 * 1024 * 1024
"""Of a program's canonical text in UTF-8."""
LONGEST_TICKET = 100
DEEPEST = 32
"""Lists and maps of one step's parameters within each other."""

_KIND = re.compile(r"[a-z]+\.[a-z_]+", re.ASCII)
_LABEL = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_FIELD = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)
_REFERENCE = re.compile(r"\$([a-z][a-z0-9_]{0,39})\.([a-z][a-z0-9_]*)", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)
_OWN_KEYS = ("step", "as")
_SURROGATE = re.compile("[\ud800-\udfff]")


class ProgramFault(ValueError):
    """A program that could not be run: a fault of the action that built it, never of an order.

    Attributes:
        path: where it stands: `steps[3].course`, `files[0].sha256`, "" for the whole.
    """

    def __init__(self, path: str, problem: str) -> None:
        self.path = path
        super().__init__(f"{path}: {problem}" if path else problem)


class TooMuch(ProgramFault):
    """A program of more steps or bytes than the plugin takes: the order has to be divided."""


@dataclass(frozen=True, slots=True)
class Ref:
    """The value of a field of an earlier step's result.

    Attributes:
        outside: the step stands in a program that this one is joined behind.
    """

    label: str
    field: str
    outside: bool = False


def ref(label: str, field: str) -> Ref:
    """A reference to `field` of the result of the step that is labelled `label`."""
    return Ref(label, field)


@dataclass(frozen=True, slots=True)
class Use:
    """A file of the program as a parameter, by the SHA-256 of its content."""

    sha256: str


@dataclass(frozen=True, slots=True)
class File:
    """A file that a program uses: the SHA-256 of its content (hex), its name, and its size in bytes."""

    sha256: str
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its kind (`course.create`), its label, and its parameters.

    Parameters are JSON values without floats, with `Ref` and `Use` where a scalar may stand.
    """

    kind: str
    label: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Program:
    """Steps in their order, and the files that they use; checked when it is built.

    Parameters:
        ticket: number of the ticket, for the plugin's page of operations; "" where there is none.

    Raises:
        ProgramFault: it could not be run; the fault says where.
    """

    steps: tuple[Step, ...]
    files: tuple[File, ...] = ()
    ticket: str = ""

    def __post_init__(self) -> None:
        """Refuse a program that could not be run."""
        if not 1 <= len(self.steps) <= MOST_STEPS:
            fault = TooMuch if self.steps else ProgramFault
            raise fault("steps", f"there must be 1 to {MOST_STEPS}, not {len(self.steps)}")
        if len(self.ticket) > LONGEST_TICKET:
            raise ProgramFault("ticket", f"must not be longer than {LONGEST_TICKET} characters")
        _sound("ticket", self.ticket)
        known = _files(self.files)
        labels: set[str] = set()
        for number, step in enumerate(self.steps):
            _check_step(step, f"steps[{number}]", labels, known)
            labels.add(step.label)

    @property
    def document(self) -> dict[str, Any]:
        """The program as JSON values."""
        return {
            "version": VERSION,
            "ticket": self.ticket,
            "files": [{"sha256": one.sha256, "name": one.name, "size": one.size} for one in self.files],
            "steps": [{"step": step.kind, "as": step.label, **_written(step.params)} for step in self.steps],
        }

    def canonical(self) -> str:
        """The one text of this program: keys sorted, no white space, no escapes beyond JSON's need.

        Raises:
            ProgramFault: the text is larger than the plugin takes.
        """
        text = canonical(self.document)
        if len(text.encode()) > MOST_BYTES:
            raise TooMuch("", f"the program is larger than {MOST_BYTES} bytes")
        return text

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the canonical text."""
        return digest(self.canonical())

    @classmethod
    def parse(cls, text: str) -> Program:
        """Read a program's text, canonical or not.

        Raises:
            ProgramFault: it is none.
        """
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ProgramFault("", f"is no JSON: {error}") from None
        match document:
            case {"version": version, "ticket": str(ticket), "files": list(files), "steps": list(steps)} if (
                version == VERSION and len(document) == 4
            ):
                return cls(
                    tuple(_read_step(one, f"steps[{place}]") for place, one in enumerate(steps)),
                    tuple(_read_file(one, f"files[{place}]") for place, one in enumerate(files)),
                    ticket,
                )
        raise ProgramFault("", f"must hold version {VERSION}, ticket, files and steps, and nothing else")


def canonical(document: Any) -> str:
    """A JSON value as its canonical text."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest(text: str) -> str:
    """SHA-256 (hex) of a text in UTF-8."""
    return sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Part:
    """What one action adds to a program: its steps and files.

    Its references name its own labels, or steps of parts before it (`Ref.outside`, labels of the joined
    program).
    """

    steps: tuple[Step, ...]
    files: tuple[File, ...] = ()


def join(parts: Sequence[Part], ticket: str = "") -> tuple[Program, list[dict[str, str]]]:
    """One program from those of several actions, and for each part its own labels with those in the program.

    A label that an earlier part has already taken gets a number behind it, and the references to it with it.

    Raises:
        ProgramFault: the whole could not be run.
    """
    steps: list[Step] = []
    files: dict[str, File] = {}
    named: list[dict[str, str]] = []
    for part in parts:
        labels = joined_labels(part, [step.label for step in steps])
        steps += [
            replace(step, label=labels[step.label], params=_renamed(step.params, labels))
            for step in part.steps
        ]
        for one in part.files:
            files.setdefault(one.sha256, one)
        named.append(labels)
    return Program(tuple(steps), tuple(files.values()), ticket), named


def joined_labels(part: Part, taken: Iterable[str]) -> dict[str, str]:
    """The labels that a part's steps get behind steps that have the labels `taken`."""
    used, labels = set(taken), {}
    for step in part.steps:
        label, number = step.label, 2
        while label in used:
            ending = f"_{number}"
            label, number = f"{step.label[: 40 - len(ending)]}{ending}", number + 1
        used.add(label)
        labels[step.label] = label
    return labels


def references(value: Any) -> Iterator[Ref]:
    """All references in a parameter, at whatever depth."""
    for leaf in _leaves(value):
        if isinstance(leaf, Ref):
            yield leaf


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _leaves(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _leaves(one)
    else:
        yield value


def _mapped(value: Any, leaf: Callable[[Any], Any]) -> Any:
    if isinstance(value, Mapping):
        return {name: _mapped(one, leaf) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_mapped(one, leaf) for one in value]
    return leaf(value)


def _written(params: Mapping[str, Any]) -> dict[str, Any]:
    def leaf(value: Any) -> Any:
        match value:
            case Ref():
                return f"${value.label}.{value.field}"
            case Use():
                return {"file": value.sha256}
            case str() if value.startswith("$"):
                return f"${value}"
        return value

    return {name: _mapped(value, leaf) for name, value in params.items()}


def _renamed(params: Mapping[str, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    def leaf(value: Any) -> Any:
        if not isinstance(value, Ref):
            return value
        return Ref(value.label, value.field) if value.outside else replace(value, label=labels[value.label])

    return {name: _mapped(value, leaf) for name, value in params.items()}


def _files(files: tuple[File, ...]) -> frozenset[str]:
    known: set[str] = set()
    for number, one in enumerate(files):
        where = f"files[{number}]"
        if not _DIGEST.fullmatch(one.sha256):
            raise ProgramFault(f"{where}.sha256", "must be a SHA-256 in hexadecimal small letters")
        if one.sha256 in known:
            raise ProgramFault(f"{where}.sha256", "stands twice")
        if not one.name or "/" in one.name or one.size < 0:
            raise ProgramFault(where, "needs a name without slashes, and a size")
        _sound(f"{where}.name", one.name)
        known.add(one.sha256)
    return frozenset(known)


def _check_step(step: Step, where: str, labels: set[str], files: frozenset[str]) -> None:
    if not _KIND.fullmatch(step.kind):
        raise ProgramFault(f"{where}.step", f"{step.kind!r} is no name of a kind of steps")
    if not _LABEL.fullmatch(step.label):
        raise ProgramFault(f"{where}.as", f"{step.label!r} is no label")
    if step.label in labels:
        raise ProgramFault(f"{where}.as", f"the label {step.label} stands twice")
    for name, value in step.params.items():
        if name in _OWN_KEYS or not _NAME.fullmatch(name):
            raise ProgramFault(f"{where}.{name}", "is no name of a parameter")
        _check_value(value, f"{where}.{name}", labels, files, DEEPEST)


def _check_value(value: Any, where: str, labels: set[str], files: frozenset[str], depth: int) -> None:
    if depth == 0:
        raise ProgramFault(where, f"is deeper than {DEEPEST} lists and maps")
    match value:
        case Ref():
            if not _FIELD.fullmatch(value.field):
                raise ProgramFault(where, f"{value.field!r} is no field of a result")
            if value.label not in labels:
                raise ProgramFault(where, f"no earlier step is labelled {value.label!r}")
        case Use():
            if value.sha256 not in files:
                raise ProgramFault(where, f"the file {value.sha256!r} is none of the program's")
        case bool() | None:
            pass
        case str():
            _sound(where, value)
        case int():
            if not -(2**63) <= value < 2**63:
                raise ProgramFault(where, "the number does not fit into 64 bits")
        case Mapping():
            if set(value) == {"file"} and not isinstance(value["file"], Ref):
                raise ProgramFault(where, "a file is given as Use(…)")
            for name, one in value.items():
                if not isinstance(name, str):
                    raise ProgramFault(where, f"{name!r} is no name")
                _sound(where, name)
                _check_value(one, f"{where}.{name}", labels, files, depth - 1)
        case list() | tuple():
            for place, one in enumerate(value):
                _check_value(one, f"{where}[{place}]", labels, files, depth - 1)
        case _:
            raise ProgramFault(where, f"a {type(value).__name__} is no value of a program")


def _sound(where: str, text: str) -> None:
    if "\0" in text or _SURROGATE.search(text):
        raise ProgramFault(where, "holds a character that no text of Moodle's holds")


def _read_step(document: Any, where: str) -> Step:
    match document:
        case {"step": str(kind), "as": str(label)}:
            params = {name: value for name, value in document.items() if name not in _OWN_KEYS}
            return Step(kind, label, {name: _read(value) for name, value in params.items()})
    raise ProgramFault(where, "needs a step and a label (as)")


def _read_file(document: Any, where: str) -> File:
    match document:
        case {"sha256": str(digest), "name": str(name), "size": int(size)} if len(document) == 3:
            return File(digest, name, size)
    raise ProgramFault(where, "needs sha256, name and size")


def _read(value: Any) -> Any:
    match value:
        case dict() if set(value) == {"file"} and isinstance(value["file"], str):
            return Use(value["file"])
        case dict():
            return {name: _read(one) for name, one in value.items()}
        case list():
            return [_read(one) for one in value]
        case str() if value.startswith("$$"):
            return value[1:]
        case str() if found := _REFERENCE.fullmatch(value):
            return Ref(found[1], found[2])
    return value
