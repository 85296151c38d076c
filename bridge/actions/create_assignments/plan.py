"""Steps: one module.add for each assignment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.create_assignments.params import Assignment, CreateAssignmentsParams
from bridge.actions.elements import add, decimal, longest, made, moment
from bridge.actions.named import makes
from bridge.actions.places import find_place
from bridge.actions.program import Part

_HANDED_IN = {"file": ["file"], "text": ["onlinetext"], "both": ["file", "onlinetext"]}


def plan(params: CreateAssignmentsParams, context: Context) -> Plan:
    """Find the course and the sections."""
    place = find_place(params, [one.section or params.section for one in params.assignment], context)
    steps = tuple(
        add(f"assignment{number}", "assign", one, (place, params.section), _settings(one, context.zone))
        for number, one in enumerate(params.assignment, 1)
    )
    summary = (
        f"create {len(steps)} assignments in {place.course_name}",
        *(
            f"{one.name}: {place.section_name(step.params['section'])}, {_times(one)}grade {one.grade}"
            for one, step in zip(params.assignment, steps, strict=True)
        ),
    )
    counts = {
        "assignments": len(steps),
        "characters": longest([one.description for one in params.assignment]),
    }
    return Plan(summary, Part(steps), counts, makes(steps))


def evidence(results: Results, _moodle: Reader) -> dict[str, Any]:
    """The assignments with their addresses."""
    return {"kind": "assignments", "assignments": made(results, "assignment")}


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "assignments-deleted", "assignments": [one["name"] for one in found["assignments"]]}


def _settings(one: Assignment, zone: tzinfo) -> dict[str, Any]:
    return {
        "allowsubmissionsfromdate": moment(one.opens, zone),
        "duedate": moment(one.due, zone),
        "cutoffdate": moment(one.cutoff, zone),
        "gradingduedate": moment(one.grade_by, zone),
        "grade": one.grade,
        "gradepass": decimal(one.grade_to_pass),
        "submissiontypes": _HANDED_IN[one.hand_in],
        "filetypes": one.file_types,
        "wordlimit": one.words_at_most or 0,
        "maxattempts": one.attempts,
        "teamsubmission": one.teams,
        "maxfiles": one.max_files,
    }


def _times(one: Assignment) -> str:
    """The times for operators, by the site's clock."""
    times: list[tuple[str, datetime | None]] = [("from", one.opens), ("due", one.due), ("until", one.cutoff)]
    return "".join(f"{name} {value:%Y-%m-%d %H:%M}, " for name, value in times if value is not None)
