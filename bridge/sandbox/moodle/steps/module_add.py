"""module.add: an activity or a resource in a section of a course."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import schema
from bridge.sandbox.moodle.activities import ACTIVITIES
from bridge.sandbox.moodle.schema import (
    Fault,
    Field,
    Items,
    Reading,
    Shape,
    choice,
    flag,
    html,
    line,
    number,
    record,
)
from bridge.sandbox.moodle.steps.base import Changed, Failure, StepKind, Work, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class ModuleAdd(StepKind):
    """See the module. What each kind takes stands in bridge/sandbox/moodle/activities.py."""

    name: ClassVar[str] = "module.add"
    undo_heavy: ClassVar[bool | None] = True  # the recycle bin of the course backs it up first
    shape: ClassVar[Shape] = Shape(
        {
            "course": record("course"),
            "section": number(least=0),
            "type": choice(*ACTIVITIES),
            "name": line(255, ""),
            "introhtml": html(),
            "showintro": flag(default=False),
            "idnumber": line(100, ""),
            "visible": flag(default=True),
            "settings": Field("object", {}),
            "files": Items(Field("file"), most=100),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"cmid": "cm", "instance": "int", "url": "text"}
    repeats: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = (
        "moodle/course:manageactivities",
        "moodle/course:activityvisibility",
        *(f"mod/{kind}:addinstance" for kind in ACTIVITIES),
    )

    def needed(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """See `StepKind.needed`."""
        hidden = () if params["visible"] else ("moodle/course:activityvisibility",)
        return ("moodle/course:manageactivities", f"mod/{params['type']}:addinstance", *hidden)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        course, section, idnumber = params["course"], params["section"], params["idnumber"]
        if known(course):
            if known(section) and not site.store.row(
                "SELECT 1 FROM section WHERE course = ? AND number = ?", course, section
            ):
                message = f"The course has no section {section}"
                yield Fault("section", "sectionnotfound", message, {"section": section})
            if idnumber and site.store.row(
                "SELECT 1 FROM module_detail WHERE course = ? AND idnumber = ?", course, idnumber
            ):
                message = f"The ID number {idnumber} is taken"
                yield Fault("idnumber", "idnumbertaken", message, {"idnumber": idnumber})
        if not params["name"] and params["type"] != "label":
            facts = {"length": 0, "min": 1, "max": 255}
            yield Fault("name", "paramlength", "Must not be empty", facts)
        activity, count = ACTIVITIES[params["type"]], len(params["files"])
        least, most = activity.files
        if not least <= count <= most:
            facts = {"count": count, "min": least, "max": most}
            yield Fault("files", "paramcount", f"Must be {least} to {most} files", facts)
        if len({one["file"] for one in params["files"]}) != count:
            yield Fault("files", "filetwice", "A file stands twice")
        if activity.settings is not None:
            reading = Reading({}, (), lambda *_: None)
            found = list(schema.faults(activity.settings, params["settings"], "settings", reading))
            yield from found
            if not found:
                for fault in activity.check(schema.filled(activity.settings, params["settings"])):
                    yield Fault(f"settings.{fault.path}", fault.code, fault.message, fault.facts)

    def claims(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """See `StepKind.claims`."""
        if params["idnumber"]:
            yield "idnumber", "idnumbertaken", ("module", params["course"], params["idnumber"])

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        site = work.site
        for fault in self.check(site, params):
            raise Failure(fault.code, fault.message)
        module = site.store.insert(
            "module",
            course=params["course"],
            section=params["section"],
            modname=params["type"],
            name=params["name"],
            contextid=site.store.new_context(),
        )
        shape = ACTIVITIES[params["type"]].settings
        settings = params["settings"] if shape is None else schema.filled(shape, params["settings"])
        site.store.insert(
            "module_detail",
            module=module,
            course=params["course"],
            idnumber=params["idnumber"],
            intro=params["introhtml"],
            settings=json.dumps(settings, ensure_ascii=False),
            files=json.dumps([work.files[one["file"]][0] for one in params["files"]], ensure_ascii=False),
        )
        return _told(site, params["type"], module), {"name": params["name"]}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        found = site.store.row("SELECT name FROM module WHERE id = ?", result["cmid"])
        if found is None:
            return
        added = site.store.row("SELECT name FROM part WHERE module = ?", result["cmid"])
        if found["name"] != kept["name"] or added is not None:
            raise Changed(f"module {kept['name']}")
        site.store.execute("DELETE FROM module_detail WHERE module = ?", result["cmid"])
        site.store.execute("DELETE FROM module WHERE id = ?", result["cmid"])

    def find(self, site: Site, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """See `StepKind.find`."""
        course, kind = params["course"], params["type"]
        if not known(course):
            return None
        column, value = (
            ("d.idnumber", params["idnumber"]) if params["idnumber"] else ("m.name", params["name"])
        )
        rows = site.store.rows(
            "SELECT m.id FROM module m JOIN module_detail d ON d.module = m.id"
            f" WHERE m.course = ? AND m.modname = ? AND {column} = ?",
            course,
            kind,
            value,
        )
        return _told(site, kind, rows[0]["id"]) if len(rows) == 1 else None

    def differences(self, site: Site, params: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
        """See `StepKind.differences`."""
        row = site.store.row(
            "SELECT m.name, d.intro AS introhtml FROM module m JOIN module_detail d ON d.module = m.id"
            " WHERE m.id = ?",
            found["cmid"],
        )
        return {name: value for name, value in (row or {}).items() if params.get(name, "") not in ("", value)}

    def change(self, site: Site, result: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """See `StepKind.change`."""
        if "name" in values:
            site.store.execute("UPDATE module SET name = ? WHERE id = ?", values["name"], result["cmid"])
        if "introhtml" in values:
            site.store.execute(
                "UPDATE module_detail SET intro = ? WHERE module = ?", values["introhtml"], result["cmid"]
            )


def _told(site: Site, kind: str, module: int) -> dict[str, Any]:
    return {"cmid": module, "instance": module, "url": f"{site.url}/mod/{kind}/view.php?id={module}"}


KIND = ModuleAdd()
