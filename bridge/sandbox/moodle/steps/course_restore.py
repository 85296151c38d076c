"""course.restore: a course out of a backup, done by cron."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import mbz, whole_site
from bridge.sandbox.moodle.courses import changed, footprint
from bridge.sandbox.moodle.problems import MoodleProblem
from bridge.sandbox.moodle.schema import Fault, Field, Items, Shape, flag, line, record
from bridge.sandbox.moodle.steps.base import Changed, Failure, StepKind, Work

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class CourseRestore(StepKind):
    """See the module."""

    name: ClassVar[str] = "course.restore"
    heavy: ClassVar[bool] = True
    shape: ClassVar[Shape] = Shape(
        {
            "ref": line(255, ""),
            "older": Items(line(255)),
            "file": Field("file", None),
            "category": record("category"),
            "fullname": line(254, ""),
            "shortname": line(255, ""),
            "users": flag(default=True),
            "othersite": flag(default=False),
            "people": Items(Shape({"login": line(100), "account": line(100, "")})),
            "acceptlosses": flag(default=False),
            "lang": line(30, ""),
        }
    )
    results: ClassVar[Mapping[str, str]] = {
        "id": "course",
        "fullname": "text",
        "shortname": "text",
        "url": "text",
        "category": "category",
        "backuptime": "int",
        "source": "text",
        "filename": "text",
        "activities": "json",
        "questions": "int",
        "files": "int",
        "users": "bool",
        "warnings": "json",
        "compared": "json",
    }
    needs: ClassVar[tuple[str, ...]] = (
        "local/otbridge:restore",
        "moodle/restore:restorecourse",
        "moodle/course:create",
        "moodle/course:delete",
        "moodle/restore:userinfo",
    )

    def needed(self, params: Mapping[str, Any]) -> tuple[str, ...]:
        """See `StepKind.needed`: users' data need a capability of their own."""
        return tuple(one for one in self.needs if params["users"] or one != "moodle/restore:userinfo")

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        if bool(params["ref"]) == bool(params["file"]):
            yield Fault("ref", "reforfile", "Exactly one of ref and file is needed")
            return
        if params["file"]:
            return
        content = None
        first: Fault | None = None
        for wanted in (params["ref"], *params["older"]):
            found = site.backup(wanted)
            if found is None:
                message = "The backup is not there, or not there any more"
                first = first or Fault("ref", "backupnotfound", message, {"ref": wanted})
                continue
            try:
                content = mbz.read(found.path)
                break
            except mbz.BadBackup as problem:
                first = first or Fault("ref", "backupinvalid", f"The file is no course backup: {problem}")
        if content is None:
            assert first is not None, "there is at least one"
            yield first
            return
        if content.site != site.identifier and not params["othersite"]:
            yield Fault(
                "othersite", "othersite", "The backup was made on another site", {"site": content.siteurl}
            )
        yield from _taken(site, params["shortname"] or content.shortname)

    def notes(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.notes`."""
        return whole_site.notes(site, params["ref"])

    def waits(self, site: Site, params: Mapping[str, Any]) -> str:
        """See `StepKind.waits`."""
        return whole_site.waits(site, params.get("ref"))

    def check_files(self, params: Mapping[str, Any], held: Mapping[str, Path]) -> Iterator[Fault]:
        """See `StepKind.check_files`."""
        path = held.get(params["file"]["file"]) if params["file"] else None
        if path is None:
            return
        try:
            mbz.read(path)
        except mbz.BadBackup as problem:
            yield Fault("file", "backupinvalid", f"The file is no course backup: {problem}")

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        site = work.site
        source, filename, content, warnings = self._choose(work, params)
        if content.site != site.identifier and not params["othersite"]:
            raise Failure("othersite", f"The backup was made on another site ({content.siteurl})")
        taken = content.idnumber and site.store.row(
            "SELECT id FROM course WHERE idnumber = ?", content.idnumber
        )
        content = dataclasses.replace(
            content,
            fullname=params["fullname"] or content.fullname,
            shortname=params["shortname"] or content.shortname,
            idnumber="" if taken else content.idnumber,
            users=content.users and params["users"],
        )
        for fault in _taken(site, content.shortname):
            raise Failure(fault.code, fault.message)
        try:
            course = site.insert_course(content, categoryid=params["category"])
        except MoodleProblem as problem:
            raise Failure("restorefailed", problem.message) from problem
        if content.site == site.identifier and content.courseid:
            site.note_origin(course, content.courseid)
        result = {
            "id": course,
            "fullname": content.fullname,
            "shortname": content.shortname,
            "url": f"{site.url}/course/view.php?id={course}",
            "category": params["category"],
            "backuptime": content.time,
            "source": source,
            "filename": filename,
            "activities": dict(content.activities),
            "questions": content.questions,
            "files": content.files,
            "users": content.users,
            "warnings": warnings,
            "compared": {
                "activities": [len(content.modules), len(content.modules)],
                "questions": [content.questions, content.questions],
                **({"files": [content.files, content.files]} if content.users else {}),
            },
        }
        return result, footprint(site, course)

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`; the recycle bin keeps the course."""
        if site.store.row("SELECT 1 FROM course WHERE id = ?", result["id"]) is None:
            return
        what = changed(site, result["id"], kept)
        if what:
            raise Changed(what)
        site.delete_course(result["id"])

    def _choose(self, work: Work, params: Mapping[str, Any]) -> tuple[str, str, mbz.Backup, list[str]]:
        """The first backup that is whole; a damaged one is told, and the next older one taken."""
        first: Failure | None = None
        warnings: list[str] = []
        for ref in (params["ref"], *params["older"]):
            try:
                source, filename, path = self._file(work, {**params, "ref": ref})
                return source, filename, mbz.read(path), warnings
            except Failure as gone:
                first = first or gone
                warnings.append("The copy that was chosen is gone; the next older one was taken")
            except mbz.BadBackup as problem:
                first = first or Failure("backupinvalid", f"The file is no course backup: {problem}")
                warnings.append(
                    f"The copy {filename} is damaged and was passed over for the next older one: {problem}"
                )
        assert first is not None, "there is at least one"
        raise first

    @staticmethod
    def _file(work: Work, params: Mapping[str, Any]) -> tuple[str, str, Any]:
        if params["file"]:
            filename, path = work.files[params["file"]["file"]]
            return "file", filename, path
        found = work.site.backup(params["ref"])
        if found is None or not found.path.is_file():
            raise Failure("backupnotfound", "The backup is not there, or not there any more")
        return found.source, found.filename, found.path


def _taken(site: Site, shortname: str) -> Iterator[Fault]:
    if site.store.row("SELECT 1 FROM course WHERE shortname = ? COLLATE NOCASE", shortname):
        message = f"The short name “{shortname}” is already used"
        yield Fault("shortname", "shortnametaken", message, {"shortname": shortname})


KIND = CourseRestore()
