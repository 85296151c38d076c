"""The plugin's operations: each program and each undo under a key that is used once.

A light program is done in the call. A heavy one is left to a worker, as cron does ad hoc tasks: the row of
the operation is committed first, then each step with its own row. A killed server goes on with the first
step that has no row. A program that fails takes back what it did, last step first.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.sandbox.moodle import programs, schema
from bridge.sandbox.moodle.problems import MoodleProblem, refusal
from bridge.sandbox.moodle.schema import Fault
from bridge.sandbox.moodle.steps import StepKind, kinds
from bridge.sandbox.moodle.steps.base import Changed, Failure, Work

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

FIELDS = (
    "opkey",
    "kind",
    "undoes",
    "ticket",
    "status",
    "progress",
    "step",
    "stepsdone",
    "stepstotal",
    "result",
    "errorcode",
    "error",
    "faults",
    "undone",
    "timecreated",
    "timestarted",
    "timefinished",
)
NUMBERS = ("progress", "stepsdone", "stepstotal", "timecreated", "timestarted", "timefinished")
PIECES = 5
"""How often a heavy step tells its progress."""
FOUND = "found"
"""In the record of a step whose thing was there already: what it was and what it was brought to."""
UNENDED = "('queued', 'running', 'undoing')"


def document(fault: Fault) -> dict[str, Any]:
    """A fault as the functions answer it; its facts are a JSON text."""
    facts = json.dumps(dict(fault.facts), ensure_ascii=False)
    return {"path": fault.path, "code": fault.code, "message": fault.message, "facts": facts}


def kept(fault: Fault) -> dict[str, Any]:
    """A fault within an operation: the whole is a JSON text, so its facts are an object."""
    return {"path": fault.path, "code": fault.code, "message": fault.message, "facts": dict(fault.facts)}


def get(site: Site, opkey: str) -> dict[str, Any]:
    """The operation under a key; status `none` when the key was never seen."""
    found = site.store.row(f"SELECT {', '.join(FIELDS)} FROM operation WHERE opkey = ?", opkey)
    empty = {**dict.fromkeys(FIELDS, ""), **dict.fromkeys(NUMBERS, 0), "faults": "[]"}
    return found or {**empty, "opkey": opkey, "status": "none"}


def check(site: Site, text: str, draftitemid: int) -> tuple[bool, list[Fault], list[Fault]]:
    """Whether a program is heavy, all its faults, and what is to be known although it will work."""
    try:
        program = programs.read(text)
    except programs.Faulty as faulty:
        return False, faulty.faults, []
    notes: list[Fault] = []
    if program.files and not draftitemid:
        count = len(program.files)
        message = f"The contents of {count} files were not compared, because they are not uploaded yet"
        notes.append(Fault("files", "filesnotcompared", message, {"count": count}))
    faults = programs.faults(site, program, draftitemid, notes)
    return program.is_heavy, faults, [*notes, *_costs(site, program)]


def run(site: Site, opkey: str, text: str, draftitemid: int) -> dict[str, Any]:
    """Run a program under its key, or return what became of it when the key was seen before.

    Raises:
        MoodleProblem: `opkeyreused`, or the code of the program's first fault.
    """
    try:
        program = programs.read(text)
    except programs.Faulty as faulty:
        raise _refused(faulty.faults[0]) from None
    with site.store.transaction():
        if _seen(site, opkey, program.hash):
            return get(site, opkey)
        for fault in programs.faults(site, program, draftitemid):
            raise _refused(fault)
        for fault in programs.missing_files(site, program, draftitemid):
            raise _refused(fault)
        site.store.insert(
            "operation",
            opkey=opkey,
            kind="run",
            undoes="",
            ticket=program.ticket,
            hash=program.hash,
            program=text,
            status="queued",
            stepstotal=len(program.steps),
            timecreated=int(time.time()),
        )
        _keep_files(site, opkey, program, draftitemid)
        if not program.is_heavy:
            go_on(site, opkey)
    site.work_waiting.set()
    return get(site, opkey)


def undo(site: Site, opkey: str, undoes: str) -> dict[str, Any]:
    """Take back, under a key of its own, what another operation did.

    Raises:
        MoodleProblem: `opkeyreused`, `unknownoperation`, `notended`, `alreadyundone`.
    """
    with site.store.transaction():
        if _seen(site, opkey, f"undo {undoes}"):
            return get(site, opkey)
        done = site.store.row("SELECT * FROM operation WHERE opkey = ? AND kind = 'run'", undoes)
        if done is None:
            raise refusal("unknownoperation", f"There is no operation {undoes} that could be taken back")
        if done["status"] not in {"done", "failed"}:
            message = f"The operation {undoes} has not ended yet, or is being taken back"
            raise refusal("notended", message)
        if done["undone"]:
            message = f"The operation {undoes} was taken back already, by {done['undone']}"
            raise refusal("alreadyundone", message)
        rows = _left(site, undoes)
        site.store.insert(
            "operation",
            opkey=opkey,
            kind="undo",
            undoes=undoes,
            ticket=done["ticket"],
            hash=f"undo {undoes}",
            program="",
            status="queued",
            stepstotal=len(rows),
            timecreated=int(time.time()),
        )
        if (
            not any(kinds()[row["kind"]].is_undone_by_cron for row in rows)
            and len(rows) <= programs.LIGHT_STEPS
        ):
            go_on(site, opkey)
    site.work_waiting.set()
    return get(site, opkey)


def go_on(site: Site, opkey: str, stopping: threading.Event | None = None) -> None:
    """Bring an operation to its end from where it stands; returns early where `stopping` is set."""
    row = site.store.row("SELECT * FROM operation WHERE opkey = ?", opkey)
    assert row is not None
    _update(site, opkey, timestarted=row["timestarted"] or int(time.time()))
    if row["kind"] == "undo":
        _update(site, opkey, status="running")
        _take_back(site, opkey, row["undoes"])
        return
    if row["status"] != "undoing":
        _update(site, opkey, status="running")
        if not _forward(site, row, stopping):
            return
    _back(site, opkey)


def _forward(site: Site, row: Mapping[str, Any], stopping: threading.Event | None) -> bool:
    """Do the steps that have no row yet; returns whether the operation has to be taken back."""
    opkey = row["opkey"]
    program = programs.read(row["program"])
    results = {
        one["label"]: json.loads(one["result"])
        for one in site.store.rows("SELECT label, result FROM operation_step WHERE opkey = ?", opkey)
    }
    files = {
        one["sha256"]: (one["name"], site.files / one["path"])
        for one in site.store.rows("SELECT * FROM operation_file WHERE opkey = ?", opkey)
    }
    total = len(program.steps)
    for number, (name, label, given) in enumerate(program.steps):
        if label in results:
            continue
        kind = kinds()[name]

        at = f"steps[{number}] {name}"
        waits = kind.waits(site, given)
        if kind.heavy and stopping is not None:
            # What takes time stands before the transaction, so that others may read and write meanwhile.
            for piece in range(PIECES):
                _update(site, opkey, step=waits or at, progress=(number + piece / PIECES) / total)
                if stopping.wait(site.restore_seconds / PIECES):
                    return False
        try:
            with site.store.transaction():
                params = schema.resolved(schema.filled(kind.shape, given), results)
                results[label], record = _do(kind, Work(site, files), params, label in program.brings)
                site.store.insert(
                    "operation_step",
                    opkey=opkey,
                    number=number,
                    label=label,
                    kind=name,
                    result=json.dumps(results[label], ensure_ascii=False),
                    kept=json.dumps(record, ensure_ascii=False),
                )
                _update(site, opkey, step=at, progress=(number + 1) / total, stepsdone=number + 1)
        except Exception as error:  # noqa: BLE001 (whatever a step runs into ends its program, not the worker)
            code = error.errorcode if isinstance(error, Failure) else "stepfailed"
            reason = str(error) if isinstance(error, Failure) else repr(error)
            fault = Fault(f"steps[{number}]", code, reason)
            _update(
                site,
                opkey,
                status="undoing",
                errorcode=code,
                error=f"{at}: {reason}",
                faults=json.dumps([kept(fault)], ensure_ascii=False),
            )
            return True
    _update(
        site,
        opkey,
        status="done",
        progress=1.0,
        step="",
        result=json.dumps(results, ensure_ascii=False),
        timefinished=int(time.time()),
    )
    return False


def _do(
    kind: StepKind, work: Work, params: Mapping[str, Any], brings: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run a step, or bring what is there already to what it says."""
    found = kind.find(work.site, params) if brings else None
    if found is None:
        return kind.run(work, params)
    before = kind.differences(work.site, params, found)
    brought = {name: params[name] for name in before}
    kind.change(work.site, found, brought)
    found = kind.find(work.site, params) or found
    return {**found, "existing": "changed" if before else "kept"}, {FOUND: {"before": before, "to": brought}}


def _undo(site: Site, kind: StepKind, result: Mapping[str, Any], record: Mapping[str, Any]) -> None:
    found = record.get(FOUND)
    if found is None:
        kind.undo(site, result, record)
    elif found["before"]:
        if changed := kind.differences(site, found["to"], result):
            raise Changed(", ".join(changed))
        kind.change(site, result, found["before"])


def _back(site: Site, opkey: str) -> None:
    """A program that cannot go on takes back what it did."""
    _, steps, found = _undo_steps(site, opkey)
    why = found[0].message if found else ""
    left = [{"step": step, "reason": why} for step in steps]
    _update(
        site,
        opkey,
        status="failed",
        step="",
        result=json.dumps({"left": left}, ensure_ascii=False),
        timefinished=int(time.time()),
    )


def _take_back(site: Site, opkey: str, undoes: str) -> None:
    undone, left, found = _undo_steps(site, undoes, telling=opkey)
    result = json.dumps({"undone": undone, "left": left}, ensure_ascii=False)
    ended: dict[str, Any] = {"result": result, "step": "", "timefinished": int(time.time())}
    with site.store.transaction():
        if found:
            error = "; ".join(f"{one.path}: {one.message}" for one in found)
            faults = json.dumps([kept(one) for one in found], ensure_ascii=False)
            _update(
                site, opkey, status="failed", errorcode=found[0].code, error=error, faults=faults, **ended
            )
        else:
            _update(site, opkey, status="done", progress=1.0, **ended)
            _update(site, undoes, undone=opkey)


def _undo_steps(site: Site, opkey: str, telling: str = "") -> tuple[list[str], list[str], list[Fault]]:
    """Undo the steps of an operation, last first, until one cannot be; returns what was undone, what is left,
    and why.
    """
    undone: list[str] = []
    rows = _left(site, opkey)
    for place, row in enumerate(rows):
        name, path = f"steps[{row['number']}] {row['kind']}", f"steps[{row['number']}]"
        code, why = "", ""
        try:
            with site.store.transaction():
                _undo(site, kinds()[row["kind"]], json.loads(row["result"]), json.loads(row["kept"]))
                site.store.execute(
                    "UPDATE operation_step SET undone = 1 WHERE opkey = ? AND number = ?",
                    opkey,
                    row["number"],
                )
        except Changed as changed:
            code, why = "changedsince", f"Was changed since: {changed}"
        except (Failure, MoodleProblem) as failure:
            code, why = failure.errorcode or "stepfailed", str(failure)
        if code:
            left = [f"steps[{one['number']}] {one['kind']}" for one in rows[place:]]
            return undone, left, [Fault(path, code, why)]
        undone.append(name)
        if telling:
            _update(site, telling, stepsdone=place + 1, progress=(place + 1) / len(rows), step=name)
    return undone, [], []


def _left(site: Site, opkey: str) -> Sequence[Mapping[str, Any]]:
    """The steps of an operation that are not undone, last first."""
    return site.store.rows(
        "SELECT * FROM operation_step WHERE opkey = ? AND undone = 0 ORDER BY number DESC", opkey
    )


class Worker(threading.Thread):
    """Does what is queued, one operation after the other, as cron does ad hoc tasks."""

    def __init__(self, site: Site) -> None:
        super().__init__(name="sandbox-cron", daemon=True)
        self._site = site
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work until `stop` is called."""
        ran = 0.0
        while not self._stopping.is_set():
            self._site.work_waiting.clear()
            if time.monotonic() - ran > 1:
                ran = time.monotonic()
                self._site.cron_ran()
            row = self._site.store.row(
                f"SELECT opkey FROM operation WHERE status IN {UNENDED} AND timecreated <= ? ORDER BY id",
                time.time() - self._site.cron_seconds,
            )
            if row is None:
                self._site.work_waiting.wait(0.2)
            else:
                go_on(self._site, row["opkey"], self._stopping)

    def stop(self) -> None:
        """Stop, leaving what is being done for the next start."""
        self._stopping.set()
        self._site.work_waiting.set()
        self.join()


def _costs(site: Site, program: programs.Program) -> Iterator[Fault]:
    """What steps note of themselves."""
    for number, (name, _, given) in enumerate(program.steps):
        for note in kinds()[name].notes(site, schema.filled(kinds()[name].shape, given)):
            yield dataclasses.replace(note, path=f"steps[{number}].{note.path}")


def _seen(site: Site, opkey: str, fingerprint: str) -> bool:
    known = site.store.row("SELECT hash FROM operation WHERE opkey = ?", opkey)
    if known is not None and known["hash"] != fingerprint:
        raise refusal("opkeyreused", f"The operation key {opkey} was used for something else")
    return known is not None


def _keep_files(site: Site, opkey: str, program: programs.Program, draftitemid: int) -> None:
    """Copy the program's files to where a cleared draft area does not reach them."""
    held: Mapping[str, Path] = programs.stored(site, draftitemid) if program.files else {}
    for one in program.files:
        name = f"{opkey}-{one['sha256']}"
        shutil.copyfile(held[one["sha256"]], site.files / name)
        site.store.insert("operation_file", opkey=opkey, sha256=one["sha256"], name=one["name"], path=name)


def _refused(fault: Fault) -> MoodleProblem:
    return refusal(fault.code, f"{fault.path}: {fault.message}" if fault.path else fault.message)


def _update(site: Site, opkey: str, **values: Any) -> None:
    assignments = ", ".join(f"{name} = ?" for name in values)
    site.store.execute(f"UPDATE operation SET {assignments} WHERE opkey = ?", *values.values(), opkey)
