"""Steps: one module.add for each file, and for each folder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Context, Plan, Reader, Results, TicketFile
from bridge.actions.add_files.params import AddFilesParams
from bridge.actions.add_files.policy import Collected, refuse_conversion
from bridge.actions.elements import add, made
from bridge.actions.named import makes
from bridge.actions.places import find_place
from bridge.actions.program import Part, Use


def plan(params: AddFilesParams, context: Context) -> Plan:
    """Find the course, the sections and the files."""
    refuse_conversion(context.variant)
    elements = (*params.file, *params.folder)
    place = find_place(params, [one.section or params.section for one in elements], context)
    where = (place, params.section)
    held = Collected(context.files)
    held.fetch([one.file for one in params.file] + [name for one in params.folder for name in one.files])
    steps, summary, count = [], [], 0
    for number, one in enumerate(params.file, 1):
        file = held.get(one.file)
        settings = {"display": one.display or params.display}
        step = add(f"file{number}", "resource", one, where, settings, files=[Use(file.sha256)])
        steps.append(step)
        summary.append(f"{one.name}: {_described(file)}, {place.section_name(step.params['section'])}")
        count += 1
    for number, folder in enumerate(params.folder, 1):
        files = [held.get(name) for name in folder.files]
        held.refuse_same(files)
        uses = [Use(one.sha256) for one in files]
        step = add(f"folder{number}", "folder", folder, where, {"display": folder.display}, files=uses)
        steps.append(step)
        names = ", ".join(map(_described, files))
        summary.append(f"folder {folder.name}: {names}, {place.section_name(step.params['section'])}")
        count += len(files)
    return Plan(
        (f"add {count} files to {place.course_name}", *summary),
        Part(tuple(steps), held.files),
        {"files": count},
        makes(steps),
    )


def evidence(results: Results, _moodle: Reader) -> dict[str, Any]:
    """The elements with their addresses; of a folder, how many files it holds."""
    held = {one["cmid"]: len(one["files"]) for one in results.values()}
    folders = [{**one, "files": held[one["cmid"]]} for one in made(results, "folder")]
    return {"kind": "files", "files": made(results, "file"), "folders": folders}


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "files-deleted", "files": [one["name"] for one in (*found["files"], *found["folders"])]}


def _described(file: TicketFile) -> str:
    return f"{file.name} ({file.size} bytes)"
