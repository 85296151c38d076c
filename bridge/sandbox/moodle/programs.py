"""Programs as the plugin reads them: one JSON text, judged step by step, every fault by its path.

Order: shape, schema of each step, references, what the site has and lets, capabilities, each step's own
check. All faults are told, at most `MOST_FAULTS`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.sandbox.moodle import schema
from bridge.sandbox.moodle.schema import Fault
from bridge.sandbox.moodle.steps import StepKind, kinds

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

MOST_BYTES = 4 * 1024 * 1024
MOST_STEPS = 2000
MOST_FILES = 500
MOST_FAULTS = 100
_KIND = re.compile(r"[a-z]+\.[a-z_]+", re.ASCII)
_LABEL = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_MEMBERS = ("version", "ticket", "files", "steps")


@dataclass(frozen=True, slots=True)
class Program:
    """A program whose shape is right.

    Attributes:
        hash: SHA-256 of its canonical text.
        steps: kind, label and parameters of each, as they were sent.
    """

    hash: str
    ticket: str
    files: tuple[Mapping[str, Any], ...]
    steps: tuple[tuple[str, str, Mapping[str, Any]], ...]

    @property
    def is_heavy(self) -> bool:
        """Whether it is left to cron."""
        return any(kinds()[kind].heavy for kind, _, _ in self.steps)


class Faulty(Exception):
    """The program's shape is wrong."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.message)


def read(text: str) -> Program:
    """Read a program.

    Raises:
        Faulty: it is none.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise _shape("", f"The program is larger than {MOST_BYTES} bytes")
    try:
        document = json.loads(text, parse_float=_no_float, parse_constant=_no_float)
    except (ValueError, RecursionError) as error:
        raise _shape("", f"The program is no JSON: {error}") from None
    if not isinstance(document, dict):
        raise _shape("", "The program must be an object")
    for member in document:
        if member not in _MEMBERS:
            raise _shape(member, "There is no such member")
    if document.get("version") != 1:
        raise _shape("version", "Must be 1")
    ticket = document.get("ticket", "")
    if not isinstance(ticket, str) or len(ticket) > 100:
        raise _shape("ticket", "Must be a text of at most 100 characters")
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Program(
        hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest(),
        ticket,
        tuple(_files(document.get("files", []))),
        tuple(_steps(document.get("steps"))),
    )


def _files(given: Any) -> Iterator[Mapping[str, Any]]:
    if not isinstance(given, list) or len(given) > MOST_FILES:
        raise _shape("files", f"Must be a list of at most {MOST_FILES}")
    for number, one in enumerate(given):
        match one:
            case {"sha256": str(digest), "name": str(name), "size": int(size)} if (
                len(one) == 3 and re.fullmatch(r"[0-9a-f]{64}", digest) and name and size >= 0
            ):
                yield one
            case _:
                raise _shape(f"files[{number}]", "Must hold sha256, name and size")


def _steps(given: Any) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    if not isinstance(given, list) or not 1 <= len(given) <= MOST_STEPS:
        raise _shape("steps", f"Must be a list of 1 to {MOST_STEPS}")
    labels: set[str] = set()
    for number, one in enumerate(given):
        if not isinstance(one, dict):
            raise _shape(f"steps[{number}]", "Must be an object")
        kind, label = one.get("step"), one.get("as")
        if not isinstance(kind, str) or not _KIND.fullmatch(kind):
            raise _shape(f"steps[{number}].step", "Must be the name of a kind of steps")
        if not isinstance(label, str) or not _LABEL.fullmatch(label):
            raise _shape(f"steps[{number}].as", "Must be a label")
        if label in labels:
            raise _shape(f"steps[{number}].as", f"The label {label} stands twice")
        labels.add(label)
        yield kind, label, {name: value for name, value in one.items() if name not in ("step", "as")}


def _no_float(text: str) -> Any:
    raise ValueError(f"{text}: numbers are whole, decimals are texts")


def _shape(path: str, message: str) -> Faulty:
    return Faulty(Fault(path, "invalidprogram", message))


def faults(site: Site, program: Program, draftitemid: int) -> list[Fault]:
    """What would keep the program from being run, or make it fail."""
    return list(islice(_faults(site, program, draftitemid), MOST_FAULTS))


def _faults(site: Site, program: Program, draftitemid: int) -> Iterator[Fault]:
    declared: dict[str, Mapping[str, str]] = {}
    files = {one["sha256"]: one for one in program.files}
    sound: list[tuple[int, StepKind, Mapping[str, Any]]] = []
    for number, (name, label, params) in enumerate(program.steps):
        path = f"steps[{number}]"
        kind = kinds().get(name)
        if kind is None:
            yield Fault(f"{path}.step", "unknownstep", f"There is no kind of steps {name}")
            declared[label] = {}
            continue
        found = list(schema.faults(kind.shape, params, path, declared, files))
        yield from found
        declared[label] = kind.results
        if not found:
            sound.append((number, kind, schema.resolved(schema.filled(kind.shape, params), None)))
    if draftitemid:
        yield from missing_files(site, program, draftitemid)
    off = site.steps_off()
    lacking: set[str] = set()
    for number, kind, params in sound:
        path = f"steps[{number}]"
        if kind.name in off:
            yield Fault(f"{path}.step", "stepoff", f"The site's policy does not let {kind.name} run")
        for capability in kind.needs:
            if not site.has_capability(capability) and capability not in lacking:
                lacking.add(capability)
                if capability == "moodle/restore:userinfo" and not params.get("users", True):
                    lacking.discard(capability)
                    continue
                told = f"The token's user lacks the capability {capability}"
                yield Fault(path, "nopermissions", told, {"capability": capability, "context": "system"})
        for fault in kind.check(site, params):
            yield Fault(f"{path}.{fault.path}".rstrip("."), fault.code, fault.message, fault.facts)


def missing_files(site: Site, program: Program, draftitemid: int) -> Iterator[Fault]:
    """Files of the program that the draft area does not hold, or not as they should be."""
    held = stored(site, draftitemid)
    sizes = {path.stat().st_size for path in held.values()}
    for number, one in enumerate(program.files):
        if one["sha256"] not in held:
            changed = held and (one["size"] in sizes or len(held) == len(program.files))
            code = "filechanged" if changed else "filemissing"
            told = f"The file {one['name']} is not in the draft area as it was sent"
            yield Fault(f"files[{number}].sha256", code, told, {"name": one["name"]})


def stored(site: Site, draftitemid: int) -> dict[str, Path]:
    """The files of a draft area by the SHA-256 of what they hold."""
    paths = [site.files / item["path"] for item in site.drafts(draftitemid)] if draftitemid else []
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in paths}
