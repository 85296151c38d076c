"""Names of functions, hostile texts and programs that several groups of requests use."""

from __future__ import annotations

import json
from collections.abc import Mapping

INFO = "core_webservice_get_site_info"
CATEGORIES = "core_course_get_categories"
COURSES = "core_course_get_courses_by_field"
CONTENTS = "core_course_get_contents"
USERS = "core_user_get_users_by_field"
CREATE = "core_course_create_courses"
DELETE = "core_course_delete_courses"
FILE = "core_files_upload"
GET_INFO = "local_otbridge_get_info"
FIND = "local_otbridge_find_backups"
CHECK = "local_otbridge_check"
RUN = "local_otbridge_run"
GET = "local_otbridge_get_operation"
UNDO = "local_otbridge_undo"

BAD_UTF8 = b"a\xff\xfeb"
HALF = b"\xd0"
LONG = "x" * 10_000
HUGE = "99999999999999999999"


def program(*steps: Mapping[str, object], **more: object) -> str:
    """A program as the bridge writes it."""
    return json.dumps({"version": 1, "ticket": "R-1", "files": [], "steps": list(steps), **more})


def padded(text: str, length: int) -> str:
    """So many characters, once `$u$` stands for its eight."""
    return text.ljust(length - 8 + len("$u$"), "ж")


def group(name: str = "Группа $u$", label: str = "group1", **more: object) -> dict[str, object]:
    """A step that makes a group."""
    return {"step": "group.create", "as": label, "course": "$Ncourse$", "name": name, **more}


def by(key: object, value: object, number: int = 0) -> list[tuple[str, object]]:
    """One criterion of categories."""
    return [(f"criteria[{number}][key]", key), (f"criteria[{number}][value]", value)]


def key(number: int) -> str:
    """An operation key of this run."""
    return f"$uuid${number:04x}"
