"""file.replace: another file in an element "File"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import elements
from bridge.sandbox.moodle.functions.contents import resource_file
from bridge.sandbox.moodle.schema import Fault, Field, Shape, choice, record
from bridge.sandbox.moodle.setting_steps import get, put
from bridge.sandbox.moodle.steps.base import Changed, Failure, Planned, StepKind, Work, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class FileReplace(StepKind):
    """See the module."""

    name: ClassVar[str] = "file.replace"
    shape: ClassVar[Shape] = Shape(
        {
            "course": record("course"),
            "element": elements.ELEMENT,
            "section": Field("int", None),
            "file": Field("file"),
            "display": choice("", "auto", "embed", "download", "open", "new", "popup", default=""),
        }
    )
    results: ClassVar[Mapping[str, str]] = {
        "cmid": "cm",
        "name": "text",
        "url": "text",
        "old": "text",
        "new": "text",
    }
    needs: ClassVar[tuple[str, ...]] = ("moodle/course:manageactivities",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        yield from _look(site, params)[1]

    def check_within(self, site: Site, params: Mapping[str, Any], planned: Planned) -> Iterator[Fault]:
        """See `StepKind.check_within`."""
        module, _ = _look(site, params)
        if module is not None:
            path = "section" if params["element"] is None else "element"
            yield from elements.doubled(planned, "file", module["id"], path)

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        site = work.site
        module, faults = _look(site, params)
        for fault in faults:
            raise Failure(fault.code, fault.message)
        assert module is not None
        before = get(site, "file", module["id"])
        old = before["name"] if before else resource_file(module)[0]
        name, path = work.files[params["file"]["file"]]
        after = {"name": name, "path": path.name, "display": params["display"]}
        put(site, "file", module["id"], after)
        url = f"{site.url}/mod/resource/view.php?id={module['id']}"
        told = {"cmid": module["id"], "name": module["name"], "url": url, "old": old, "new": name}
        return told, {"before": before, "after": after}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        now = get(site, "file", result["cmid"])
        if now not in (kept["before"], kept["after"]):
            raise Changed(f"file of {result['name']}")
        put(site, "file", result["cmid"], kept["before"])


def _look(site: Site, params: Mapping[str, Any]) -> tuple[Mapping[str, Any] | None, list[Fault]]:
    """The element, and what is wrong."""
    if (params["element"] is None) == (params["section"] is None):
        return None, [Fault("element", "elementnamed", "Name an element or a section")]
    if params["element"] is not None:
        return elements.look(site, params["course"], params["element"], "element", "resource")
    if not known(params["course"]):
        return None, []
    found = [
        one
        for one in site.modules(params["course"])
        if one["section"] == params["section"] and one["modname"] == "resource"
    ]
    facts: dict[str, Any] = {"element": str(params["section"])}
    if not found:
        return None, [Fault("section", "nofileinsection", "There is no file in the section", facts)]
    if len(found) > 1:
        facts["ids"] = ", ".join(str(one["id"]) for one in found)
        return None, [Fault("section", "filesinsection", "There are several files in the section", facts)]
    return found[0], []


KIND = FileReplace()
