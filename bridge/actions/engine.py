"""One engine for all actions: a program is run in Moodle under a key, followed, and undone under another.

Nothing here knows what a program does. Files go up into one draft area under their digests, so that no name
of a customer's is in the way.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.actions.action import Policy, TicketFile
from bridge.actions.base import OperationFailed, OrderRefused, StillRunning
from bridge.actions.program import Program, digest
from bridge.errors import BridgeError
from bridge.moodle_ws.errors import MoodleRefused, ParameterError
from bridge.moodle_ws.port import Moodle
from bridge.moodle_ws.refusals import refusal

Progress = Callable[[float, str], None]
"""Told while an operation runs: the share done (0 … 1) and the plugin's word for the step."""
Fetch = Callable[[str], TicketFile]
"""The file of a program by its SHA-256."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_SHARE = 0.1
"""A pause between two looks, as a part of the time that has gone by: so late its end is learned at most."""
_UNENDED = ("queued", "running", "undoing")
_PATH = re.compile(r"((?:steps|files)\[\d+\][^\s:]*): ")

PROGRAM_FAULTS = frozenset(
    {
        "capabilitytwice",
        "categorynotallowed",
        "contextnotallowed",
        "filechanged",
        "filemissing",
        "filenotlisted",
        "filetwice",
        "invalidparameter",
        "invalidrecord",
        "labelform",
        "labeltwice",
        "opkeyreused",
        "paramchoice",
        "paramcontrol",
        "paramcount",
        "paramlength",
        "parammissing",
        "parampattern",
        "paramrange",
        "paramtype",
        "paramunknown",
        "programinvalid",
        "referencefield",
        "referenceform",
        "referencelabel",
        "referencetype",
        "risknotallowed",
        "stepoff",
        "stepunavailable",
        "unknownstep",
    }
)
"""Errorcodes by which the plugin refuses a program, whatever its steps are; those of steps are the actions'
own (`Words`). Every other one is a fault of the site or of the bridge.
"""


@dataclass(frozen=True, slots=True)
class Site:
    """Where programs run: the Moodle site, its policy, and how long a running operation is watched.

    Attributes:
        patience: seconds of a first look; then the operation goes on in Moodle, and is asked for later.
        progress: told between two looks at a running operation.
        stopping: asked between two looks; True ends the watching.
    """

    moodle: Moodle
    policy: Policy
    patience: float = 2.0
    progress: Progress = lambda _share, _step: None
    stopping: Callable[[], bool] = lambda: False
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time


def check(site: Site, program: Program, order_faults: Collection[str]) -> tuple[str, ...]:
    """Let Moodle say what is wrong with a program; reads only. Returns what it has to say although it will
    work.

    Raises:
        OrderRefused: with all its faults.
        MoodleError: Moodle could not be asked, or what is wrong is a fault of the site or of the bridge.
    """
    function = "local_otbridge_check"
    found = site.moodle.read(function, program=program.canonical(), draftitemid=0)
    faults = [{**one, "facts": json.loads(one["facts"] or "{}")} for one in found["faults"]]
    if not faults:
        return tuple(_at(one["path"], one["message"]) for one in found["notes"])
    others = [one for one in faults if one["code"] not in {*order_faults, *PROGRAM_FAULTS}]
    if others:
        first = others[0]
        raise refusal(function, first["code"], _at(first["path"], first["message"]))
    first = faults[0]
    detail = "; ".join(_at(one["path"], one["message"]) for one in faults)
    raise OrderRefused(
        first["code"],
        f"Moodle: {function} [{first['code']}]: {detail}",
        said=" ".join(dict.fromkeys(one["message"] for one in faults)),
        step=_step_at(program, first["path"]),
        faults=faults,
    )


def is_known(site: Site, opkey: str) -> bool:
    """Whether Moodle has seen the key of an operation; reads only.

    Raises:
        MoodleError: Moodle could not be asked.
    """
    return bool(site.moodle.read("local_otbridge_get_operation", opkey=opkey)["status"] != "none")


def run(
    site: Site, program: Program, opkey: str, fetch: Fetch, order_faults: Collection[str]
) -> dict[str, Any]:
    """Run a program once under its key, however often it is called; returns the operation that is done.

    Parameters:
        fetch: asked for the program's files where Moodle does not have them yet.
        order_faults: errorcodes that are the order's fault.

    Raises:
        OrderRefused, OperationFailed: it surely did not happen, or was taken back.
        StillRunning: ask again later with the same key.
        MoodleError: with `outcome_known` False when it may have happened.
    """
    draft = 0
    if program.files and not is_known(site, opkey):
        draft = _upload(site, program, fetch)
    try:
        operation = site.moodle.write(
            "local_otbridge_run", opkey=opkey, program=program.canonical(), draftitemid=draft
        )
    except (MoodleRefused, ParameterError) as error:
        if error.errorcode not in {*order_faults, *PROGRAM_FAULTS}:
            raise
        path, said = _parted(error.detail)
        raise OrderRefused(error.errorcode, str(error), said=said, step=_step_at(program, path)) from error
    return follow(operation, site)


def undo(site: Site, opkey: str, undoes: str) -> dict[str, Any]:
    """Take back, once under `opkey`, what the operation `undoes` did; returns the operation that is done.

    Raises:
        OrderRefused, OperationFailed: it cannot be taken back; the detail says why and what is left.
        StillRunning: ask again later with the same key.
        MoodleError: with `outcome_known` False when it may have happened.
    """
    try:
        operation = site.moodle.write("local_otbridge_undo", opkey=opkey, undoes=undoes)
    except (MoodleRefused, ParameterError) as error:
        if error.errorcode == "notended":
            raise StillRunning("still-running", str(error)) from error
        if error.errorcode not in {"unknownoperation", "alreadyundone", "opkeyreused"}:
            raise
        raise OrderRefused(error.errorcode, str(error), said=error.detail) from error
    return follow(operation, site)


def follow(operation: Mapping[str, Any], site: Site) -> dict[str, Any]:
    """Watch an operation for a short while; returns it when it is done, its result decoded.

    Parameters:
        operation: as a function of local_otbridge returned it (docs/plugin-api.md, Operation).

    Raises:
        OperationFailed: it ended as failed.
        StillRunning: `site.patience` seconds have passed, or the service is being stopped; its fact `again`
            says after how many seconds to look again, None where that cannot be told.
        MoodleError: Moodle could not be asked; the operation goes on there.
    """
    start = site.clock()
    opkey = operation["opkey"]
    while operation["status"] in _UNENDED:
        site.progress(float(operation["progress"]), str(operation["step"] or operation["status"]))
        now = site.clock()
        if site.stopping() or now - start >= site.patience:
            raise StillRunning(
                "still-running",
                f"operation {opkey} is {operation['status']} in Moodle; it is asked for again later",
                again=_again(operation, site.now()),
            )
        site.pause(min(max(_FIRST_PAUSE, _SHARE * (now - start)), _LONGEST_PAUSE))
        operation = site.moodle.read("local_otbridge_get_operation", opkey=opkey)
    if operation["status"] == "failed":
        left = json.loads(operation["result"] or "{}").get("left") or []
        reasons = [f"{one['step']}: {one['reason']}" if isinstance(one, dict) else str(one) for one in left]
        behind = f" (not taken back: {', '.join(reasons)})" if left else ""
        raise OperationFailed(
            operation["errorcode"] or "failed",
            f"Moodle ended the operation {opkey}: {operation['error']}{behind}",
            **({"left": left} if left else {}),
        )
    if operation["status"] != "done":
        raise StillRunning(
            "unknown-status",
            f"operation {opkey} is in a state that the bridge does not know: {operation['status']}",
        )
    site.progress(1.0, "done")
    return {**operation, "result": json.loads(operation["result"] or "{}")}


def _again(operation: Mapping[str, Any], now: float) -> float | None:
    """After how many seconds a running operation is worth another look: a part of the time that it has run.
    Its progress is no help, for it moves by leaps. None for one that waits for cron.

    Parameters:
        now: Unix seconds.
    """
    if operation["status"] == "queued" or not operation["timestarted"]:
        return None
    return _SHARE * max(0.0, now - float(operation["timestarted"]))


def thawed(text: str, frozen_digest: str) -> Program:
    """A program as the journal kept it.

    Raises:
        BridgeError: it is not what was frozen.
    """
    if digest(text) != frozen_digest:
        raise BridgeError("the program in the journal is not the one that was frozen: its SHA-256 differs")
    return Program.parse(text)


def _upload(site: Site, program: Program, fetch: Fetch) -> int:
    """Put the program's files into one draft area; returns its itemid."""
    draft = 0
    for one in program.files:
        try:
            draft = site.moodle.upload(fetch(one.sha256).path, one.sha256, draft)
        except MoodleRefused as error:
            # An answer was lost and the file is there; whether it is whole, its digest tells the plugin.
            if not draft or error.errorcode != "filenameexist":
                raise
    return draft


def _step_at(program: Program, path: str) -> dict[str, Any]:
    """What the step at a path was ordered to be: its kind and its short texts and numbers."""
    found = re.match(r"steps\[(\d+)\]", path)
    if found is None or int(found[1]) >= len(program.steps):
        return {}
    step = program.steps[int(found[1])]
    short = {
        name: value
        for name, value in step.params.items()
        if isinstance(value, (int, str)) and len(str(value)) <= 300
    }
    return {"kind": step.kind, **short}


def _parted(detail: str) -> tuple[str, str]:
    """The path in front of a message of the plugin's, and the message."""
    found = _PATH.match(detail)
    return (found[1], detail[found.end() :]) if found else ("", detail)


def _at(path: str, message: str) -> str:
    return f"{path}: {message}" if path else message
