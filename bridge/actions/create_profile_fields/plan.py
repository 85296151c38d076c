"""Steps: a profile.create_field for each field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.actions.accounts import made_field
from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.create_profile_fields.params import CreateProfileFieldsParams
from bridge.actions.program import Part, Step, ref
from bridge.actions.texts import paragraphs


def plan(params: CreateProfileFieldsParams, _context: Context) -> Plan:
    """Nothing is looked up: Moodle's check tells what is taken."""
    steps = tuple(
        Step(
            "profile.create_field",
            f"field{number}",
            {
                "shortname": one.shortname,
                "name": one.name,
                "datatype": one.type,
                "category": one.category or params.category,
                "options": list(one.options),
                "defaultvalue": one.default,
                "descriptionhtml": paragraphs(one.description),
                "required": one.required,
                "locked": one.locked,
                "unique": one.unique,
                "signup": one.signup,
                "visible": one.visible,
            },
        )
        for number, one in enumerate(params.field, 1)
    )
    makes = {
        made_field(one.shortname): ref(f"field{number}", "input")
        for number, one in enumerate(params.field, 1)
    }
    fields = ", ".join(f"{one.name} ({one.shortname}, {one.type})" for one in params.field)
    return Plan((f"create {len(params.field)} profile fields: {fields}",), Part(steps), {}, makes)


def evidence(results: Results, moodle: Reader) -> dict[str, Any]:
    """The fields, and where the administrator sees them."""
    return {
        "kind": "profile-fields",
        "fields": [
            {"field_id": one["id"], "shortname": one["shortname"], "name": one["name"]}
            for one in results.values()
        ],
        "url": f"{moodle.base_url}/user/profile/index.php",
    }


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "profile-fields-deleted", "fields": [one["shortname"] for one in found["fields"]]}
