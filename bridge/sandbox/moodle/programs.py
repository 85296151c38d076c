"""Programs as the plugin reads them: one JSON text, judged step by step, every fault by its path.

Order: shape, schema of each step, references, what the site has and lets, capabilities, each step's own
check. All faults are named, at most `MOST_FAULTS`.
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
from bridge.sandbox.moodle.schema import Fault, Reading
from bridge.sandbox.moodle.steps import StepKind, kinds
from bridge.sandbox.moodle.steps.base import Failure, Planned

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

MOST_BYTES = 4 * 1024 * 1024
MOST_STEPS = 2000
MOST_FILES = 500
MOST_FAULTS = 100
LIGHT_STEPS = 200
"""A longer program is left to cron, whatever its steps are."""
_OWN = ("step", "as", "existing")
_LABEL = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Program:
    """A program whose shape is right.

    Attributes:
        hash: SHA-256 of its canonical text.
        steps: kind, label and parameters of each, as they were sent.
        brings: labels of the steps that bring what is there already to what they say.
    """

    hash: str
    ticket: str
    files: tuple[Mapping[str, Any], ...]
    steps: tuple[tuple[str, str, Mapping[str, Any]], ...]
    brings: frozenset[str]

    @property
    def is_heavy(self) -> bool:
        """Whether it is left to cron."""
        return len(self.steps) > LIGHT_STEPS or any(kinds()[kind].heavy for kind, _, _ in self.steps)


class Faulty(Exception):
    """The program's shape is wrong."""

    def __init__(self, *found: Fault) -> None:
        self.faults = list(found)
        super().__init__(found[0].message)


def read(text: str) -> Program:
    """Read a program.

    Raises:
        Faulty: it is none, or its labels or kinds of steps are wrong.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise _invalid(f"more than {MOST_BYTES} bytes")
    try:
        document = json.loads(text, parse_int=_php_int, parse_constant=_no_number)
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _invalid("Single unpaired UTF-16 surrogate in unicode escape") from None
    except (ValueError, RecursionError):
        raise _invalid("Syntax error") from None
    if not isinstance(document, dict) or document.get("version") != 1:
        raise _invalid('not an object with "version": 1')
    found = list(schema.faults(_OUTLINE, {**document, "steps": 0}, "", Reading({}, (), lambda *_: {})))
    steps = document.get("steps")
    if not isinstance(steps, list) or not 1 <= len(steps) <= MOST_STEPS:
        count = len(steps) if isinstance(steps, list) else 0
        facts = {"count": count, "min": 1, "max": MOST_STEPS}
        raise Faulty(*found, schema.count_fault("steps", facts))
    brings: set[str] = set()
    read_steps = list(_steps(steps, found, brings))
    if found:
        raise Faulty(*found)
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Program(
        hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest(),
        document.get("ticket", ""),
        tuple(document.get("files", ())),
        tuple(read_steps),
        frozenset(brings),
    )


_OUTLINE = schema.Shape(
    {
        "version": schema.number(least=1),
        "ticket": schema.line(100, ""),
        "files": schema.Items(
            schema.Shape(
                {"sha256": schema.digest(), "name": schema.line(255), "size": schema.number(least=1)}
            ),
            most=MOST_FILES,
        ),
        "steps": schema.number(),
    }
)


def _steps(
    given: list[Any], found: list[Fault], brings: set[str]
) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    labels: set[str] = set()
    for number, one in enumerate(given):
        path = f"steps[{number}]"
        if not isinstance(one, dict):
            found.append(Fault(path, "paramtype", "It must be of the type object", {"type": "object"}))
            continue
        kind, label = one.get("step"), one.get("as")
        if kind not in kinds():
            message = f"There is no step “{kind or ''}”"
            found.append(Fault(f"{path}.step", "unknownstep", message, {"step": kind or ""}))
        if not isinstance(label, str) or not _LABEL.fullmatch(label):
            message = (
                "A label is a small Latin letter, followed by at most 39 small letters, digits and "
                f"underscores; found: “{label or ''}”"
            )
            found.append(Fault(f"{path}.as", "labelform", message, {"label": label or ""}))
        elif label in labels:
            found.append(
                Fault(f"{path}.as", "labeltwice", f"The label “{label}” is used twice", {"label": label})
            )
        else:
            labels.add(label)
            repeats = str(kind) in kinds() and kinds()[str(kind)].repeats
            choices = ("refuse", "bring") if repeats else ("refuse",)
            if (existing := one.get("existing", "refuse")) not in choices:
                facts = {"value": existing, "choices": ", ".join(choices)}
                found.append(Fault(f"{path}.existing", "paramchoice", "Is none of the choices", facts))
            if existing == "bring":
                brings.add(label)
            yield str(kind), label, {name: value for name, value in one.items() if name not in _OWN}


def _php_int(text: str) -> int | float:
    """PHP reads what has no room in 64 bits as a float, which no parameter takes."""
    number = int(text) if len(text) < 40 else 2**64
    return number if -(2**63) <= number < 2**63 else float(number)


def _no_number(text: str) -> Any:
    raise ValueError(f"{text} is no number of JSON")


def _invalid(reason: str) -> Faulty:
    return Faulty(Fault("", "programinvalid", f"The program cannot be read: {reason}", {"reason": reason}))


def faults(site: Site, program: Program, draftitemid: int, notes: list[Fault] | None = None) -> list[Fault]:
    """What would keep the program from being run, or make it fail.

    Parameters:
        notes: takes what is no fault and should be known.
    """
    return list(islice(_faults(site, program, draftitemid, [] if notes is None else notes), MOST_FAULTS))


def _faults(site: Site, program: Program, draftitemid: int, notes: list[Fault]) -> Iterator[Fault]:
    declared: dict[str, Mapping[str, str]] = {}
    files = {one["sha256"] for one in program.files}
    reading = Reading(declared, files, lambda kind, id_: find(site, kind, id_))
    sound: list[tuple[int, StepKind, Mapping[str, Any], bool]] = []
    there: dict[str, Mapping[str, Any]] = {}
    for number, (name, label, params) in enumerate(program.steps):
        kind = kinds()[name]
        found = list(schema.faults(kind.shape, params, f"steps[{number}]", reading))
        yield from found
        declared[label] = kind.results
        if found:
            continue
        wanted = schema.resolved(schema.filled(kind.shape, params), there)
        try:
            exists = kind.find(site, wanted) if label in program.brings else None
        except Failure as failure:
            yield Fault(f"steps[{number}]", failure.errorcode, str(failure))
            continue
        if exists is not None:
            there[label] = exists
            notes.append(_existing(f"steps[{number}]", kind.differences(site, wanted, exists)))
        sound.append((number, kind, wanted, exists is not None))
    if draftitemid:
        yield from missing_files(site, program, draftitemid)
    off, held = site.steps_off(), stored(site, draftitemid)
    claimed: set[Any] = set()
    planned: Planned = {}
    for number, kind, params, exists_already in sound:
        path = f"steps[{number}]"
        if kind.name in off:
            message = f"The site's policy does not let {kind.name} run"
            yield Fault(f"{path}.step", "stepoff", message, {"step": kind.name})
        for capability in kind.needed(params):
            if not site.has_capability(capability):
                message = f"The token's user lacks the capability {capability}"
                yield Fault(path, "nopermissions", message, {"capability": capability, "context": "system"})
        if exists_already:
            continue
        for fault in (
            *kind.check(site, params),
            *kind.check_within(site, params, planned),
            *kind.check_files(params, held),
        ):
            yield Fault(f"{path}.{fault.path}".rstrip("."), fault.code, fault.message, fault.facts)
        for name, code, what in kind.claims(params):
            if what in claimed:
                taken = params.get(name, name)
                message = f"An earlier step has taken {taken}"
                yield Fault(f"{path}.{name}".rstrip("."), code, message, {name: taken})
            claimed.add(what)


def _existing(path: str, differing: Mapping[str, Any]) -> Fault:
    names = ", ".join(differing)
    if names:
        return Fault(path, "existschanged", f"Is there already; to be changed: {names}", {"params": names})
    return Fault(path, "existskept", "Is there already and stays as it is", {"params": ""})


def find(site: Site, kind: str, id_: int) -> Mapping[str, Any] | None:
    """The record of a kind, None where there is none; the site itself is no course."""
    if (kind, id_) == ("course", 1):
        return None
    return site.store.row(f'SELECT * FROM "{schema.RECORDS[kind]}" WHERE id = ?', id_)


def missing_files(site: Site, program: Program, draftitemid: int) -> Iterator[Fault]:
    """Files of the program that the draft area does not hold, or not as they should be; each lies there
    under its digest.
    """
    held = stored(site, draftitemid)
    names = {item["filename"] for item in site.drafts(draftitemid)} if draftitemid else set()
    for number, one in enumerate(program.files):
        facts = {"name": one["name"], "sha256": one["sha256"], "size": one["size"]}
        if one["sha256"] in held:
            continue
        if one["sha256"] in names:
            message = f"The file “{one['name']}” came with another content than was announced"
            yield Fault(f"files[{number}].sha256", "filechanged", message, {**facts, "found": ""})
        else:
            message = f"The file “{one['name']}” did not come"
            yield Fault(f"files[{number}]", "filemissing", message, facts)


def stored(site: Site, draftitemid: int) -> dict[str, Path]:
    """The files of a draft area by the SHA-256 of what they hold."""
    paths = [site.files / item["path"] for item in site.drafts(draftitemid)] if draftitemid else []
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in paths}
