"""Elements of a course as programs name them: by id, by ID number or by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bridge.sandbox.moodle.schema import Fault, Field
from bridge.sandbox.moodle.setting_steps import get
from bridge.sandbox.moodle.steps.base import Failure, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

ELEMENT = Field("object", None)
GRADED = frozenset({"assign", "quiz", "lesson"})
SUBMITTED = frozenset({"assign", "quiz", "lesson", "forum", "glossary", "choice", "feedback", "data"})
"""Kinds whose completion can ask that something is handed in or gone through."""


def look(
    site: Site, course: Any, named: Any, path: str, modname: str = ""
) -> tuple[Mapping[str, Any] | None, list[Fault]]:
    """The module that is named, None where it is not there yet or not to be found; and what is wrong."""
    given = [value for value in named.values() if value] if isinstance(named, Mapping) else []
    if len(given) != 1:
        return None, [Fault(path, "elementnamed", "Name it by cm, idnumber or name")]
    if not known(given[0]):
        return None, []
    rows = _modules(site, course) if known(course) else []
    (key,) = (key for key, value in named.items() if value)
    column = {"cm": "id", "idnumber": "idnumber", "name": "name"}[key]
    found = [one for one in rows if one[column] == given[0] and modname in ("", one["modname"])]
    facts: dict[str, Any] = {"element": str(given[0])}
    if not found:
        alike = [one["name"] for one in rows if str(one["name"]).casefold() == str(given[0]).casefold()]
        message = f"There is no element {given[0]}"
        facts["alike"] = ", ".join(alike)
        return None, [Fault(path, "elementnotfound", message, facts)]
    if len(found) > 1:
        facts["ids"] = ", ".join(str(one["id"]) for one in found)
        return None, [Fault(path, "elementambiguous", f"Several elements are called {given[0]}", facts)]
    return found[0], []


def find(site: Site, course: int, named: Any, modname: str = "") -> Mapping[str, Any]:
    """The module that is named.

    Raises:
        Failure: there is none, or there are several.
    """
    found, faults = look(site, course, named, "element", modname)
    for fault in faults:
        raise Failure(fault.code, fault.message)
    assert found is not None
    return found


def key(named: Any, found: Mapping[str, Any] | None) -> Any:
    """What an element is called while a program is checked: its id, or the step that will make it."""
    return found["id"] if found else named.get("cm") if isinstance(named, Mapping) else None


def tracks(site: Site, course: Any, planned: Mapping[Any, Any]) -> bool:
    """Whether a course keeps completion when the step runs."""
    there = get(site, "course.completion", course) if known(course) else None
    return bool(planned.get(("course.completion", course), True if there is None else there))


def graded(site: Site, module: Mapping[str, Any]) -> bool:  # noqa: ARG001 (as the plugin's)
    """Whether an element has a grade."""
    return module["modname"] in GRADED


def doubled(planned: dict[tuple[str, Any], Any], what: str, thing: Any, path: str) -> Iterator[Fault]:
    """A thing that an earlier step of the program sets, too; it is noted."""
    if (f"{what} twice", thing) in planned:
        yield Fault(path, "elementtwice", "It is set twice in one program", {"element": str(thing)})
    planned[(f"{what} twice", thing)] = True


def _modules(site: Site, course: int) -> list[dict[str, Any]]:
    return site.store.rows(
        "SELECT m.*, COALESCE(d.idnumber, '') AS idnumber FROM module m "
        "LEFT JOIN module_detail d ON d.module = m.id WHERE m.course = ? ORDER BY m.section, m.id",
        course,
    )
