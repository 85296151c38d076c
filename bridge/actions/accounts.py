"""People, cohorts and groups that orders name.

Source: core_user_get_users_by_field, core_cohort_search_cohorts and core_group_get_course_groups of Moodle
3.9 to 5.x. The first tells only accounts whose searched field may be seen: logins and ID numbers need
`moodle/user:viewalldetails`, addresses `moodle/site:viewuseridentity` and the site's setting
"showuseridentity" (measured on 4.5.6).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from bridge.actions.action import Context
from bridge.actions.base import OrderRefused
from bridge.actions.elements import folded
from bridge.actions.people import USERS, rows_by_login
from bridge.actions.places import InCourse, find_course
from bridge.actions.program import Ref

By = Literal["login", "idnumber", "email"]
"""By what an order names people."""
PEOPLE_UNKNOWN = frozenset({"ambiguous-people", "no-such-people"})
"""Refusals of `find_people`; the customer can mend them."""
THINGS_UNKNOWN = frozenset({"ambiguous-cohort", "no-such-cohort", "no-such-group"})
"""Refusals of `find_cohort` and `find_group`; the customer can mend them."""
COHORTS = "core_cohort_search_cohorts"
GROUPS = "core_group_get_course_groups"
CAPABILITIES = frozenset(
    {"moodle/site:viewuseridentity", "moodle/user:viewalldetails", "moodle/user:viewdetails"}
)
"""What finding people asks for."""

LOGIN = re.compile(r"[-.@_a-z0-9]+", re.ASCII)
"""What can be a login, in small letters; Moodle refuses a whole list where one of it cannot."""
_COLUMNS: Mapping[By, str] = {"login": "username", "idnumber": "idnumber", "email": "email"}
_MOST_COHORTS = 1000


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody's account.

    Attributes:
        id: or what the same order will make.
        name: for operators: login and full name.
        fullname: "" where it is not there yet.
    """

    id: int | Ref
    name: str
    fullname: str = ""
    email: str = ""


def made_user(login: str) -> str:
    """The name in `Context.made` of an account that the same order makes."""
    return f"user:{login}"


def made_role(shortname: str) -> str:
    """The name in `Context.made` of a role that the same order makes; its reference is the short name."""
    return f"role:{shortname}"


def made_field(shortname: str) -> str:
    """The name in `Context.made` of a profile field that the same order makes; its reference is its input."""
    return f"field:{shortname.removeprefix('profile_field_')}"


def made_cohort(name: str) -> str:
    """The name in `Context.made` of a cohort that the same order makes."""
    return f"cohort:{folded(name)}"


def role(shortname: str, context: Context) -> str | Ref:
    """A role for a step: its short name, or what the same order will make."""
    return context.made.get(made_role(shortname), shortname)


def profile_field(name: str, context: Context) -> str | Ref:
    """A profile field for a step: its name, or what the same order will make."""
    return context.made.get(made_field(name), name)


def find_people(wanted: Iterable[str], by: By, context: Context) -> dict[str, Account]:
    """The accounts that an order names, by what it calls them.

    Raises:
        OrderRefused: `no-such-people` or `ambiguous-people`, with all of them.
    """
    asked = tuple(dict.fromkeys(wanted))
    found: dict[str, Account] = {}
    if by == "login":
        found = {
            one: Account(context.made[made_user(one.lower())], one)
            for one in asked
            if made_user(one.lower()) in context.made
        }
    left = [one for one in asked if one not in found]
    several: list[str] = []
    known = rows_by_login(left, context.moodle) if by == "login" else {}
    for one in left:
        by_login = [known[one.lower()]] if one.lower() in known else []
        rows = by_login if by == "login" else _by_value(one, by, context)
        if len(rows) > 1:
            several.append(one)
        elif rows:
            found[one] = _account(rows[0])
    if several:
        raise OrderRefused(
            "ambiguous-people", f"there are several accounts {', '.join(several)}", people=several, by=by
        )
    unknown = [one for one in asked if one not in found]
    if unknown:
        raise OrderRefused(
            "no-such-people", f"there are no accounts {', '.join(unknown)}", people=unknown, by=by
        )
    return {one: found[one] for one in asked}


def there_are(logins: Iterable[str], context: Context) -> dict[str, Account]:
    """Those of the logins that are taken, by login."""
    return {login: _account(row) for login, row in rows_by_login(logins, context.moodle).items()}


def find_cohort(wanted: str, context: Context) -> int | Ref:
    """A cohort by its ID number or its name, or one that the same order makes.

    Raises:
        OrderRefused: `no-such-cohort` or `ambiguous-cohort`.
    """
    if made_cohort(wanted) in context.made:
        return context.made[made_cohort(wanted)]
    rows = context.moodle.read(
        COHORTS,
        query=wanted,
        context={"contextid": 0, "contextlevel": "system", "instanceid": 0},
        includes="all",
        limitfrom=0,
        limitnum=_MOST_COHORTS,
    )["cohorts"]
    for column in ("idnumber", "name"):
        found = [int(one["id"]) for one in rows if folded(one[column] or "") == folded(wanted)]
        if len(found) == 1:
            return found[0]
        if found:
            raise OrderRefused(
                "ambiguous-cohort",
                f"there are {len(found)} cohorts {wanted}",
                cohort=wanted,
                count=len(found),
            )
    raise OrderRefused("no-such-cohort", f"there is no cohort {wanted}", cohort=wanted)


def made_group(course: int | Ref, name: str) -> str:
    """The name in `Context.made` of a group that the same order makes."""
    place = course if isinstance(course, int) else f"{course.label}.{course.field}"
    return f"group:{place}:{folded(name)}"


def group_of(course: int | Ref, wanted: str, context: Context, course_name: str = "") -> int | Ref:
    """A group of a course by its name, or one that the same order makes.

    Raises:
        OrderRefused: `no-such-group`.
    """
    made = context.made.get(made_group(course, wanted))
    if made is not None:
        return made
    rows = [] if isinstance(course, Ref) else context.moodle.read(GROUPS, courseid=course)
    found = [int(one["id"]) for one in rows if folded(one["name"]) == folded(wanted)]
    if len(found) != 1:
        name = course_name or str(course)
        raise OrderRefused("no-such-group", f"{name} has no group {wanted}", course=name, group=wanted)
    return found[0]


class Courses:
    """Courses by their short names, each looked up once, and their groups."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._courses: dict[str, tuple[int | Ref, str]] = {}
        self._groups: dict[tuple[str, str], int | Ref] = {}

    def course(self, shortname: str) -> tuple[int | Ref, str]:
        """A course, and its name for operators; "" is the one that the same order makes.

        Raises:
            OrderRefused: a code of `COURSE_UNKNOWN`.
        """
        if shortname not in self._courses:
            self._courses[shortname] = find_course(InCourse(course=shortname), self._context)
        return self._courses[shortname]

    def group(self, course: str, wanted: str) -> int | Ref:
        """A group of a course by its name, or one that the same order makes.

        Raises:
            OrderRefused: `no-such-group`, or a code of `COURSE_UNKNOWN`.
        """
        key = (course, folded(wanted))
        if key not in self._groups:
            id_, _ = self.course(course)
            self._groups[key] = group_of(id_, wanted, self._context, course)
        return self._groups[key]


def _by_value(value: str, by: By, context: Context) -> list[Mapping[str, Any]]:
    """One value a call: Moodle does not say which of several values it found whom by."""
    forms = list(dict.fromkeys((value, value.lower()))) if by == "email" else [value]
    rows = context.moodle.read(USERS, field=_COLUMNS[by], values=forms)
    return list({int(row["id"]): row for row in rows}.values())


def _account(row: Mapping[str, Any]) -> Account:
    fullname = str(row.get("fullname") or "")
    login = str(row.get("username") or row["id"])
    name = f"{login} ({fullname})" if fullname else login
    return Account(int(row["id"]), name, fullname, str(row.get("email") or ""))
