"""certificate.add: a certificate in a course, of the module customcert."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle.schema import Fault, Field, Items, Shape, choice, flag, html, line, number, record
from bridge.sandbox.moodle.steps.base import Changed, Failure, StepKind, Work, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

MODULES = ("customcert", "simplecertificate")
KINDS = ("text", "learner", "course", "grade", "date", "code")
_LINE = Shape(
    {
        "kind": choice(*KINDS),
        "text": line(500, ""),
        "size": number(least=6, default=18),
        "colour": line(7, "#000000"),
        "bold": flag(default=False),
        "align": choice("left", "center", "right", default="center"),
        "space": number(least=0, default=4),
    }
)


class CertificateAdd(StepKind):
    """See the module."""

    name: ClassVar[str] = "certificate.add"
    shape: ClassVar[Shape] = Shape(
        {
            "course": record("course"),
            "section": number(least=0),
            "module": choice("", *MODULES, default=""),
            "name": line(255),
            "introhtml": html(),
            "idnumber": line(100, ""),
            "visible": flag(default=True),
            "width": number(least=50, default=297),
            "height": number(least=50, default=210),
            "top": number(least=0, default=60),
            "margin": number(least=0, default=20),
            "background": Field("file", None),
            "lines": Items(_LINE, ..., most=40),
            "date": choice("issued", "completed", default="issued"),
            "gradeformat": choice("points", "percent", "letter", default="percent"),
            "lang": line(20, ""),
            "email": flag(default=False),
            "verifyany": flag(default=False),
            "mingrade": line(20, ""),
            "completed": Items(record("cm"), most=100),
        }
    )
    results: ClassVar[Mapping[str, str]] = {
        "cmid": "cm",
        "instance": "int",
        "url": "text",
        "module": "text",
        "picture": "text",
    }
    needs: ClassVar[tuple[str, ...]] = (
        "moodle/course:manageactivities",
        "moodle/course:activityvisibility",
        "mod/customcert:addinstance",
    )

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        if params["module"] == "simplecertificate":
            message = "This site has no activities of the kind simplecertificate"
            yield Fault("module", "moduleoff", message, {"type": "simplecertificate"})
        course, section = params["course"], params["section"]
        if known(course) and not site.store.row(
            "SELECT 1 FROM section WHERE course = ? AND number = ?", course, section
        ):
            message = f"The course has no section {section}"
            yield Fault("section", "sectionnotfound", message, {"section": section})
        if (
            known(course)
            and params["idnumber"]
            and site.store.row(
                "SELECT 1 FROM module_detail WHERE course = ? AND idnumber = ?", course, params["idnumber"]
            )
        ):
            message = f"The ID number {params['idnumber']} is taken"
            yield Fault("idnumber", "idnumbertaken", message, {"idnumber": params["idnumber"]})
        if not params["lines"]:
            yield Fault("lines", "paramcount", "Must be at least 1", {"count": 0, "min": 1, "max": 40})
        if 2 * params["margin"] >= params["width"]:
            facts = {"value": params["margin"], "min": 0, "max": params["width"] // 2 - 1}
            yield Fault("margin", "paramrange", "Leaves no room", facts)
        down = float(params["top"])
        for place, one in enumerate(params["lines"]):
            if one["kind"] == "text" and not one["text"].strip():
                facts = {"length": 0, "min": 1, "max": 500}
                yield Fault(f"lines[{place}].text", "paramlength", "Must not be empty", facts)
            down += one["space"] + one["size"] * 0.3528
            if down > params["height"]:
                facts = {"height": params["height"], "number": place + 1}
                message = f"Line {place + 1} of the certificate lies below the page"
                yield Fault(f"lines[{place}]", "offpage", message, facts)
                return

    def check_files(self, params: Mapping[str, Any], held: Mapping[str, Path]) -> Iterator[Fault]:
        """See `StepKind.check_files`."""
        path = held.get(params["background"]["file"]) if params["background"] else None
        if path is not None and path.read_bytes()[:3] not in (b"\x89PN", b"\xff\xd8\xff"):
            facts = {"name": path.name, "types": "png, jpg, jpeg"}
            yield Fault("background", "notpicture", f"{path.name} is not a picture", facts)

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
            modname="customcert",
            name=params["name"],
            contextid=site.store.new_context(),
        )
        picture = work.files[params["background"]["file"]][0] if params["background"] else ""
        settings = {name: params[name] for name in ("lines", "date", "gradeformat", "mingrade", "completed")}
        site.store.insert(
            "module_detail",
            module=module,
            course=params["course"],
            idnumber=params["idnumber"],
            intro=params["introhtml"],
            settings=json.dumps(settings, ensure_ascii=False),
            files=json.dumps([picture] if picture else [], ensure_ascii=False),
        )
        url = f"{site.url}/mod/customcert/view.php?id={module}"
        result = {"cmid": module, "instance": module, "url": url, "module": "customcert", "picture": picture}
        return result, {"name": params["name"]}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        found = site.store.row("SELECT name FROM module WHERE id = ?", result["cmid"])
        if found is None:
            return
        if found["name"] != kept["name"]:
            raise Changed(f"certificate {kept['name']}")
        site.store.execute("DELETE FROM module_detail WHERE module = ?", result["cmid"])
        site.store.execute("DELETE FROM module WHERE id = ?", result["cmid"])


KIND = CertificateAdd()
