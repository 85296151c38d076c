"""Steps: one file.replace for each file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.add_files.policy import Collected
from bridge.actions.named import named
from bridge.actions.places import find_place
from bridge.actions.program import Part, Step, Use
from bridge.actions.replace_files.params import ReplaceFilesParams


def plan(params: ReplaceFilesParams, context: Context) -> Plan:
    """Find the course, the sections and the files."""
    place = find_place(params, [one.section for one in params.replace if one.section], context)
    held = Collected(context.files)
    held.fetch([one.file for one in params.replace])
    steps, summary = [], []
    for number, one in enumerate(params.replace, 1):
        file = held.get(one.file)
        target: dict[str, Any] = (
            {"element": named(one.element, context)}
            if one.element
            else {"section": place.section(one.section)}
        )
        display = one.display or params.display
        wanted = {"course": place.course, **target, "file": Use(file.sha256), "display": display}
        steps.append(Step("file.replace", f"file{number}", wanted))
        where = one.element or place.section_name(target["section"])
        summary.append(f"{where}: {file.name} ({file.size} bytes){f', opens {display}' if display else ''}")
    title = f"replace {len(steps)} files in {place.course_name}; the old ones are kept for the undoing"
    return Plan((title, *summary), Part(tuple(steps), held.files), {"files": len(steps)})


def evidence(results: Results, _moodle: Reader) -> dict[str, Any]:
    """The elements with their addresses, their old files and their new ones."""
    names = ("cmid", "name", "url", "old", "new")
    return {
        "kind": "replaced-files",
        "files": [
            {name: one[name] for name in names}
            for label, one in results.items()
            if re.fullmatch(r"file\d+", label)
        ],
    }


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "replacement-deleted", "files": [one["name"] for one in found["files"]]}
