"""profile.create_field: a field of people's profiles."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import people
from bridge.sandbox.moodle.schema import Fault, Items, Shape, choice, flag, html, line
from bridge.sandbox.moodle.steps.base import Changed, Failure, StepKind, Work

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class ProfileCreateField(StepKind):
    """See the module."""

    name: ClassVar[str] = "profile.create_field"
    shape: ClassVar[Shape] = Shape(
        {
            "shortname": line(100),
            "name": line(1000),
            "datatype": choice(*people.TYPES),
            "category": line(255),
            "options": Items(line(1000), most=1000),
            "defaultvalue": line(1000, ""),
            "descriptionhtml": html(),
            "required": flag(default=False),
            "locked": flag(default=False),
            "unique": flag(default=False),
            "signup": flag(default=False),
            "visible": choice("all", "user", "none", default="all"),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"id": "int", "shortname": "text", "input": "text"}
    needs: ClassVar[tuple[str, ...]] = ("moodle/user:update",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        name = params["shortname"]
        if site.store.row("SELECT 1 FROM profile_field WHERE shortname = ? COLLATE NOCASE", name):
            yield Fault(
                "shortname", "shortnametaken", f"The short name {name} is already used", {"shortname": name}
            )
        options = params["options"]
        menu = params["datatype"] == "menu"
        if len(options) < 2 if menu else options:
            facts = {"count": len(options), "min": 2 * menu, "max": 1000 * menu}
            yield Fault("options", "paramcount", "A menu needs options, and nothing else has any", facts)
        for place, one in enumerate(options):
            if one in options[:place]:
                yield Fault(f"options[{place}]", "optiontwice", f"{one} stands twice", {"option": one})
        default = params["defaultvalue"]
        if default and (
            params["datatype"] in ("datetime", "textarea") or people.kept(params, default) is None
        ):
            facts = {"field": name, "value": default, "choices": ", ".join(options)}
            yield Fault("defaultvalue", "profilevalue", f"The field cannot hold {default}", facts)

    def claims(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """See `StepKind.claims`."""
        yield "shortname", "shortnametaken", ("profilefield", params["shortname"].casefold())

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        for fault in self.check(work.site, params):
            raise Failure(fault.code, fault.message)
        own = {name: params[name] for name in ("shortname", "name", "datatype", "category", "defaultvalue")}
        field = work.site.store.insert("profile_field", **own, options=json.dumps(params["options"]))
        name = params["shortname"]
        return {"id": field, "shortname": name, "input": f"{people.PREFIX}{name}"}, {"name": params["name"]}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        row = site.store.row("SELECT name FROM profile_field WHERE id = ?", result["id"])
        if row is None:
            return
        if row["name"] != kept["name"]:
            raise Changed(f"profile field {result['shortname']}")
        used = [json.loads(one["profile"]) for one in site.store.rows("SELECT profile FROM person")]
        if any(one.get(result["shortname"]) not in (None, "", "0") for one in used):
            raise Failure("profilefieldused", f"People have filled in the field {result['shortname']}")
        site.store.execute("DELETE FROM profile_field WHERE id = ?", result["id"])


KIND = ProfileCreateField()
