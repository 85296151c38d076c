"""restore-course: a course deleted by accident comes back from the newest backup that holds it.

Source: seed, item 2.9.1 ("Заказчик случайно удалил курс"): the copy of that course alone is taken out of the
latest backup and restored; the result is the course as of the backup's date, which the evidence states. The
recycle bin is looked into first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from bridge.actions.base import OperationFailed, OrderRefused, Params, Plan, Site
from bridge.actions.fields import Flag, Line, PositiveInt
from bridge.actions.operations import follow, refused
from bridge.moodle_ws.errors import MoodleRefused, ParameterError

Name = Annotated[Line, Field(max_length=254)]


class RestoreCourseParams(Params):
    """Which course: at least one of id, idnumber, short name and full name (all given ones must fit); and
    where to.
    """

    course_id: PositiveInt | None = None
    idnumber: Annotated[Line, Field(max_length=100)] = ""
    shortname: Name = ""
    fullname: Name = ""
    category_id: PositiveInt | None = None
    users: Flag = True

    @model_validator(mode="after")
    def _names_a_course(self) -> RestoreCourseParams:
        if not (self.course_id or self.idnumber or self.shortname or self.fullname):
            raise ValueError("укажите, какой курс восстановить: course_id, idnumber, shortname или fullname")
        return self

    def criteria(self) -> dict[str, Any]:
        """What `local_otbridge_find_backups` is asked for."""
        return {
            "courseid": self.course_id or 0,
            "idnumber": self.idnumber,
            "shortname": self.shortname,
            "fullname": self.fullname,
        }


class RestoreCourse:
    """The action restore-course."""

    name: ClassVar[str] = "restore-course"
    params: ClassVar[type[Params]] = RestoreCourseParams
    functions: ClassVar[frozenset[str]] = frozenset(
        {
            "local_otbridge_find_backups",
            "local_otbridge_restore_course",
            "local_otbridge_get_operation",
            "core_course_get_courses_by_field",
            "core_course_get_categories",
            "core_course_delete_courses",
        }
    )
    capabilities: ClassVar[frozenset[str]] = frozenset(
        {
            "local/otbridge:view",
            "local/otbridge:restore",
            "moodle/restore:restorecourse",
            "moodle/restore:userinfo",
            "moodle/course:create",
            "moodle/course:delete",
        }
    )

    def plan(
        self, params: RestoreCourseParams, site: Site, taken_back: Sequence[Mapping[str, Any]] = ()
    ) -> Plan:
        """Find the backup and the category; refuses a living course, no backup, and two courses of that
        name.
        """
        self._refuse_living(params, site)
        backups = _without(
            taken_back, site.moodle.read("local_otbridge_find_backups", **params.criteria())["backups"]
        )
        if not backups:
            raise OrderRefused(
                "no-backup", f"no backup holds a course with {_told(params)}", course=_told(params)
            )
        self._refuse_ambiguous(params, backups)
        backup = min(backups, key=lambda one: (one["source"] != "recyclebin", -one["timecreated"]))
        self._refuse_taken(backup, site)
        category = self._category(params, backup, site)
        users = params.users and backup["users"]
        call = {
            "ref": backup["ref"],
            "draftitemid": 0,
            "categoryid": category["id"],
            "fullname": "",
            "shortname": "",
            "users": users,
        }
        summary = (
            (
                f"restore {backup['fullname']} ({backup['shortname']}) from {backup['source']}: "
                f"{backup['filename']}, "
                f"{_day(backup['timecreated'])}, {backup['size']} bytes, "
                f"{'with' if users else 'without'} users' data"
            ),
            f"into category {category['name']} ({category['id']})",
        )
        return Plan(summary, call)

    def apply(self, call: Mapping[str, Any], opkey: str, site: Site) -> dict[str, Any]:
        """Restore, wait for the end, and read the course back."""
        try:
            operation = site.moodle.write("local_otbridge_restore_course", opkey=opkey, **call)
        except (MoodleRefused, ParameterError) as error:
            raise refused(error) from error
        result = follow(operation, site)
        found = site.moodle.read(
            "core_course_get_courses_by_field", field="id", value=str(result["courseid"])
        )["courses"]
        if not found:
            raise OperationFailed(
                "vanished", f"Moodle reported course {result['courseid']} as restored, but does not have it"
            )
        return {
            "kind": "course",
            "course_id": result["courseid"],
            "fullname": result["fullname"],
            "shortname": result["shortname"],
            "url": result["url"],
            "category_id": result["categoryid"],
            "backup_at": datetime.fromtimestamp(result["backuptime"], UTC).isoformat(),
            "backup_source": result["source"],
            "backup_file": result["filename"],
            "activities": result["activities"],
            "questions": result["questions"],
            "files": result["files"],
            "users": result["users"],
            "warnings": result["warnings"],
        }

    def undo(self, evidence: Mapping[str, Any], opkey: str, site: Site) -> dict[str, Any]:  # noqa: ARG002 (deleting is idempotent by id)
        """Delete the restored course; Moodle keeps it in the recycle bin. Deleting what is gone is no
        error.
        """
        course_id = evidence["course_id"]
        if site.moodle.read("core_course_get_courses_by_field", field="id", value=str(course_id))["courses"]:
            answer = site.moodle.write("core_course_delete_courses", courseids=[course_id])
            if answer and answer.get("warnings"):
                raise OrderRefused(
                    "not-deleted",
                    f"Moodle did not delete course {course_id}: {answer['warnings'][0].get('message', '')}",
                )
        return {"kind": "course-deleted", "course_id": course_id}

    @staticmethod
    def _refuse_living(params: RestoreCourseParams, site: Site) -> None:
        """A course that still lives needs no restoring, even if backups hold it under names that it bears
        no more.
        """
        for field, value in (
            ("id", params.course_id),
            ("idnumber", params.idnumber),
            ("shortname", params.shortname),
        ):
            if value:
                living = site.moodle.read("core_course_get_courses_by_field", field=field, value=str(value))[
                    "courses"
                ]
                if living:
                    raise _living(living[0])

    @staticmethod
    def _refuse_ambiguous(params: RestoreCourseParams, backups: Sequence[Mapping[str, Any]]) -> None:
        newest: dict[int, Mapping[str, Any]] = {}
        for backup in sorted(backups, key=lambda one: one["timecreated"]):
            newest[backup["courseid"]] = backup
        if len(newest) > 1:
            candidates = [
                {
                    "course_id": one["courseid"],
                    "fullname": one["fullname"],
                    "shortname": one["shortname"],
                    "backup_at": _day(one["timecreated"]),
                }
                for one in sorted(newest.values(), key=lambda one: -one["timecreated"])
            ]
            told = ", ".join(f"{one['course_id']} ({one['shortname']})" for one in candidates)
            raise OrderRefused(
                "ambiguous",
                f"backups hold several courses with {_told(params)}: {told}",
                course=_told(params),
                candidates=candidates,
            )

    @staticmethod
    def _refuse_taken(backup: Mapping[str, Any], site: Site) -> None:
        living = site.moodle.read(
            "core_course_get_courses_by_field", field="shortname", value=backup["shortname"]
        )["courses"]
        if living:
            raise _living(living[0])

    @staticmethod
    def _category(params: RestoreCourseParams, backup: Mapping[str, Any], site: Site) -> Mapping[str, Any]:
        wanted = (
            [params.category_id]
            if params.category_id
            else [backup["categoryid"], site.policy.restore_category]
        )
        for category_id in wanted:
            if category_id:
                found = site.moodle.read(
                    "core_course_get_categories",
                    criteria=[{"key": "id", "value": str(category_id)}],
                    addsubcategories=False,
                )
                if found:
                    return dict(found[0])
        raise OrderRefused(
            "no-category",
            f"the category {wanted[0] or ''} of the course is not known or gone",
            category_id=wanted[0] or 0,
        )


def _without(
    taken_back: Sequence[Mapping[str, Any]], backups: Sequence[Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """The backups of the lost course itself: an earlier restore that was taken back left copies too. They
    count only where they are all there is.
    """
    copies = {one["course_id"] for one in taken_back}
    return [one for one in backups if one["courseid"] not in copies] or backups


def _living(course: Mapping[str, Any]) -> OrderRefused:
    told = f"{course['fullname']} ({course['shortname']}), id {course['id']}"
    return OrderRefused(
        "course-exists", f"the course is not deleted, or its short name is taken: {told}", course=told
    )


def _told(params: RestoreCourseParams) -> str:
    return ", ".join(f"{name} «{value}»" for name, value in params.criteria().items() if value)


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
