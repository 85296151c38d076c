"""user.enrol: a person into a course, by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import people
from bridge.sandbox.moodle.schema import Fault, Shape, line, number, record
from bridge.sandbox.moodle.steps.base import Changed, Failure, StepKind, Work, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class UserEnrol(StepKind):
    """See the module."""

    name: ClassVar[str] = "user.enrol"
    shape: ClassVar[Shape] = Shape(
        {
            "course": record("course"),
            "user": record("user"),
            "role": line(100),
            "timestart": number(default=0),
            "timeend": number(default=0),
        }
    )
    results: ClassVar[Mapping[str, str]] = {
        "user": "user",
        "course": "course",
        "isnew": "bool",
        "rolenew": "bool",
    }
    needs: ClassVar[tuple[str, ...]] = ("enrol/manual:enrol", "moodle/role:assign")

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        course, user = params["course"], params["user"]
        times = {name: params[name] for name in ("timestart", "timeend")}
        yield from people.role_faults(site.store, params["role"], "course")
        if times["timeend"] and times["timeend"] <= times["timestart"]:
            facts = {"first": str(times["timestart"]), "second": str(times["timeend"])}
            yield Fault("timeend", "timesorder", "The end lies before the start", facts)
        yield from people.user_faults(user)
        if not known(course) or not known(user):
            return
        found = people.enrolled_by(site.store, course, user)
        if found is None:
            return
        same = times == {name: found[name] for name in times}
        if found["suspended"] or not same:
            facts = {"id": user, "suspended": found["suspended"], "timestart": "-", "timeend": "-"}
            yield Fault("user", "enrolledotherwise", f"The user {user} is enrolled otherwise", facts)

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        for fault in self.check(work.site, params):
            raise Failure(fault.code, fault.message)
        store, course, user = work.site.store, params["course"], params["user"]
        role = people.give_role(store, params["role"], user, "course", course)
        times = {name: params[name] for name in ("timestart", "timeend")}
        new = people.enrol(store, course, user, params["role"], **times)
        result = {"user": user, "course": course, "isnew": new, "rolenew": role}
        return result, {"role": params["role"], **times}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        course, user = result["course"], result["user"]
        found = people.enrolled_by(site.store, course, user)
        if result["isnew"] and found is not None:
            changed = any(found[name] != kept[name] for name in ("timestart", "timeend"))
            if found["lastaccess"] or found["suspended"] or changed:
                raise Changed(f"enrolment of user {user}")
        if result["rolenew"]:
            people.take_role(site.store, kept["role"], user, "course", course)
        if result["isnew"]:
            people.unenrol(site.store, course, user)


KIND = UserEnrol()
