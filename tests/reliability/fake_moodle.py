"""A Moodle in memory: the plugin's functions over two kinds of steps, under its table of operations.

A program that restores a course is heavy: each look at it (`get_operation`) brings it one step further.
test_fakes.py holds it together with the embedded Moodle.
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

    def __init__(self, steps: int = 6) -> None:
        self.steps = steps
        self.failures: list[str] = []
        self.broken: set[str] = set()
        self.courses: dict[int, dict[str, Any]] = {}
        self.backups: list[dict[str, Any]] = []
        self.origins: dict[int, int] = {}
        self.roles: list[dict[str, Any]] = []
        self.operations: dict[str, dict[str, Any]] = {}
        self._next = 100

    def read(self, function: str, /, **params: Any) -> Any:
        if not self.broken.isdisjoint(map(str, params.values())):
            raise ServerError(function, "the server answered HTTP 504", status=504)
        return self._call(
            {
                "local_otbridge_find_backups": self._find_backups,
                "local_otbridge_check": self._check,
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
                "local_otbridge_run": self._run,
                "local_otbridge_undo": self._undo,
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
                "stored": BACKUP_TIME,
                "siteurl": self.base_url,
                "samesite": True,
                "category": "",
                "origin": self.origins.get(course_id, course_id),
                "alive": 0,
            }
        )

    def bearing(self, shortname: str) -> int:
        """How many courses and roles bear the short name."""
        return sum(thing["shortname"] == shortname for thing in (*self.courses.values(), *self.roles))

    # --- reads

    def _find_backups(self, limit: int = 50, private: bool = False, **wanted: Any) -> dict[str, Any]:
        asked = {name: value for name, value in wanted.items() if value}
        found = [
            {**backup, "alive": self._alive(backup["origin"])}
            for backup in self.backups
            if all(backup[name] == value for name, value in asked.items())
        ]
        return {"backups": found, "truncated": False, "unread": 0, "unreadable": [], "lookalikes": []}

    def _alive(self, origin: int) -> int:
        return max((id_ for id_ in self.courses if self.origins.get(id_, id_) == origin), default=0)

    def _check(self, program: str, draftitemid: int) -> dict[str, Any]:
        faults = []
        for number, step in enumerate(json.loads(program)["steps"]):
            try:
                self._refuse_taken(step)
            except MoodleRefused as refused:
                path = f"steps[{number}].shortname"
                faults.append(
                    {"path": path, "code": refused.errorcode, "message": refused.detail, "facts": "{}"}
                )
        return {"ok": not faults, "heavy": False, "faults": faults, "notes": []}

    def _courses_by_field(self, field: str, value: str) -> dict[str, Any]:
        return {
            "courses": [course for course in self.courses.values() if str(course.get(field, "")) == value],
            "warnings": [],
        }

    def _categories(self, criteria: list[dict[str, str]], addsubcategories: bool) -> list[dict[str, Any]]:
        return [{"id": CATEGORY, "name": "Category 1"}] if criteria[0]["value"] == str(CATEGORY) else []

    def _get_operation(self, opkey: str) -> dict[str, Any]:
        if opkey not in self.operations:
            return _operation(opkey, "", "none")
        operation = self.operations[opkey]
        if operation["status"] in ("queued", "running"):
            self._go_on(operation)
        return _told(operation)

    # --- writes

    def _run(self, opkey: str, program: str, draftitemid: int) -> Any:
        known = self._known(opkey, program)
        if known is not None:
            return known
        steps = json.loads(program)["steps"]
        for step in steps:
            self._refuse_taken(step)
        operation = _operation(opkey, "run", "queued", program)
        if not any(step["step"] == "course.restore" for step in steps):
            self._finish(operation)
        self.operations[opkey] = operation
        return _told(operation)

    def _undo(self, opkey: str, undoes: str) -> Any:
        known = self._known(opkey, undoes)
        if known is not None:
            return known
        done = self.operations.get(undoes)
        if done is None or done["kind"] != "run":
            raise MoodleRefused("undo", f"there is no operation {undoes}", errorcode="unknownoperation")
        if done["status"] not in ("done", "failed"):
            raise MoodleRefused("undo", "it has not ended", errorcode="notended")
        if done["undone"]:
            raise MoodleRefused("undo", f"undone by {done['undone']}", errorcode="alreadyundone")
        operation = _operation(opkey, "undo", "queued", undoes) | {"undoes": undoes}
        self.operations[opkey] = operation
        if not any(step["step"] == "course.restore" for step in json.loads(done["program"])["steps"]):
            self._take_back(operation)
        return _told(operation)

    def _take_back(self, operation: dict[str, Any]) -> None:
        done = self.operations[operation["undoes"]]
        undone = []
        for number, step in reversed(list(enumerate(json.loads(done["program"])["steps"]))):
            result = json.loads(done["result"] or "{}").get(step["as"])
            if result is None:
                continue
            course = self.courses.pop(result["id"], None)
            if course is not None:
                self._bin(course["id"], course["fullname"], course["shortname"])
            self.roles = [role for role in self.roles if role["id"] != result["id"]]
            undone.append(f"steps[{number}] {step['step']}")
        result = json.dumps({"undone": undone, "left": []})
        operation |= {"status": "done", "step": "", "progress": 1.0, "result": result}
        done["undone"] = operation["opkey"]

    def _known(self, opkey: str, program: str) -> dict[str, Any] | None:
        """The operation as it is when the key was seen before."""
        known = self.operations.get(opkey)
        if known is None:
            return None
        if known["program"] != program:
            raise MoodleRefused("run", "the key was used for something else", errorcode="opkeyreused")
        return _told(known)

    def _go_on(self, operation: dict[str, Any]) -> None:
        """One look further; the last one does the steps, or fails for good and leaves nothing."""
        operation["looks"] += 1
        operation |= {
            "status": "running",
            "step": "steps[0] course.restore",
            "progress": operation["looks"] / (self.steps + 1),
        }
        if operation["looks"] >= self.steps:
            (self._take_back if operation["kind"] == "undo" else self._finish)(operation)

    def _finish(self, operation: dict[str, Any]) -> None:
        results: dict[str, Any] = {}
        courses, roles = dict(self.courses), list(self.roles)
        for step in json.loads(operation["program"])["steps"]:
            made, failure = self._restored(step) if step["step"] == "course.restore" else self._role(step)
            if failure:
                self.courses, self.roles = courses, roles
                ended = {"status": "failed", "errorcode": failure, "error": f"the step failed: {failure}"}
                operation |= {**ended, "result": json.dumps({"left": []}), "step": ""}
                return
            results[step["as"]] = made
        operation |= {"status": "done", "step": "", "progress": 1.0, "result": json.dumps(results)}

    def _role(self, step: dict[str, Any]) -> tuple[dict[str, Any], str]:
        role = {
            "id": self._id(),
            "shortname": step["shortname"],
            "name": step["name"],
            "contextlevels": step["contextlevels"],
            "capabilities": step["capabilities"],
            "url": self.base_url,
        }
        self.roles.append(role)
        return role, ""

    def _restored(self, step: dict[str, Any]) -> tuple[dict[str, Any], str]:
        backup = next((backup for backup in self.backups if backup["ref"] == step["ref"]), None)
        failure = self.failures.pop(0) if self.failures else ""
        if backup is None:
            return {}, "backupnotfound"
        if failure or self.bearing(backup["shortname"]):
            return {}, failure or "shortnametaken"
        course = {"id": self._id(), "fullname": backup["fullname"], "shortname": backup["shortname"]}
        self.courses[course["id"]] = course
        self.origins[course["id"]] = backup["origin"]
        return {
            **course,
            "url": f"{self.base_url}/course/view.php?id={course['id']}",
            "category": step["category"],
            "backuptime": BACKUP_TIME,
            "source": backup["source"],
            "filename": backup["filename"],
            "activities": {"quiz": 1, "page": 2},
            "questions": 5,
            "files": 3,
            "users": step["users"],
            "compared": {"activities": [3, 3], "questions": [5, 5], "files": [3, 3]},
            "warnings": [],
        }, ""

    def _refuse_taken(self, step: dict[str, Any]) -> None:
        backup = next((one for one in self.backups if one["ref"] == step.get("ref")), {})
        shortname = step.get("shortname") or backup.get("shortname", "")
        things = self.courses.values() if step["step"] == "course.restore" else self.roles
        if any(thing["shortname"] == shortname for thing in things):
            raise MoodleRefused("run", f"the short name {shortname} is taken", errorcode="shortnametaken")

    def _id(self) -> int:
        self._next += 1
        return self._next

    @staticmethod
    def _call(functions: dict[str, Callable[..., Any]], function: str, params: dict[str, Any]) -> Any:
        if function not in functions:
            raise UnknownFunction(function, "this Moodle has no such function")
        return functions[function](**params)


def _operation(opkey: str, kind: str, status: str, program: str = "") -> dict[str, Any]:
    """An operation; `program` is what its key stands for."""
    return {
        "opkey": opkey,
        "kind": kind,
        "undoes": "",
        "program": program,
        "looks": 0,
        "timestarted": 0,
        "status": status,
        "progress": 0.0,
        "step": "",
        "result": "",
        "errorcode": "",
        "error": "",
        "undone": "",
    }


def _told(operation: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in operation.items() if name not in ("program", "looks")}
