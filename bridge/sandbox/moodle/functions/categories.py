"""core_course_get_categories: categories by criteria, with their subcategories."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bridge.sandbox.moodle.descriptions import Many, Need, Struct, Value, clean_int, default, optional
from bridge.sandbox.moodle.names import formatted
from bridge.sandbox.moodle.problems import MoodleProblem, database_read
from bridge.sandbox.moodle.registry import external

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


@external(
    "core_course_get_categories",
    "Return category details",
    {
        "criteria": Many(Struct({"key": Value("alpha"), "value": Value("raw")}), "criteria", Need.DEFAULT),
        "addsubcategories": default("bool", 1, "return the sub categories infos"),
    },
    Many(
        Struct(
            {
                "id": Value("int"),
                "name": Value("raw"),
                "idnumber": optional("raw"),
                "description": Value("raw"),
                "descriptionformat": Value("int"),
                "parent": Value("int"),
                "sortorder": Value("int"),
                "coursecount": Value("int"),
                "visible": optional("int"),
                "visibleold": optional("int"),
                "timemodified": optional("int"),
                "depth": Value("int"),
                "path": Value("text"),
                "theme": optional("theme"),
            }
        )
    ),
)
def get_categories(site: Site, params: Mapping[str, Any]) -> Any:
    """Categories that match all criteria, with their subcategories unless told otherwise."""
    every = site.store.rows(
        "SELECT c.*, (SELECT COUNT(*) FROM course WHERE category = c.id) AS coursecount FROM "
        "category c ORDER BY path"
    )
    for number, record in enumerate(every, 1):
        record |= {
            "description": "",
            "plainname": record["name"],
            "name": formatted(record["name"]),
            "descriptionformat": 1,
            "sortorder": 10000 * number,
            "visible": 1,
            "visibleold": 1,
            "depth": record["path"].count("/"),
            "theme": "",
        }
    wanted: dict[str, str] = {}
    for item in params["criteria"]:
        wanted.setdefault(item["key"], item["value"])  # of two with one key the first counts
    manager = site.has_capability("moodle/category:manage")
    for key in wanted:
        _refuse_unknown(key, manager=manager)
    found = [record for record in every if all(_matches(record, *one) for one in wanted.items())]
    if params["criteria"] and params["addsubcategories"]:
        inside = tuple(record["path"] + "/" for record in found)
        found = [record for record in every if record in found or record["path"].startswith(inside)]
    return [{key: value for key, value in one.items() if manager or key not in MANAGERS} for one in found]


MANAGERS = frozenset({"idnumber", "visible", "visibleold", "timemodified", "theme"})
"""What is told of a category to those only who may manage it."""


def _refuse_unknown(key: str, *, manager: bool) -> None:
    known = {"id", "ids", "parent", "visible", "name"} | ({"idnumber", "theme"} if manager else set())
    if key not in known:
        raise MoodleProblem(
            "criteriaerror",
            "Missing permissions to search on a criterion.",
            debuginfo=f"You can not search on this criteria: {key}",
        )


def _matches(category: Mapping[str, Any], key: str, value: str) -> bool:
    if key == "ids":
        ids = re.sub("[^0-9,]", "", value).split(",")
        if "" in ids:
            raise database_read()
        return str(category["id"]) in ids
    if key in {"id", "parent", "visible"}:
        return bool(category[key] == clean_int(value))
    return bool(category["plainname" if key == "name" else key] == value)
