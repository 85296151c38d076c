"""People of the embedded Moodle: accounts, fields of their profiles, roles, enrolments, cohorts, and the
rules that enrol by fields.

The rules are the plugin's: who matches one is enrolled, or put into its cohort; who no longer matches is
suspended or left. What somebody else did is not the rule's.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bridge.sandbox.moodle.schema import Fault, Later
from bridge.sandbox.moodle.store import Store

DETAILS: Mapping[str, int] = {
    "idnumber": 255,
    "institution": 255,
    "department": 255,
    "phone1": 20,
    "phone2": 20,
    "address": 255,
    "city": 120,
    "country": 2,
    "lang": 30,
    "middlename": 255,
}
"""Columns of an account that an order may fill, and their longest values in characters."""
COLUMNS = ("auth", "city", "country", "department", "email", "idnumber", "institution", "lang")
"""Columns that rules may ask for."""
COUNTRIES = frozenset(
    ("AM", "AZ", "BY", "CN", "DE", "GE", "KG", "KZ", "LT", "LV", "MD", "RU", "TJ", "TM", "UA", "UZ")
)
"""Those of Moodle's countries that tests and the demo name."""
PREFIX = "profile_field_"
TYPES = ("text", "menu", "checkbox", "datetime", "textarea")
ASSIGNABLE = (
    ("student", "course"),
    ("teacher", "course"),
    ("editingteacher", "course"),
    ("", "course"),
    ("", "coursecat"),
    ("", "system"),
)
"""Archetypes and the levels at which their roles may be given, as long as nobody set it otherwise."""
PROTECTED = frozenset({1, 2})
"""The guest, and the token's user."""
_WORDS = {"1": "1", "yes": "1", "true": "1", "да": "1", "0": "0", "no": "0", "false": "0", "нет": "0"}
_DATE = (r"%Y-%m-%d", r"%d.%m.%Y")


def add(store: Store, account: Mapping[str, str], profile: Mapping[str, str]) -> int:
    """Make an account, and let the rules look at it; returns its id."""
    own = {name: account[name] for name in ("username", "email", "firstname", "lastname")}
    user = store.insert("user", **own)
    details = {name: value for name, value in account.items() if name in DETAILS and value}
    store.insert(
        "person",
        user=user,
        auth=account.get("auth", "manual"),
        idnumber=account.get("idnumber", ""),
        details=json.dumps(details),
        profile=json.dumps(dict(profile)),
        password="to be generated",  # noqa: S106 (Moodle's own word for one that is yet to be made)
    )
    look_at(store, user)
    return user


def delete(store: Store, user: int) -> None:
    """Delete an account, with all that names it."""
    for table in (
        "person",
        "enrolment",
        "enrolment_detail",
        "role_given",
        "cohort_member",
        "group_member",
        "ruled",
    ):
        store.execute(f"DELETE FROM {table} WHERE user = ?", user)
    store.execute("DELETE FROM user WHERE id = ?", user)


def log_in(store: Store, user: int, course: int = 0) -> None:
    """Somebody comes, and perhaps goes into a course."""
    now = int(time.time())
    store.execute("UPDATE person SET lastaccess = ? WHERE user = ?", now, user)
    store.execute(
        "UPDATE enrolment_detail SET lastaccess = ? WHERE user = ? AND course = ?", now, user, course
    )
    look_at(store, user)


def with_value(store: Store, column: str, value: str) -> dict[str, Any] | None:
    """The account with a value in a column, whatever the case of its letters."""
    table = "person JOIN user ON user.id = person.user" if column == "idnumber" else "user"
    rows = store.rows(f"SELECT user.id, user.username, {column} AS value FROM {table}")
    return next((row for row in rows if str(row["value"]).casefold() == value.casefold()), None)


# Fields of profiles.


def fields(store: Store, name: str) -> list[dict[str, Any]]:
    """The fields of a short name, with or without `profile_field_`."""
    rows = store.rows("SELECT * FROM profile_field WHERE shortname = ?", name.removeprefix(PREFIX))
    return [{**row, "options": json.loads(row["options"])} for row in rows]


def kept(field: Mapping[str, Any], value: str) -> str | None:
    """A value as the field keeps it; None where it cannot."""
    value = value.strip()
    if field["datatype"] == "menu":
        return value if not value or value in field["options"] else None
    if field["datatype"] == "checkbox":
        return _WORDS.get(value.lower() or "0")
    if field["datatype"] == "datetime":
        return _moment(value)
    return value if len(value) <= 2048 or field["datatype"] == "textarea" else None


def _moment(value: str) -> str | None:
    for form in _DATE:
        try:
            found = time.strptime(value, form)
        except ValueError:
            continue
        return time.strftime("%Y-%m-%d", found) if 1900 <= found.tm_year <= 2100 else None
    return None if value else "0"


def field_fault(store: Store, path: str, name: str, values: Sequence[str]) -> Fault | None:
    """What is wrong with a field and values for it."""
    found = fields(store, name)
    if len(found) != 1:
        code = "profilefieldtwice" if found else "unknownprofilefield"
        return Fault(path, code, f"Field {name}", {"field": name})
    for value in values:
        if kept(found[0], value) is None:
            choices = ", ".join(found[0]["options"])
            facts = {"field": name, "value": value, "choices": choices}
            return Fault(path, "profilevalue", f"The field {name} cannot hold “{value}”; {choices}", facts)
    return None


# Roles.


def role_faults(store: Store, shortname: Any, level: str) -> Iterator[Fault]:
    """Why a role cannot be given at a level."""
    if isinstance(shortname, Later):
        return
    role = store.row("SELECT * FROM role WHERE shortname = ?", shortname)
    facts = {"shortname": shortname, "level": level}
    if role is None:
        yield Fault("role", "unknownrole", f"There is no role with the short name {shortname}", facts)
    elif (role["archetype"], level) not in ASSIGNABLE:
        yield Fault("role", "rolenotallowed", f"The role {shortname} may not be given at {level}", facts)
    elif not store.row("SELECT 1 FROM role_contextlevel WHERE role = ? AND level = ?", role["id"], level):
        yield Fault("role", "rolenothere", f"The role {shortname} cannot be assigned at {level}", facts)


def user_faults(user: Any) -> Iterator[Fault]:
    """Why an account gets nothing by an order."""
    if user in PROTECTED:
        yield Fault("user", "userprotected", f"The bridge gives nothing to the account {user}", {"id": user})


def give_role(store: Store, shortname: str, user: int, level: str, item: int) -> bool:
    """Give a role; returns whether it is new."""
    role = store.row("SELECT id FROM role WHERE shortname = ?", shortname)
    assert role is not None
    where = (role["id"], user, level, item)
    if store.row("SELECT 1 FROM role_given WHERE role = ? AND user = ? AND level = ? AND item = ?", *where):
        return False
    store.insert("role_given", role=role["id"], user=user, level=level, item=item)
    return True


def take_role(store: Store, shortname: str, user: int, level: str, item: int) -> None:
    """Take a role away."""
    store.execute(
        "DELETE FROM role_given WHERE role = (SELECT id FROM role WHERE shortname = ?) AND user = ? "
        "AND level = ? AND item = ?",
        shortname,
        user,
        level,
        item,
    )


# Enrolments.


def enrolled_by(store: Store, course: int, user: int, method: int = 0) -> dict[str, Any] | None:
    """A person's enrolment by a method; 0: by hand."""
    row = store.row(
        "SELECT * FROM enrolment_detail WHERE course = ? AND user = ? AND method = ?", course, user, method
    )
    if row is None and method == 0 and not _enrolled_otherwise(store, course, user):
        bare = store.row("SELECT 1 FROM enrolment WHERE course = ? AND user = ?", course, user)
        return {"timestart": 0, "timeend": 0, "suspended": 0, "lastaccess": 0} if bare else None
    return row


def _enrolled_otherwise(store: Store, course: int, user: int) -> bool:
    return store.row("SELECT 1 FROM enrolment_detail WHERE course = ? AND user = ?", course, user) is not None


def enrol(store: Store, course: int, user: int, role: str, method: int = 0, **times: int) -> bool:
    """Enrol somebody; returns whether it is new."""
    new = enrolled_by(store, course, user, method) is None
    if new:
        store.insert("enrolment_detail", course=course, user=user, method=method, **times)
        store.execute("INSERT OR IGNORE INTO enrolment (course, user) VALUES (?, ?)", course, user)
    give_role(store, role, user, "course", course)
    return new


def unenrol(store: Store, course: int, user: int, method: int = 0) -> None:
    """End an enrolment; the last one takes roles and groups with it."""
    store.execute(
        "DELETE FROM enrolment_detail WHERE course = ? AND user = ? AND method = ?", course, user, method
    )
    if _enrolled_otherwise(store, course, user):
        return
    store.execute("DELETE FROM enrolment WHERE course = ? AND user = ?", course, user)
    store.execute("DELETE FROM role_given WHERE user = ? AND level = 'course' AND item = ?", user, course)
    store.execute(
        'DELETE FROM group_member WHERE user = ? AND groupid IN (SELECT id FROM "group" WHERE course = ?)',
        user,
        course,
    )


def join_group(store: Store, group: int, user: int) -> bool:
    """Put somebody into a group; returns whether it is new."""
    if store.row("SELECT 1 FROM group_member WHERE groupid = ? AND user = ?", group, user):
        return False
    store.insert("group_member", groupid=group, user=user)
    return True


# Cohorts.


def join_cohort(store: Store, cohort: int, user: int) -> bool:
    """Put somebody into a cohort, and into the courses that enrol by it; returns whether it is new."""
    if store.row("SELECT 1 FROM cohort_member WHERE cohort = ? AND user = ?", cohort, user):
        return False
    store.insert("cohort_member", cohort=cohort, user=user)
    for way in store.rows("SELECT * FROM enrol_method WHERE method = 'cohort' AND cohort = ?", cohort):
        _by_cohort(store, way, user)
    return True


def leave_cohort(store: Store, cohort: int, user: int) -> None:
    """Take somebody out of a cohort, and out of the courses that enrolled them by it."""
    store.execute("DELETE FROM cohort_member WHERE cohort = ? AND user = ?", cohort, user)
    for way in store.rows("SELECT * FROM enrol_method WHERE method = 'cohort' AND cohort = ?", cohort):
        unenrol(store, way["course"], user, way["id"])


def sync(store: Store, method: int) -> int:
    """Enrol the people of a way's cohort; returns how many."""
    way = store.row("SELECT * FROM enrol_method WHERE id = ?", method)
    assert way is not None
    members = store.rows("SELECT user FROM cohort_member WHERE cohort = ?", way["cohort"])
    for one in members:
        _by_cohort(store, way, one["user"])
    return len(members)


def _by_cohort(store: Store, way: Mapping[str, Any], user: int) -> None:
    enrol(store, way["course"], user, way["role"], way["id"])
    group = json.loads(way["details"]).get("group")
    if group:
        join_group(store, group, user)


# Rules.


def matching(store: Store, conditions: Sequence[Mapping[str, Any]], user: int = 0) -> list[int]:
    """Who matches; of one account only, where `user` names it."""
    people = store.rows("SELECT * FROM person JOIN user ON user.id = person.user WHERE user.id > 2")
    return [
        one["id"]
        for one in people
        if user in (0, one["id"]) and all(_holds(store, one, condition) for condition in conditions)
    ]


def _holds(store: Store, person: Mapping[str, Any], condition: Mapping[str, Any]) -> bool:
    name = condition["field"]
    if name in COLUMNS:
        has = {**json.loads(person["details"]), **person}.get(name, "")
        values = condition["values"]
    else:
        found = fields(store, name)
        if len(found) != 1:
            return False
        has = json.loads(person["profile"]).get(found[0]["shortname"], found[0]["defaultvalue"])
        exact = condition["op"] != "contains"
        values = [kept(found[0], one) if exact else one for one in condition["values"]]
    has, wanted = str(has).strip().lower(), [str(one).lower() for one in values]
    if condition["op"] == "contains":
        return any(one in has for one in wanted)
    return (has in wanted) is (condition["op"] == "is")


def look_at(store: Store, user: int) -> None:
    """Do what all rules say of one account."""
    for rule in store.rows("SELECT * FROM rule ORDER BY id"):
        apply(store, rule, user)


def apply(store: Store, rule: Mapping[str, Any], user: int = 0) -> int:
    """Do what a rule says; returns for how many it was the first time."""
    match = matching(store, json.loads(rule["conditions"]), user)
    rows = {
        row["user"]: row
        for row in store.rows("SELECT * FROM ruled WHERE rule = ?", rule["id"])
        if user in (0, row["user"])
    }
    for id_, row in rows.items():
        if row["state"] == "out" and id_ in match:
            _change(store, rule, row, "in")
        elif row["state"] == "in" and id_ not in match and rule["onleave"] == "suspend":
            _change(store, rule, row, "out")
    new = [one for one in match if one not in rows]
    for one in new:
        if rule["cohort"]:
            made, grouped = join_cohort(store, rule["cohort"], one), False
        else:
            there = store.row("SELECT 1 FROM enrolment WHERE course = ? AND user = ?", rule["course"], one)
            made = not there and enrol(store, rule["course"], one, rule["role"])
            grouped = bool(rule["group"]) and join_group(store, rule["group"], one)
        store.insert("ruled", rule=rule["id"], user=one, state="in", enrolled=made, grouped=grouped)
    return len(new)


def _change(store: Store, rule: Mapping[str, Any], row: Mapping[str, Any], state: str) -> None:
    if rule["cohort"] and row["enrolled"]:
        (join_cohort if state == "in" else leave_cohort)(store, rule["cohort"], row["user"])
    elif row["enrolled"]:
        store.execute(
            "UPDATE enrolment_detail SET suspended = ? WHERE course = ? AND user = ? AND method = 0",
            int(state == "out"),
            rule["course"],
            row["user"],
        )
    if row["grouped"] and state == "out":
        _leave_group(store, rule, row["user"])
    elif rule["group"] and state == "in":
        join_group(store, rule["group"], row["user"])
    store.execute("UPDATE ruled SET state = ? WHERE rule = ? AND user = ?", state, rule["id"], row["user"])


def remove_rule(store: Store, id_: int) -> None:
    """Delete a rule, with what it did for people."""
    rule = store.row("SELECT * FROM rule WHERE id = ?", id_)
    if rule is None:
        return
    for row in store.rows("SELECT * FROM ruled WHERE rule = ?", id_):
        if row["grouped"]:
            _leave_group(store, rule, row["user"])
        if row["enrolled"] and rule["cohort"]:
            leave_cohort(store, rule["cohort"], row["user"])
        elif row["enrolled"]:
            unenrol(store, rule["course"], row["user"])
    store.execute("DELETE FROM ruled WHERE rule = ?", id_)
    store.execute("DELETE FROM rule WHERE id = ?", id_)


def _leave_group(store: Store, rule: Mapping[str, Any], user: int) -> None:
    store.execute("DELETE FROM group_member WHERE groupid = ? AND user = ?", rule["group"], user)
