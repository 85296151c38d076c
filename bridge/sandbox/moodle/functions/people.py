"""core_user_get_users_by_field: accounts by id, idnumber, username or email."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from bridge.sandbox.moodle.descriptions import CLEANERS, Many, Struct, Value, clean_int, optional
from bridge.sandbox.moodle.problems import MoodleProblem, invalid_parameter
from bridge.sandbox.moodle.registry import external
from bridge.sandbox.moodle.site import THEME_REVISION

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

ALL_DETAILS: Mapping[str, Any] = {
    "department": "",
    "auth": "manual",
    "confirmed": True,
    "lang": "en",
    "theme": "",
    "mailformat": 1,
    "trackforums": 0,
}
FIELDS = ("id", "idnumber", "username", "email")


@external(
    "core_user_get_users_by_field",
    (
        "Retrieve users' information for a specified unique field - If you want to do a user search, use "
        "core_user_get_users() or core_user_search_identity()."
    ),
    {
        "field": Value("alpha", "id, idnumber, username or email"),
        "values": Many(Value("raw", "the value to match"), "the values to match"),
    },
    Many(
        Struct(
            {
                "id": Value("int"),
                "username": optional("raw"),
                "firstname": optional("text"),
                "lastname": optional("text"),
                "fullname": Value("text"),
                "email": optional("text"),
                "idnumber": optional("raw"),
                "firstaccess": optional("int"),
                "lastaccess": optional("int"),
                "suspended": optional("bool"),
                "department": optional("text"),
                "auth": optional("plugin"),
                "confirmed": optional("bool"),
                "lang": optional("safedir"),
                "theme": optional("plugin"),
                "mailformat": optional("int"),
                "trackforums": optional("int"),
                "timezone": optional("raw"),
                "profileimageurlsmall": Value("url"),
                "profileimageurl": Value("url"),
            }
        )
    ),
)
def get_users_by_field(site: Site, params: Mapping[str, Any]) -> Any:
    """Accounts whose field has one of the values; what is not found is left out, and so is who may not be
    searched for by that field: a login is shown only to those who see all details.
    """
    field = params["field"]
    if field not in FIELDS:
        raise MoodleProblem(
            "codingerror",
            "Coding error detected, it must be fixed by a programmer: invalid field parameter",
            php_class="core\\exception\\coding_exception",
        )
    for value in params["values"]:
        if _CLEANED[field](value) != str(value):
            raise invalid_parameter(f"The field '{field}' value is invalid: {value}")
    shown = {"id", "firstname", "lastname"}
    details: Mapping[str, Any] = {}
    if site.has_capability("moodle/user:viewalldetails"):
        shown |= {"username", "idnumber"}
        details = ALL_DETAILS
    if site.has_capability("moodle/site:viewuseridentity"):
        shown |= {"email"}
    if field not in shown or not site.has_capability("moodle/user:viewdetails"):
        return []
    marks = ", ".join("?" * len(params["values"]))
    values = [str(value) for value in params["values"]]
    column = "person.idnumber" if field == "idnumber" else f"user.{field}"
    rows = site.store.rows(
        "SELECT user.*, person.idnumber FROM user LEFT JOIN person ON person.user = user.id "
        f"WHERE {column} IN ({marks}) AND {column} <> '' ORDER BY user.id",
        *values,
    )
    return [{**_told(site, row, shown), **details} for row in rows]


_CLEANED: Mapping[str, Callable[[Any], str]] = {
    "id": lambda value: str(clean_int(value)),
    "idnumber": lambda value: str(CLEANERS["raw"](value)),
    "username": lambda value: re.sub(r"[^-.@_a-z0-9]", "", str(value).lower()),
    "email": lambda value: str(CLEANERS["raw"](value)),
}


def _told(site: Site, row: Mapping[str, Any], shown: Collection[str]) -> dict[str, Any]:
    picture = f"{site.url}/theme/image.php/boost/core/{THEME_REVISION}/u/"
    return {
        **{name: value for name, value in row.items() if name in shown and value not in (None, "")},
        "fullname": f"{row['firstname']} {row['lastname']}",
        "firstaccess": 0,
        "lastaccess": 0,
        "suspended": False,
        "timezone": "99",
        "profileimageurlsmall": f"{picture}f2",
        "profileimageurl": f"{picture}f1",
    }
