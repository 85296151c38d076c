"""core_user_get_users_by_field: accounts by id, idnumber, username or email."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bridge.sandbox.moodle.descriptions import Many, Struct, Value, optional
from bridge.sandbox.moodle.problems import invalid_parameter
from bridge.sandbox.moodle.registry import external

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

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
                "profileimageurlsmall": Value("url"),
                "profileimageurl": Value("url"),
            }
        )
    ),
)
def get_users_by_field(site: Site, params: Mapping[str, Any]) -> Any:
    """Accounts whose field has one of the values; what is not found is left out."""
    field = params["field"]
    if field not in FIELDS:
        raise invalid_parameter(f"The search field '{field}' is invalid.")
    found = []
    column = "person.idnumber" if field == "idnumber" else f"user.{field}"
    for value in params["values"]:
        for row in site.store.rows(
            "SELECT user.*, person.idnumber FROM user LEFT JOIN person ON person.user = user.id "
            f"WHERE {column} = ? AND {column} <> ''",
            str(value),
        ):
            image = f"{site.url}/theme/image.php/boost/core/1/u/f1"
            fullname = f"{row['firstname']} {row['lastname']}"
            pictures = {"profileimageurlsmall": image, "profileimageurl": image}
            found.append({**row, "fullname": fullname, **pictures})
    return found
