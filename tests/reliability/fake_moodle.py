"""A Moodle in memory: the functions that the two actions use to do and to undo, under the plugin's table of
operations.

A restore is asynchronous: each look at it (`get_operation`) brings it one step further. test_fakes.py holds
it together with the embedded Moodle.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from bridge.moodle_ws import MoodleRefused, ServerError, UnknownFunction

CATEGORY = 1
BACKUP_TIME = 1_760_000_000


class FakeMoodle:
    """Courses, backups, roles, and the operations by key.

    Attributes:
        steps: how many looks a restore takes.
        failures: error codes with which the next restores end.
        broken: names that make every read which asks for them fail with an error of the server.
    """

    base_url = "https://moodle.example.ru"

    def __init__(self, steps: int = 4) -> None:
        self.steps = steps
        self.failures: list[str] = []
        self.broken: set[str] = set()
        self.courses: dict[int, dict[str, Any]] = {}
        self.backups: list[dict[str, Any]] = []
        self.roles: list[dict[str, Any]] = []
        self.operations: dict[str, dict[str, Any]] = {}
        self._next = 100

    def read(self, function: str, /, **params: Any) -> Any:
        if not self.broken.isdisjoint(map(str, params.values())):
            raise ServerError(function, "the server answered HTTP 504", status=504)
        return self._call(
            {
                "local_otbridge_find_backups": self._find_backups,
                "local_otbridge_get_operation": self._get_operation,
                "core_webservice_get_site_info": lambda: {"release": "4.5"},
                "core_course_get_courses_by_field": self._courses_by_field,
                "core_course_get_categories": self._categories,
            },
            function,
            params,
        )

    def write(self, function: str, /, **params: Any) -> Any:
        return self._call(
            {
                "local_otbridge_restore_course": self._restore_course,
                "local_otbridge_create_role": self._create_role,
                "local_otbridge_delete_role": self._delete_role,
                "core_course_delete_courses": self._delete_courses,
            },
            function,
            params,
        )

    def lose_course(self, fullname: str, shortname: str) -> None:
        """A course that was deleted by accident; its backup is in the recycle bin."""
        self._bin(self._id(), fullname, shortname)

    def _bin(self, course_id: int, fullname: str, shortname: str) -> None:
        self.backups.append(
            {
                "ref": f"recyclebin:{course_id}",
                "source": "recyclebin",
                "filename": "backup.mbz",
                "size": 1000,
                "timecreated": BACKUP_TIME,
                "courseid": course_id,
                "idnumber": "",
                "shortname": shortname,
                "fullname": fullname,
                "users": True,
                "categoryid": CATEGORY,
            }
        )

    def bearing(self, shortname: str) -> int:
        """How many courses and roles bear the short name."""
        return sum(thing["shortname"] == shortname for thing in (*self.courses.values(), *self.roles))

    # --- reads

    def _find_backups(self, **wanted: Any) -> dict[str, Any]:
        asked = {name: value for name, value in wanted.items() if value}
        found = [
            backup for backup in self.backups if all(backup[name] == value for name, value in asked.items())
        ]
        return {"backups": found, "truncated": False, "unreadable": []}

    def _courses_by_field(self, field: str, value: str) -> dict[str, Any]:
        return {
            "courses": [course for course in self.courses.values() if str(course.get(field, "")) == value],
            "warnings": [],
        }

    def _categories(self, criteria: list[dict[str, str]], addsubcategories: bool) -> list[dict[str, Any]]:
        return [{"id": CATEGORY, "name": "Category 1"}] if criteria[0]["value"] == str(CATEGORY) else []

    def _get_operation(self, opkey: str) -> dict[str, Any]:
        if opkey not in self.operations:
            return _operation(opkey, "", {}, "none")
        operation = self.operations[opkey]
        if operation["status"] in ("queued", "running"):
            self._go_on(operation)
        return _told(operation)

    # --- writes

    def _restore_course(
        self,
        opkey: str,
        ref: str,
        draftitemid: int,
        categoryid: int,
        fullname: str,
        shortname: str,
        users: bool,
    ) -> Any:
        params = {
            "ref": ref,
            "categoryid": categoryid,
            "fullname": fullname,
            "shortname": shortname,
            "users": users,
        }

        def do(operation: dict[str, Any]) -> None:
            backup = self._backup(ref)
            if backup is not None:
                self._refuse_taken([*self.courses.values()], shortname or backup["shortname"])
            operation["status"] = "queued"

        return self._once(opkey, "restore_course", params, do)

    def _create_role(self, opkey: str, **params: Any) -> Any:
        def do(operation: dict[str, Any]) -> None:
            self._refuse_taken(self.roles, params["shortname"])
            role = {
                "roleid": self._id(),
                "shortname": params["shortname"],
                "name": params["name"],
                "contextlevels": params["contextlevels"],
                "capabilities": params["capabilities"],
            }
            self.roles.append(role)
            operation |= {"status": "done", "progress": 1.0, "result": json.dumps(role)}

        return self._once(opkey, "create_role", params, do)

    def _delete_role(self, opkey: str, roleid: int) -> Any:
        def do(operation: dict[str, Any]) -> None:
            role = next((role for role in self.roles if role["roleid"] == roleid), None)
            if role is None:
                raise MoodleRefused(
                    "delete_role", f"role {roleid} was not created by this plugin", errorcode="rolenotours"
                )
            self.roles.remove(role)
            operation |= {
                "status": "done",
                "progress": 1.0,
                "result": json.dumps({"roleid": roleid, "shortname": role["shortname"]}),
            }

        return self._once(opkey, "delete_role", {"roleid": roleid}, do)

    def _delete_courses(self, courseids: list[int]) -> dict[str, Any]:
        """Moodle's own function, which knows no keys; a deleted course goes to the recycle bin."""
        warnings = []
        for course_id in courseids:
            course = self.courses.pop(course_id, None)
            if course is None:
                warnings.append(
                    {
                        "item": "course",
                        "itemid": course_id,
                        "warningcode": "unknowncourseidnumber",
                        "message": "unknown course",
                    }
                )
            else:
                self._bin(course_id, course["fullname"], course["shortname"])
        return {"warnings": warnings}

    def _once(
        self, opkey: str, action: str, params: dict[str, Any], do: Callable[[dict[str, Any]], None]
    ) -> dict[str, Any]:
        """The operation as it is when the key was seen before; a refusal leaves the key free."""
        known = self.operations.get(opkey)
        if known is not None:
            if (known["action"], known["params"]) != (action, params):
                raise MoodleRefused(action, "the key was used with other parameters", errorcode="opkeyreused")
            return _told(known)
        operation = _operation(opkey, action, params, "queued")
        do(operation)
        self.operations[opkey] = operation
        return _told(operation)

    def _go_on(self, operation: dict[str, Any]) -> None:
        """One step further; the last one makes the course, or fails for good."""
        operation["looks"] += 1
        operation |= {
            "status": "running",
            "step": "restoring",
            "progress": operation["looks"] / (self.steps + 1),
        }
        if operation["looks"] < self.steps:
            return
        params, backup = operation["params"], self._backup(operation["params"]["ref"])
        failure = self.failures.pop(0) if self.failures else ""
        if backup is None:
            failure = "backupnotfound"
        elif self.bearing(params["shortname"] or backup["shortname"]):
            failure = "shortnametaken"
        if failure or backup is None:
            operation |= {"status": "failed", "errorcode": failure, "error": f"the restore failed: {failure}"}
            return
        course = {
            "id": self._id(),
            "fullname": params["fullname"] or backup["fullname"],
            "shortname": params["shortname"] or backup["shortname"],
        }
        self.courses[course["id"]] = course
        result = {
            "courseid": course["id"],
            "fullname": course["fullname"],
            "shortname": course["shortname"],
            "url": f"{self.base_url}/course/view.php?id={course['id']}",
            "categoryid": params["categoryid"],
            "backuptime": BACKUP_TIME,
            "source": backup["source"],
            "filename": backup["filename"],
            "activities": {"quiz": 1, "page": 2},
            "questions": 5,
            "files": 3,
            "users": params["users"],
            "warnings": [],
        }
        operation |= {"status": "done", "step": "", "progress": 1.0, "result": json.dumps(result)}

    def _backup(self, ref: str) -> dict[str, Any] | None:
        return next((backup for backup in self.backups if backup["ref"] == ref), None)

    def _refuse_taken(self, things: list[dict[str, Any]], shortname: str) -> None:
        if any(thing["shortname"] == shortname for thing in things):
            raise MoodleRefused("write", f"the short name {shortname} is taken", errorcode="shortnametaken")

    def _id(self) -> int:
        self._next += 1
        return self._next

    @staticmethod
    def _call(functions: dict[str, Callable[..., Any]], function: str, params: dict[str, Any]) -> Any:
        if function not in functions:
            raise UnknownFunction(function, "this Moodle has no such function")
        return functions[function](**params)


def _operation(opkey: str, action: str, params: dict[str, Any], status: str) -> dict[str, Any]:
    return {
        "opkey": opkey,
        "action": action,
        "params": params,
        "looks": 0,
        "status": status,
        "progress": 0.0,
        "step": "",
        "result": "",
        "errorcode": "",
        "error": "",
        "timecreated": 1,
        "timestarted": 0,
        "timefinished": 0,
    }


def _told(operation: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in operation.items() if name not in ("params", "looks")}
