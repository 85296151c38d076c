"""core_group_get_course_groups: the groups of a course."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bridge.sandbox.moodle.descriptions import Many, Struct, Value
from bridge.sandbox.moodle.names import formatted
from bridge.sandbox.moodle.registry import external

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


@external(
    "core_group_get_course_groups",
    "Returns all groups in specified course.",
    {"courseid": Value("int", "id of course")},
    Many(
        Struct(
            {
                "id": Value("int"),
                "courseid": Value("int"),
                "name": Value("text"),
                "description": Value("raw"),
                "descriptionformat": Value("int"),
                "enrolmentkey": Value("raw"),
                "idnumber": Value("raw"),
                "visibility": Value("int"),
                "participation": Value("bool"),
            }
        )
    ),
)
def get_course_groups(site: Site, params: Mapping[str, Any]) -> Any:
    """All groups of a course."""
    site.course(params["courseid"])
    site.require("moodle/course:managegroups")
    return [
        {
            "id": row["id"],
            "courseid": row["course"],
            "name": formatted(row["name"]),
            "description": "",
            "descriptionformat": 1,
            "enrolmentkey": "",
            "idnumber": row["idnumber"],
            "visibility": 0,
            "participation": True,
        }
        for row in site.store.rows('SELECT * FROM "group" WHERE course = ? ORDER BY name', params["courseid"])
    ]
