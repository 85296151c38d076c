"""access.restrict: who may open an element or a section, and when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import elements
from bridge.sandbox.moodle.schema import Fault, Field, Items, Shape, choice, flag, line, number, record
from bridge.sandbox.moodle.setting_steps import Settings, SettingStep, get
from bridge.sandbox.moodle.steps.base import Planned, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

PROFILE = frozenset(
    {"firstname", "lastname", "email", "city", "country", "idnumber", "institution", "department"}
    | {"phone1", "phone2", "address"}
)
_CONDITION = Shape(
    {
        "type": choice("completion", "grade", "group", "grouping", "date", "profile"),
        "not": flag(default=False),
        "element": elements.ELEMENT,
        "state": choice("complete", "incomplete", "pass", "fail", default="complete"),
        "total": flag(default=False),
        "min": line(20, ""),
        "max": line(20, ""),
        "group": Field("group", None),
        "grouping": Field("grouping", None),
        "name": line(254, ""),
        "from": number(default=0),
        "until": number(default=0),
        "field": line(100, ""),
        "operator": choice(
            "isequalto", "contains", "doesnotcontain", "startswith", "endswith", "isempty", "isnotempty",
            default="isequalto",
        ),
        "value": line(255, ""),
    }
)  # fmt: skip


class AccessRestrict(SettingStep):
    """See the module."""

    name: ClassVar[str] = "access.restrict"
    shape: ClassVar[Shape] = Shape(
        {
            "course": record("course"),
            "element": elements.ELEMENT,
            "section": Field("int", None),
            "match": choice("all", "any", default="all"),
            "shown": flag(default=True),
            "earlier": choice("refuse", "replace", "keep", default="refuse"),
            "conditions": Items(_CONDITION, ..., most=20),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"changed": "bool", "name": "text", "url": "text"}
    needs: ClassVar[tuple[str, ...]] = ("moodle/course:manageactivities", "moodle/course:update")

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        if (params["element"] is None) == (params["section"] is None):
            yield Fault("element", "elementnamed", "Name an element or a section")
            return
        if params["element"] is not None:
            yield from elements.look(site, params["course"], params["element"], "element")[1]
        elif known(params["course"]) and _section(site, params) is None:
            message = f"The course has no section {params['section']}"
            yield Fault("section", "sectionnotfound", message, {"section": params["section"]})
        for place, one in enumerate(params["conditions"]):
            path = f"conditions[{place}]"
            for fault in _FAULTS[one["type"]](site, params["course"], one):
                yield Fault(f"{path}.{fault.path}", fault.code, fault.message, fault.facts)

    def check_within(self, site: Site, params: Mapping[str, Any], planned: Planned) -> Iterator[Fault]:
        """See `StepKind.check_within`."""
        key = _key(site, params)
        if key is None:
            return
        yield from elements.doubled(planned, "access", key, "element")
        waits: list[Any] = []
        for place, one in enumerate(params["conditions"]):
            if one["type"] != "completion":
                continue
            module, faults = elements.look(site, params["course"], one["element"], "")
            other = elements.key(one["element"], module)
            if faults or other is None:
                continue
            if not elements.tracks(site, params["course"], planned):
                yield Fault("course", "completionoff", "The course does not track completion")
                continue
            there = get(site, "completion", module["id"]) if module else None
            set_ = planned.get(("completion", other), there) or {"tracking": "none"}
            facts = {"element": str(other)}
            if set_["tracking"] == "none":
                message = "Nobody could ever complete it"
                yield Fault(f"conditions[{place}].element", "completionnone", message, facts)
            elif one["state"] in ("pass", "fail") and not (set_["grade"] or set_["passgrade"]):
                message = "It is completed without a grade"
                yield Fault(f"conditions[{place}].state", "completionungraded", message, facts)
            alone = params["match"] == "all" or len(params["conditions"]) == 1
            if one["state"] != "incomplete" and alone and not one["not"]:
                waits.append(other)
        planned[("access", key)] = waits
        if _loops(site, planned, key):
            message = "It would wait for itself"
            yield Fault("conditions", "restrictionloop", message, {"element": str(key)})
        if params["earlier"] == "refuse" and isinstance(key, int):
            there = get(site, "access", key)
            if there and there != self._tree(site, params):
                message = "It is restricted already"
                yield Fault("earlier", "alreadyrestricted", message, {"element": str(key)})

    def wanted(self, site: Site, params: Mapping[str, Any]) -> Settings:
        """See `SettingStep.wanted`."""
        key = _key(site, params)
        there, new = get(site, "access", key), self._tree(site, params)
        if params["earlier"] == "keep" and there and there != new:
            new = {
                "match": "all",
                "shown": params["shown"],
                "conditions": [there, new],
                "waits": new["waits"],
            }
        return {("access", key): new if new["conditions"] else None}

    def told(self, site: Site, params: Mapping[str, Any]) -> dict[str, Any]:
        """See `SettingStep.told`."""
        if params["element"] is None:
            row = _section(site, params)
            assert row is not None
            url = f"{site.url}/course/view.php?id={params['course']}#section-{params['section']}"
            return {"cmid": None, "section": params["section"], "name": row["name"], "url": url}
        module = elements.find(site, params["course"], params["element"])
        url = f"{site.url}/mod/{module['modname']}/view.php?id={module['id']}"
        return {"cmid": module["id"], "section": None, "name": module["name"], "url": url}

    def _tree(self, site: Site, params: Mapping[str, Any]) -> dict[str, Any]:
        """The restrictions as they are kept."""
        waits = [
            elements.find(site, params["course"], one["element"])["id"]
            for one in params["conditions"]
            if one["type"] == "completion"
            and one["state"] != "incomplete"
            and not one["not"]
            and known(params["course"])
            and known(one["element"].get("cm"))
        ]
        alone = params["match"] == "all" or len(params["conditions"]) == 1
        conditions = [{**one, "group": str(one["group"])} for one in params["conditions"]]
        return {
            "match": params["match"],
            "shown": params["shown"],
            "conditions": conditions,
            "waits": waits if alone else [],
        }


def _section(site: Site, params: Mapping[str, Any]) -> Mapping[str, Any] | None:
    return site.store.row(
        "SELECT * FROM section WHERE course = ? AND number = ?", params["course"], params["section"]
    )


def _key(site: Site, params: Mapping[str, Any]) -> Any:
    """An element's id, a section's with a minus, or what will be there."""
    if params["element"] is not None:
        return elements.key(
            params["element"], elements.look(site, params["course"], params["element"], "")[0]
        )
    row = _section(site, params) if known(params["course"]) else None
    return -row["id"] if row else ("section", params["course"], params["section"])


def _loops(site: Site, planned: Planned, start: Any) -> bool:
    """Whether something waits for itself, by way of elements and of the sections that they are in."""
    seen, ahead = set(), [*planned[("access", start)], *_within(site, start)]
    while ahead:
        one = ahead.pop()
        if one == start:
            return True
        if one in seen:
            continue
        seen.add(one)
        there = (get(site, "access", one) or {}).get("waits", []) if isinstance(one, int) else []
        ahead += [*planned.get(("access", one), there), *_within(site, one)]
    return False


def _within(site: Site, key: Any) -> list[Any]:
    """The section that an element is in."""
    if not isinstance(key, int) or key < 0:
        return []
    rows = site.store.rows(
        "SELECT s.id FROM section s JOIN module m ON m.course = s.course AND m.section = s.number "
        "WHERE m.id = ?",
        key,
    )
    return [-row["id"] for row in rows]


def _completion(site: Site, course: Any, one: Mapping[str, Any]) -> Iterator[Fault]:
    yield from elements.look(site, course, one["element"] or {}, "element")[1]


def _grade(site: Site, course: Any, one: Mapping[str, Any]) -> Iterator[Fault]:
    least, most = one["min"], one["max"]
    if not (least or most) or (least and most and Decimal(most) <= Decimal(least)):
        yield Fault("min", "graderange", "No grade is like that", {"min": least, "max": most})
    elif not one["total"]:
        module, faults = elements.look(site, course, one["element"] or {}, "element")
        yield from faults
        if module and not elements.graded(site, module):
            facts = {"element": module["name"], "type": module["modname"]}
            yield Fault("element", "completionnograde", "It is not graded", facts)


def _group(site: Site, course: Any, one: Mapping[str, Any]) -> Iterator[Fault]:
    kind = one["type"]
    if (one[kind] is None) == (one["name"] == ""):
        yield Fault(kind, "conditionempty", "Name a group", {"type": kind})
    elif one["name"]:
        sql = f'SELECT 1 FROM "{kind}" WHERE course = ? AND name = ?'
        if not known(course) or len(site.store.rows(sql, course, one["name"])) != 1:
            message = f"There is no {kind} {one['name']}, or several"
            yield Fault("name", f"nosuch{kind}", message, {"name": one["name"]})
    elif known(one[kind]):
        row = site.store.row(f'SELECT course FROM "{kind}" WHERE id = ?', one[kind])
        if row is not None and row["course"] != course:
            yield Fault(kind, "othercourse", "It is of another course", {"id": one[kind]})


def _date(_site: Site, _course: Any, one: Mapping[str, Any]) -> Iterator[Fault]:
    if not one["from"] and not one["until"]:
        yield Fault("from", "conditionempty", "Name a time", {"type": "date"})
    elif one["from"] and one["until"] and one["until"] <= one["from"]:
        facts = {"first": "from", "second": "until"}
        yield Fault("until", "timesorder", "It would end before it begins", facts)


def _profile(site: Site, _course: Any, one: Mapping[str, Any]) -> Iterator[Fault]:
    own = (site.store.get("profilefields") or "").split()
    if one["field"] not in PROFILE and one["field"] not in own:
        facts = {"name": one["field"]}
        yield Fault("field", "nosuchprofilefield", f"There is no field {one['field']}", facts)
    elif (one["operator"] in ("isempty", "isnotempty")) != (one["value"] == ""):
        yield Fault("value", "conditionempty", "Name a value", {"type": "profile"})


_FAULTS = {
    "completion": _completion,
    "grade": _grade,
    "group": _group,
    "grouping": _group,
    "date": _date,
    "profile": _profile,
}

KIND = AccessRestrict()
