"""Steps: user.create for each person, then their cohorts, courses and groups."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.actions import accounts
from bridge.actions.accounts import Account, Courses
from bridge.actions.action import Context, Plan, Reader, Results
from bridge.actions.base import OrderRefused
from bridge.actions.create_users.params import CreateUsersParams, Enrolment, Person
from bridge.actions.create_users.policy import CreateUsersRules
from bridge.actions.create_users.table import people_of
from bridge.actions.elements import folded
from bridge.actions.program import Part, Ref, Step, ref

COLUMNS = (
    "middlename",
    "idnumber",
    "institution",
    "department",
    "phone1",
    "phone2",
    "address",
    "city",
    "country",
    "lang",
)
MOST_TOLD = 30
_ALIKE = str.maketrans({"0": "o", "1": "l", "i": "l", "-": "", ".": "", "_": "", "@": ""})


def plan(params: CreateUsersParams, context: Context) -> Plan:
    """Find who has an account already, and the cohorts, courses and groups."""
    people = params.user
    if params.users_file:
        people += people_of(context.files.get(params.users_file), params.user)
    _judge(params, people, context)
    there = _there(params, people, context)
    steps: list[Step] = []
    places = _Places(params, context, steps)
    makes: dict[str, Ref] = {}
    for number, one in enumerate(people, 1):
        label = f"user{number}"
        if one.login in there:
            user: int | Ref = there[one.login].id
        else:
            steps.append(Step("user.create", label, _account(one, params.auth, context)))
            user = ref(label, "id")
            makes[accounts.made_user(one.login)] = user
        steps += places.of(one, label, user)
    if not steps:
        raise OrderRefused("nothing-to-do", "everybody has an account already", people=sorted(there))
    made = len(people) - len(there)
    names = ", ".join(f"{one.login} ({one.firstname} {one.lastname})" for one in people[:10])
    summary = (
        f"create {made} accounts: {names}" + (", …" if len(people) > 10 else ""),
        *((f"{len(there)} accounts are there and stay as they are",) if there else ()),
        *places.summary(),
        "passwords are made and mailed by Moodle",
    )
    return Plan(summary, Part(tuple(steps)), {"people": made}, makes, _remarks(people, there))


def evidence(results: Results, moodle: Reader) -> dict[str, Any]:
    """The accounts, and how much was done for them."""
    made = [one for label, one in results.items() if re.fullmatch(r"user\d+", label)]
    return {
        "kind": "people",
        "people": [
            {"user_id": one["id"], "username": one["username"], "fullname": one["fullname"]} for one in made
        ],
        "enrolments": sum(1 for label in results if "_course" in label),
        "cohorts": sum(1 for label in results if re.fullmatch(r"user\d+_cohort\d+", label)),
        "groups": sum(1 for label in results if "_group" in label),
        "url": f"{moodle.base_url}/admin/user.php",
    }


def taken_back(found: Mapping[str, Any]) -> dict[str, Any]:
    """What is left of the evidence."""
    return {"kind": "people-deleted", "people": [one["username"] for one in found["people"]]}


class _Places:
    """The cohorts, courses and groups of people, each looked up once; what is missing is made first."""

    def __init__(self, params: CreateUsersParams, context: Context, steps: list[Step]) -> None:
        self._create = params.create_missing
        self._context = context
        self._courses = Courses(context)
        self._cohorts: dict[str, int | Ref] = {}
        self._groups: dict[tuple[str, str], int | Ref] = {}
        self._steps = steps
        self._made: list[str] = []
        self._enrolled = 0

    def of(self, person: Person, label: str, user: int | Ref) -> list[Step]:
        """Steps that put a person where the order says."""
        steps = [
            Step("cohort.add_member", f"{label}_cohort{n}", {"cohort": self._cohort(one), "user": user})
            for n, one in enumerate(dict.fromkeys(person.cohorts), 1)
        ]
        for n, one in enumerate(person.enrol, 1):
            course, _ = self._courses.course(one.course)
            own = {"course": course, "user": user, "role": accounts.role(one.role, self._context)}
            steps.append(Step("user.enrol", f"{label}_course{n}", own))
            self._enrolled += 1
            if one.group:
                member = {"group": self._group(one), "user": user}
                steps.append(Step("group.add_member", f"{label}_group{n}", member))
        return steps

    def summary(self) -> tuple[str, ...]:
        """Lines for people."""
        lines = [f"create {one}" for one in self._made]
        if self._enrolled:
            lines.append(f"{self._enrolled} enrolments")
        return tuple(lines)

    def _cohort(self, wanted: str) -> int | Ref:
        key = folded(wanted)
        if key not in self._cohorts:
            try:
                self._cohorts[key] = accounts.find_cohort(wanted, self._context)
            except OrderRefused as refused:
                if refused.code != "no-such-cohort" or not self._create:
                    raise
                label = f"newcohort{len(self._cohorts) + 1}"
                self._steps.append(Step("cohort.create", label, {"name": wanted}))
                self._made.append(f"cohort {wanted}")
                self._cohorts[key] = ref(label, "id")
        return self._cohorts[key]

    def _group(self, one: Enrolment) -> int | Ref:
        key = (one.course, folded(one.group))
        if key not in self._groups:
            try:
                self._groups[key] = self._courses.group(one.course, one.group)
            except OrderRefused as refused:
                if refused.code != "no-such-group" or not self._create:
                    raise
                label = f"newgroup{len(self._groups) + 1}"
                course, name = self._courses.course(one.course)
                self._steps.append(Step("group.create", label, {"course": course, "name": one.group}))
                self._made.append(f"group {one.group} in {name}")
                self._groups[key] = ref(label, "id")
        return self._groups[key]


def _judge(params: CreateUsersParams, people: Sequence[Person], context: Context) -> None:
    rules = context.policy.of(CreateUsersRules)
    if len(people) > rules.most_people:
        raise OrderRefused(
            "too-many-people",
            f"{len(people)} people, the site's policy lets an order have {rules.most_people}",
            count=len(people),
            most=rules.most_people,
        )
    if params.auth not in rules.auths:
        raise OrderRefused(
            "auth-not-allowed", f"the site's policy lets no account log in by {params.auth}", auth=params.auth
        )


def _there(params: CreateUsersParams, people: Sequence[Person], context: Context) -> Mapping[str, Account]:
    """Accounts that are there already, by login; an account of somebody else is never taken for theirs."""
    found = accounts.there_are([one.login for one in people], context)
    if not found:
        return {}
    if params.existing == "refuse":
        names = [f"{login} ({one.fullname})" for login, one in found.items()]
        raise OrderRefused("people-exist", f"there are accounts {', '.join(names)}", people=names)
    others = [
        f"{one.login}: {one.firstname} {one.lastname} – {found[one.login].fullname}"
        for one in people
        if one.login in found and not _same(one, found[one.login])
    ]
    if others:
        raise OrderRefused("other-people", f"these logins are others': {'; '.join(others)}", people=others)
    return found


def _same(person: Person, account: Account) -> bool:
    """Whether an account can be the person's: the same address, or both names in the account's."""
    if account.email and account.email.casefold() == person.email.casefold():
        return True
    words = set(folded(account.fullname).split())
    return set(folded(f"{person.firstname} {person.lastname}").split()) <= words


def _account(one: Person, auth: str, context: Context) -> dict[str, Any]:
    columns = {name: getattr(one, name) for name in COLUMNS if getattr(one, name)}
    profile = [
        {"field": accounts.profile_field(name, context), "value": value}
        for name, value in one.profile.items()
    ]
    return {
        "username": one.login,
        "firstname": one.firstname,
        "lastname": one.lastname,
        "email": one.email,
        "auth": auth,
        **columns,
        **({"profile": profile} if profile else {}),
    }


def _remarks(people: Sequence[Person], there: Mapping[str, Account]) -> tuple[str, ...]:
    remarks = [
        f"логин «{one.username}» записан строчными буквами: {one.login}"
        for one in people
        if one.username != one.login
    ]
    shapes: dict[str, str] = {}
    for one in people:
        first = shapes.setdefault(one.login.translate(_ALIKE).replace("rn", "m"), one.login)
        if first != one.login:
            remarks.append(f"логины «{first}» и «{one.login}» легко спутать")
    remarks += [
        f"учётная запись «{login}» ({one.fullname}) уже была и оставлена без изменений"
        for login, one in there.items()
    ]
    if len(remarks) > MOST_TOLD:
        remarks = [*remarks[:MOST_TOLD], f"и ещё замечаний: {len(remarks) - MOST_TOLD}"]
    return tuple(remarks)
