"""core_cohort_search_cohorts: cohorts by a part of their name, idnumber or description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bridge.sandbox.moodle.descriptions import Many, Struct, Value, default, optional
from bridge.sandbox.moodle.names import formatted
from bridge.sandbox.moodle.registry import external

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


@external(
    "core_cohort_search_cohorts",
    "Search for cohorts.",
    {
        "query": Value("raw", "Query string"),
        "context": Struct(
            {
                "contextid": default("int", 0, "Context ID. Either use this value, or level and instanceid."),
                "contextlevel": default("alphanum", "", "Context level. To be used with instanceid."),
                "instanceid": default("int", 0, "Context instance ID. To be used with level"),
            }
        ),
        "includes": default(
            "alpha",
            "parents",
            "What other contexts to fetch the frameworks from. (all, parents, self)",
        ),
        "limitfrom": default("int", 0, "limitfrom we are fetching the records from"),
        "limitnum": default("int", 25, "Number of records to fetch"),
    },
    Struct(
        {
            "cohorts": Many(
                Struct(
                    {
                        "id": Value("int"),
                        "name": Value("raw"),
                        "idnumber": Value("raw"),
                        "description": Value("raw"),
                        "descriptionformat": Value("int"),
                        "visible": Value("bool"),
                        "theme": optional("theme"),
                    }
                )
            )
        }
    ),
)
def search_cohorts(site: Site, params: Mapping[str, Any]) -> Any:
    """Cohorts of all contexts, as far as `limitnum` lets."""
    site.require("moodle/cohort:view")
    query = params["query"].casefold()
    found = [
        {
            **row,
            "name": formatted(row["name"]),
            "description": "",
            "descriptionformat": 1,
            "visible": bool(row["visible"]),
        }
        for row in site.store.rows("SELECT * FROM cohort ORDER BY name, id")
        if query in row["name"].casefold() or query in row["idnumber"].casefold()
    ]
    return {"cohorts": found[params["limitfrom"] :][: params["limitnum"]]}
