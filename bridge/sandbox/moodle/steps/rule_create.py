"""rule.create: a rule that enrols people by their profiles, from now on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import people
from bridge.sandbox.moodle.schema import Fault, Items, Shape, choice, line, record
from bridge.sandbox.moodle.steps.base import Changed, Failure, StepKind, Work, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class RuleCreate(StepKind):
    """See the module."""

    name: ClassVar[str] = "rule.create"
    shape: ClassVar[Shape] = Shape(
        {
            "name": line(255),
            "conditions": Items(
                Shape(
                    {
                        "field": line(255),
                        "op": choice("is", "isnot", "contains", default="is"),
                        "values": Items(line(255), most=300),
                    }
                ),
                default=...,
                most=20,
            ),
            "course": record("course", default=None),
            "role": line(100, ""),
            "group": record("group", default=None),
            "cohort": record("cohort", default=None),
            "onleave": choice("suspend", "keep"),
        }
    )
    results: ClassVar[Mapping[str, str]] = {
        "id": "int",
        "matching": "int",
        "enrolled": "int",
        "url": "text",
    }
    needs: ClassVar[tuple[str, ...]] = (
        "enrol/manual:enrol",
        "enrol/manual:manage",
        "moodle/course:enrolconfig",
        "moodle/role:assign",
        "moodle/cohort:assign",
        "moodle/course:managegroups",
    )

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        if (params["course"] is None) is (params["cohort"] is None):
            yield Fault("course", "courseorcohort", "Either a course or a cohort is needed, and not both")
            return
        for place, condition in enumerate(params["conditions"]):
            yield from self._condition(site, condition, f"conditions[{place}]")
        if params["cohort"] is not None:
            if params["role"] or params["group"] is not None:
                yield Fault("cohort", "courseorcohort", "Either a course or a cohort is needed, and not both")
            if params["onleave"] == "suspend":
                yield Fault("onleave", "cohortunenrols", "This site unenrols people who leave a cohort")
            return
        if not params["role"]:
            yield Fault("role", "parammissing", "The parameter role is missing", {"name": "role"})
            return
        yield from people.role_faults(site.store, params["role"], "course")
        group = params["group"]
        if isinstance(group, int) and known(params["course"]):
            row = site.store.row('SELECT course FROM "group" WHERE id = ?', group)
            if row is not None and row["course"] != params["course"]:
                yield Fault("group", "othercourse", "The group belongs to another course", {"id": group})

    def _condition(self, site: Site, condition: Mapping[str, Any], path: str) -> Iterator[Fault]:
        name, values = condition["field"], condition["values"]
        exact = condition["op"] != "contains"
        if not known(name):
            return
        if not name.startswith(people.PREFIX):
            if name not in people.COLUMNS:
                facts = {"field": name}
                yield Fault(f"{path}.field", "unknownprofilefield", f"There is no field {name}", facts)
            for one in values if name == "country" and exact else ():
                if one not in people.COUNTRIES:
                    facts = {"country": one}
                    yield Fault(f"{path}.values", "countrynotfound", f"There is no country {one}", facts)
            return
        fault = people.field_fault(site.store, f"{path}.field", name, values if exact else ())
        if fault is not None:
            where = f"{path}.values" if fault.code == "profilevalue" else fault.path
            yield Fault(where, fault.code, fault.message, fault.facts)
        elif people.fields(site.store, name)[0]["datatype"] in ("datetime", "textarea"):
            yield Fault(
                f"{path}.field", "profilefieldnotcomparable", f"Rules cannot compare {name}", {"field": name}
            )

    def claims(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """See `StepKind.claims`."""
        where = tuple(str(params[one]) for one in ("course", "cohort", "role", "group"))
        yield "conditions", "ruletwice", ("rule", where, repr(params["conditions"]))

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        for fault in self.check(work.site, params):
            raise Failure(fault.code, fault.message)
        store = work.site.store
        id_ = store.execute(
            'INSERT INTO rule (name, conditions, course, role, "group", cohort, onleave) '
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            params["name"],
            json.dumps(params["conditions"]),
            params["course"] or 0,
            params["role"],
            params["group"] or 0,
            params["cohort"] or 0,
            params["onleave"],
        )
        rule = store.row("SELECT * FROM rule WHERE id = ?", id_)
        assert rule is not None
        enrolled = people.apply(store, rule)
        matching = len(people.matching(store, params["conditions"]))
        url = f"{work.site.url}/local/otbridge/rules.php"
        return {"id": id_, "matching": matching, "enrolled": enrolled, "url": url}, {}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:  # noqa: ARG002 (its result says all)
        """See `StepKind.undo`."""
        seen = site.store.row(
            "SELECT 1 FROM ruled p JOIN rule r ON r.id = p.rule JOIN enrolment_detail e "
            "ON e.user = p.user AND e.course = r.course "
            "WHERE p.rule = ? AND p.enrolled = 1 AND e.lastaccess > 0",
            result["id"],
        )
        if seen:
            raise Changed(f"enrolments by the rule {result['id']}")
        people.remove_rule(site.store, result["id"])


KIND = RuleCreate()
