"""The embedded Moodle's site: its categories, courses and backups, and what an administrator would do to
them by hand.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bridge.sandbox.moodle import mbz, people, roles
from bridge.sandbox.moodle.problems import MoodleProblem, missing_capability, missing_record
from bridge.sandbox.moodle.records import Course, Operation, Role
from bridge.sandbox.moodle.store import Store

RELEASE = "4.5.6 (Build: 20250811)"
VERSION = "2024100706"
THEME_REVISION = 1754900000
USER_ID = 2
USER_CONTEXT = 5
SITE_COURSE_ID = 1
DEFAULT_ACTIVITIES: Mapping[str, int] = {"forum": 1, "quiz": 2}

CAPABILITIES: Mapping[str, str] = {
    "local/otbridge:view": "View operations of the norm-hours bridge",
    "local/otbridge:run": "Run programs of the norm-hours bridge",
    "local/otbridge:restore": "Restore courses for the norm-hours bridge",
    "local/otbridge:managerole": "Manage roles for the norm-hours bridge",
    "local/otbridge:audit": "Audit the site for the norm-hours bridge",
    "local/otbridge:managesite": "Change settings of the site for the norm-hours bridge",
    "mod/customcert:addinstance": "Add a new custom certificate instance",
    "moodle/restore:restorecourse": "Restore courses",
    "moodle/course:create": "Create courses",
    "moodle/course:delete": "Delete courses",
    "moodle/course:update": "Update course settings",
    "moodle/course:manageactivities": "Manage activities",
    "mod/assign:addinstance": "Add a new assignment",
    "mod/folder:addinstance": "Add a new folder",
    "mod/glossary:addinstance": "Add a new glossary",
    "mod/glossary:write": "Create new entries",
    "mod/glossary:approve": "Approve and undo approved entries",
    "mod/glossary:manageentries": "Manage entries",
    "mod/lesson:addinstance": "Add a new lesson",
    "mod/lesson:edit": "Edit a lesson activity",
    "mod/page:addinstance": "Add a new page resource",
    "mod/resource:addinstance": "Add a new resource",
    "moodle/course:managegroups": "Manage groups",
    "moodle/course:managescales": "Manage scales",
    "moodle/grade:manage": "Manage grade items",
    "moodle/category:manage": "Manage categories",
    "mod/quiz:addinstance": "Add a new quiz",
    "moodle/question:managecategory": "Edit question categories",
    "moodle/question:editall": "Edit all questions",
    "moodle/course:activityvisibility": "Hide/show activities",
    "moodle/question:add": "Add new questions",
    "moodle/question:useall": "Use all questions",
    "mod/quiz:manage": "Manage quizzes",
    "moodle/restore:userinfo": "Restore user data",
    "moodle/role:manage": "Create and manage roles",
    "moodle/user:viewdetails": "View user profiles",
    "moodle/user:viewalldetails": "View user full information",
    "moodle/site:viewuseridentity": "See full user identity in lists",
    "moodle/user:create": "Create users",
    "moodle/user:update": "Update user profiles",
    "moodle/role:assign": "Assign roles to users",
    "moodle/cohort:manage": "Create, delete and move cohorts",
    "moodle/cohort:assign": "Add and remove cohort members",
    "moodle/cohort:view": "View site-wide cohorts",
    "moodle/course:enrolconfig": "Configure enrol instances in courses",
    "enrol/manual:enrol": "Enrol users",
    "enrol/manual:manage": "Manage user enrolments",
    "enrol/cohort:config": "Configure cohort instances",
    "enrol/self:config": "Configure self enrol instances",
}
"""The capabilities that the plugin's functions and steps ask for, with the titles that Moodle tells when one
is missing.
"""


ENTERING = ("moodle/course:view", "moodle/course:viewhiddencourses")
"""What lets the token's user into every course."""


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A stored backup.

    Attributes:
        ref: as `find_backups` tells it.
        category: that its course was deleted from, 0 where that is not known.
        stored: when it was stored, Unix seconds.
        private: whether it lies in a user's own area.
    """

    ref: str
    source: str
    filename: str
    path: Path
    category: int
    stored: int
    private: bool = False


class Site:
    """A Moodle site that lives in a directory; several processes may have it open at once.

    Parameters:
        directory: holds the database, the files and the automated backups; made when it is missing.
        url: the address under which it is served.
        token: the web service token; None keeps the directory's own, or makes one.
        restore_seconds: how long a restore takes.
        debugging: whether errors tell their debuginfo.
    """

    def __init__(
        self,
        directory: Path,
        *,
        url: str = "",
        token: str | None = None,
        restore_seconds: float = 0.3,
        debugging: bool = False,
    ) -> None:
        self.directory = directory
        self.url = url
        self.restore_seconds = restore_seconds
        self.unread_backups = 0
        """Backup files that the next search leaves unread; one fewer after each."""
        self.cron_seconds = 0.0
        """How long a heavy program waits for cron."""
        self.debugging = debugging
        self.backup_folder = directory / "autobackup"
        """Where automated backups go: files that are put here are found, too."""
        self.files = directory / "filedir"
        for folder in (self.backup_folder, self.files):
            folder.mkdir(parents=True, exist_ok=True)
        self.store = Store(directory / "moodle.sqlite")
        self.work_waiting = threading.Event()
        with self.store.transaction():
            if self.store.get("token") is None:
                self._install()
            if token is not None:
                self.store.set("token", token)

    def close(self) -> None:
        """Close the database; the site's files stay."""
        self.store.close()

    def _install(self) -> None:
        now = int(time.time())
        for name, value in {
            "token": secrets.token_hex(16),
            "privatekey": secrets.token_hex(16),
            "restricted": "[]",
            "prohibited": "[]",
            "stepsoff": "[]",
            "identifier": secrets.token_hex(16),
            "lastcron": "0",
            "plugin": "1",
        }.items():
            self.store.set(name, value)
        site_context = [self.store.new_context() for _ in range(5)][1]
        self.store.insert(
            "course",
            id=SITE_COURSE_ID,
            category=0,
            fullname="Sandbox Moodle",
            shortname="sandbox",
            idnumber="",
            summary="",
            visible=1,
            startdate=0,
            enddate=0,
            questions=0,
            files=0,
            users=0,
            contextid=site_context,
            timecreated=now,
            timemodified=now,
        )
        self.add_category("Category 1")
        roles.install(self.store)
        self.add_user("guest", email="root@localhost", firstname="Guest user", lastname=" ")
        self.add_user("otbridge", firstname="Norm-hours", lastname="Bridge")

    @property
    def token(self) -> str:
        """The web service token."""
        return str(self.store.get("token"))

    @property
    def identifier(self) -> str:
        """What backups of this site are known by, wherever it is served."""
        return str(self.store.get("identifier"))

    def cron_ran(self) -> None:
        """Note that cron runs."""
        self.store.set("lastcron", str(int(time.time())))

    @property
    def last_cron(self) -> int:
        """When cron ran last, Unix seconds; 0: never."""
        return int(self.store.get("lastcron") or 0)

    # What the token may do.

    def restrict(
        self,
        functions: Iterable[str] = (),
        capabilities: Iterable[str] = (),
        *,
        steps: Iterable[str] = (),
        plugin: bool = True,
    ) -> None:
        """Take functions out of the token's service and capabilities from its user; what is not named is
        given back.

        Parameters:
            functions: names of functions that the service shall lack.
            capabilities: names of capabilities that the user shall lack.
            steps: kinds of steps that the administrator has switched off.
            plugin: False as if local_otbridge were not installed at all.
        """
        with self.store.transaction():
            self.store.set("restricted", json.dumps(sorted(functions)))
            self.store.set("prohibited", json.dumps(sorted(capabilities)))
            self.store.set("stepsoff", json.dumps(sorted(steps)))
            self.store.set("plugin", str(int(plugin)))

    def steps_off(self) -> list[str]:
        """Kinds of steps that the administrator has switched off."""
        return list(json.loads(self.store.get("stepsoff") or "[]"))

    def lacks_function(self, name: str) -> bool:
        """Whether the function was taken out of the token's service."""
        return name in json.loads(self.store.get("restricted") or "[]")

    def has_plugin(self) -> bool:
        """Whether local_otbridge is installed."""
        return self.store.get("plugin") == "1"

    def has_capability(self, name: str) -> bool:
        """Whether the token's user has the capability."""
        return name not in json.loads(self.store.get("prohibited") or "[]")

    def require(self, *capabilities: str) -> None:
        """Refuse as Moodle does when the token's user lacks one of the capabilities.

        Raises:
            MoodleProblem: `nopermissions`.
        """
        for name in capabilities:
            if not self.has_capability(name):
                raise missing_capability(CAPABILITIES.get(name, name))

    # People.

    def add_user(
        self,
        username: str,
        *,
        email: str = "",
        firstname: str = "",
        lastname: str = "",
        profile: Mapping[str, str] | None = None,
        **details: str,
    ) -> int:
        """Make an account, which rules of enrolment look at; returns its id.

        Parameters:
            profile: values of its profile's fields, by their short names.
            details: other columns: idnumber, country, department, ….
        """
        return people.add(
            self.store,
            {
                "username": username,
                "email": email or f"{username}@example.org",
                "firstname": firstname or username,
                "lastname": lastname or "–",
                **details,
            },
            profile or {},
        )

    def log_in(self, user: int, course: int = 0) -> None:
        """Somebody comes, and perhaps goes into a course."""
        people.log_in(self.store, user, course)

    def enrol(self, course: int, user: int) -> None:
        """Enrol somebody in a course."""
        self.store.execute("INSERT OR IGNORE INTO enrolment (course, user) VALUES (?, ?)", course, user)

    def is_enrolled(self, course: int, user: int) -> bool:
        """Whether somebody is enrolled in a course."""
        return (
            self.store.row("SELECT 1 FROM enrolment WHERE course = ? AND user = ?", course, user) is not None
        )

    # Categories and courses.

    def add_category(self, name: str, *, idnumber: str | None = None, parent: int = 0) -> int:
        """Make a course category; returns its id."""
        with self.store.transaction():
            self.store.new_context()
            category = self.store.insert(
                "category", name=name, idnumber=idnumber, parent=parent, timemodified=int(time.time())
            )
            above = self.category(parent)["path"] if parent else ""
            self.store.execute("UPDATE category SET path = ? WHERE id = ?", f"{above}/{category}", category)
        return category

    def category(self, category: int) -> dict[str, Any]:
        """A category's record.

        Raises:
            MoodleProblem: `invalidrecord`.
        """
        found = self.store.row("SELECT * FROM category WHERE id = ?", category)
        if found is None:
            raise missing_record("course_categories")
        return found

    def add_course(
        self,
        *,
        fullname: str,
        shortname: str,
        idnumber: str = "",
        categoryid: int = 1,
        activities: Mapping[str, int] = DEFAULT_ACTIVITIES,
        questions: int = 10,
        files: int = 3,
        users: bool = True,
        summary: str = "",
        visible: int = 1,
    ) -> int:
        """Make a course with so many activities of each kind; returns its id.

        Raises:
            MoodleProblem: `shortnametaken`, `courseidnumbertaken`, `invalidrecord` for an unknown category.
        """
        modules = tuple(
            (modname, f"{modname.capitalize()} {number}", 0 if modname == "forum" else 1)
            for modname, count in activities.items()
            for number in range(1, count + 1)
        )
        backup = mbz.Backup(0, fullname, shortname, idnumber, 0, users, modules, questions, files)
        return self.insert_course(backup, categoryid=categoryid, summary=summary, visible=visible)

    def insert_course(
        self, content: mbz.Backup, *, categoryid: int, summary: str = "", visible: int = 1
    ) -> int:
        """Make a course with the given content; returns its id.

        Raises:
            MoodleProblem: as `add_course`.
        """
        now = int(time.time())
        midnight = now - now % 86400
        with self.store.transaction():
            self.category(categoryid)
            self.refuse_taken_shortname(content.shortname)
            if content.idnumber and self.store.row(
                "SELECT id FROM course WHERE idnumber = ?", content.idnumber
            ):
                raise MoodleProblem(
                    "courseidnumbertaken",
                    f"ID number is already used for another course ({content.idnumber})",
                )
            course = self.store.insert(
                "course",
                category=categoryid,
                fullname=content.fullname,
                shortname=content.shortname,
                idnumber=content.idnumber,
                summary=summary,
                visible=visible,
                startdate=midnight,
                enddate=midnight + 365 * 86400,
                questions=content.questions,
                files=content.files,
                users=int(content.users),
                contextid=self.store.new_context(),
                timecreated=now,
                timemodified=now,
            )
            self.store.insert("section", course=course, number=0, name="General")
            if any(section for _, _, section in content.modules):
                self.store.insert("section", course=course, number=1, name="New section")
            for modname, name, section in content.modules:
                self.store.insert(
                    "module",
                    course=course,
                    section=min(section, 1),
                    modname=modname,
                    name=name,
                    contextid=self.store.new_context(),
                )
        return course

    def refuse_taken_shortname(self, shortname: str) -> None:
        """Refuse a short name that a course bears.

        Raises:
            MoodleProblem: `shortnametaken`.
        """
        if self.store.row("SELECT id FROM course WHERE shortname = ?", shortname):
            raise MoodleProblem(
                "shortnametaken", f"Short name is already used for another course ({shortname})"
            )

    def course(self, course: int) -> dict[str, Any]:
        """A course's record.

        Raises:
            MoodleProblem: `invalidrecord`.
        """
        found = self.store.row("SELECT * FROM course WHERE id = ?", course)
        if found is None:
            raise missing_record("course")
        return found

    def modules(self, course: int) -> list[dict[str, Any]]:
        """The records of a course's activities."""
        return self.store.rows("SELECT * FROM module WHERE course = ? ORDER BY section, id", course)

    def delete_course(self, course: int) -> None:
        """Delete a course; a full backup of it goes into its category's recycle bin.

        Raises:
            MoodleProblem: `invalidrecord`.
        """
        with self.store.transaction():
            record = self.course(course)
            self.store_backup(course, "recyclebin", "backup.mbz", category=record["category"])
            for row in self.store.rows('SELECT id FROM "group" WHERE course = ?', course):
                for table in ("group_member", "grouping_group"):
                    self.store.execute(f"DELETE FROM {table} WHERE groupid = ?", row["id"])
            gone = (
                "module",
                "section",
                "group",
                "grouping",
                "enrolment",
                "enrolment_detail",
                "enrol_method",
                "rule",
            )
            for table in gone:
                self.store.execute(f'DELETE FROM "{table}" WHERE course = ?', course)
            self.store.execute("DELETE FROM course WHERE id = ?", course)

    def courses(self) -> list[Course]:
        """All courses but the site itself."""
        found = self.store.rows("SELECT * FROM course WHERE id <> ? ORDER BY id", SITE_COURSE_ID)
        return [
            Course(
                id=record["id"],
                category=record["category"],
                fullname=record["fullname"],
                shortname=record["shortname"],
                idnumber=record["idnumber"],
                activities=self.pack(record["id"]).activities,
                questions=record["questions"],
                files=record["files"],
                users=bool(record["users"]),
            )
            for record in found
        ]

    # Backups.

    def pack(self, course: int) -> mbz.Backup:
        """A living course as the content of a backup."""
        record = self.course(course)
        return mbz.Backup(
            courseid=course,
            fullname=record["fullname"],
            shortname=record["shortname"],
            idnumber=record["idnumber"],
            time=int(time.time()),
            users=bool(record["users"]),
            modules=tuple((item["modname"], item["name"], item["section"]) for item in self.modules(course)),
            questions=record["questions"],
            files=record["files"],
            site=self.identifier,
            siteurl=self.url,
        )

    def run_automated_backup(self, course: int) -> Path:
        """Back a course up into the automated-backup folder, as cron does; returns the file."""
        moment = time.strftime("%Y%m%d-%H%M", time.gmtime())
        path = (
            self.backup_folder
            / f"backup-moodle2-course-{course}-{self.course(course)['shortname'].lower()}-{moment}.mbz"
        )
        mbz.write(self.pack(course), path)
        return path

    def backup_course(self, course: int, *, private: bool = True) -> Path:
        """Back a course up into the user's private backup area, as a teacher does, or into the course's own;
        returns the file.
        """
        filename = f"backup-moodle2-course-{course}.mbz"
        return self.store_backup(course, "filearea", filename, private=private)

    def store_backup(
        self, course: int, source: str, filename: str, *, category: int = 0, private: bool = False
    ) -> Path:
        """Back a course up into one of the places where backups are found; returns the file."""
        path = self.files / f"{uuid.uuid4().hex}.mbz"
        mbz.write(self.pack(course), path)
        self.store.insert(
            "backup",
            source=source,
            filename=filename,
            path=path.name,
            category=category,
            stored=int(time.time()),
            private=int(private),
        )
        return path

    def empty_recycle_bin(self) -> None:
        """Throw everything in the recycle bins away."""
        with self.store.transaction():
            gone = self.store.rows("SELECT path FROM backup WHERE source = 'recyclebin'")
            self.store.execute("DELETE FROM backup WHERE source = 'recyclebin'")
        for item in gone:
            (self.files / item["path"]).unlink(missing_ok=True)

    def backup_files(self) -> Iterator[BackupFile]:
        """Every stored backup."""
        for item in self.store.rows("SELECT * FROM backup ORDER BY id"):
            yield BackupFile(
                f"{item['source']}:{item['id']}",
                item["source"],
                item["filename"],
                self.files / item["path"],
                item["category"],
                item["stored"],
                bool(item["private"]),
            )
        for path in sorted(self.backup_folder.glob("*.mbz")):
            ref = f"folder:{hashlib.sha256(path.name.encode()).hexdigest()[:32]}"
            yield BackupFile(ref, "folder", path.name, path, 0, int(path.stat().st_mtime))

    def note_origin(self, course: int, of: int) -> None:
        """Keep which course a restored one was."""
        self.store.insert("origin", course=course, origin=self.origin(of))

    def origin(self, course: int) -> int:
        """The course that was lost first, where this one was restored; itself otherwise."""
        found = self.store.row("SELECT origin FROM origin WHERE course = ?", course)
        return int(found["origin"]) if found else course

    def alive(self, origin: int) -> int:
        """The id under which a course lives on, 0 where it does not."""
        found = self.store.row(
            "SELECT MAX(id) AS id FROM course"
            " WHERE id = ? OR id IN (SELECT course FROM origin WHERE origin = ?)",
            origin,
            origin,
        )
        return int(found["id"] or 0) if found else 0

    def backup(self, ref: str) -> BackupFile | None:
        """The stored backup of this reference, None where there is none."""
        return next((one for one in self.backup_files() if one.ref == ref and one.path.is_file()), None)

    # Drafts.

    def add_draft(self, itemid: int, filepath: str, filename: str, data: bytes) -> int | None:
        """Put a file into a draft area (0 makes a new one); returns the area's id, None when the name is
        taken there.
        """
        with self.store.transaction():
            itemid = itemid if itemid > 0 else 100_000_000 + secrets.randbelow(900_000_000)
            if self.store.row(
                "SELECT id FROM draft WHERE itemid = ? AND filepath = ? AND filename = ?",
                itemid,
                filepath,
                filename,
            ):
                return None
            path = self.files / uuid.uuid4().hex
            path.write_bytes(data)
            self.store.insert(
                "draft", itemid=itemid, filepath=filepath, filename=filename, size=len(data), path=path.name
            )
        return itemid

    def drafts(self, itemid: int) -> list[dict[str, Any]]:
        """The files of a draft area."""
        return self.store.rows("SELECT * FROM draft WHERE itemid = ? ORDER BY id", itemid)

    # Roles and operations.

    def roles(self) -> list[Role]:
        """All roles."""
        return roles.listing(self.store)

    def assign_role(self, role: int, user: int = USER_ID) -> None:
        """Give somebody a role."""
        self.store.insert("role_assignment", role=role, user=user)

    def unassign_role(self, role: int, user: int = USER_ID) -> None:
        """Take a role from somebody."""
        self.store.execute("DELETE FROM role_assignment WHERE role = ? AND user = ?", role, user)

    def operations(self) -> list[Operation]:
        """All operations of the plugin, in the order in which they came."""
        return [Operation.of(row) for row in self.store.rows("SELECT * FROM operation ORDER BY id")]
