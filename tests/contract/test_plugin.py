"""What the plugin's functions promise (docs/plugin-api.md), against every Moodle: the embedded one, and a
real one.

A real one is named by MOODLE_URL, MOODLE_TOKEN (the service otbridge) and MOODLE_ADMIN_TOKEN (a service that
may create and delete courses); its cron must run. `pytest -m live` takes it.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bridge.moodle_ws import MoodleClient, MoodleRefused, ParameterError, connect

PREFIX = "local_otbridge_"
COURSE_CREATE = "core_course_create_courses"
COURSE_DELETE = "core_course_delete_courses"
COURSE_BY_FIELD = "core_course_get_courses_by_field"
PATIENCE = 120.0
"""Seconds for a restore: a real site's cron may start once a minute."""

Create = Callable[..., int]


def _key() -> str:
    return str(uuid.uuid4())


def _unique(prefix: str) -> str:
    return f"{prefix}{uuid.uuid4().hex[:10]}"


@pytest.fixture
def admin_token(moodle_site: Any) -> str:
    """A token that may create courses: the embedded Moodle's own may."""
    if type(moodle_site).__name__ != "RealMoodle":
        return str(moodle_site.token)
    token = os.environ.get("MOODLE_ADMIN_TOKEN")
    if not token:
        pytest.skip("MOODLE_ADMIN_TOKEN names nobody who may create courses")
    return token


@pytest.fixture
def client(moodle_site: Any) -> Iterator[MoodleClient]:
    with connect(moodle_site.url, moodle_site.token) as client:
        yield client


@pytest.fixture
def course(moodle_site: Any, admin_token: str) -> Iterator[Create]:
    """Creates courses; whatever bears their short names afterwards is deleted."""
    shortnames: list[str] = []
    with connect(moodle_site.url, admin_token) as admin:

        def create(**names: Any) -> int:
            shortnames.append(names["shortname"])
            return int(
                admin.write(COURSE_CREATE, courses=[{"fullname": "Курс", "categoryid": 1, **names}])[0]["id"]
            )

        yield create
        for shortname in shortnames:
            for found in admin.read(COURSE_BY_FIELD, field="shortname", value=shortname)["courses"]:
                admin.write(COURSE_DELETE, courseids=[found["id"]])


@pytest.fixture
def deleted_course(client: MoodleClient, course: Create) -> dict[str, Any]:
    """A course that lies in the recycle bin: its id and names."""
    names = {
        "fullname": _unique("Удалённый курс "),
        "shortname": _unique("del-"),
        "idnumber": _unique("idn-"),
    }
    number = course(**names)
    client.write(COURSE_DELETE, courseids=[number])
    return {"courseid": number, **names}


@pytest.fixture
def role(client: MoodleClient) -> Iterator[Callable[..., dict[str, Any]]]:
    """Creates roles, which are deleted after the test; returns the operation."""
    made: list[int] = []

    def create(**order: Any) -> dict[str, Any]:
        order = {"opkey": _key(), "shortname": _unique("role"), "name": "Роль", **order}
        operation = dict(client.write(PREFIX + "create_role", **order))
        made.append(json.loads(operation["result"])["roleid"])
        return operation

    yield create
    for roleid in set(made):
        try:
            client.write(PREFIX + "delete_role", opkey=_key(), roleid=roleid)
        except MoodleRefused as refused:
            if refused.errorcode != "rolenotours":  # the test has deleted it itself
                raise


def _finished(client: MoodleClient, opkey: str) -> tuple[dict[str, Any], list[float]]:
    """Wait for an operation's end; returns it, and the progress that was seen."""
    seen: list[float] = []
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        operation = dict(client.read(PREFIX + "get_operation", opkey=opkey))
        seen.append(operation["progress"])
        if operation["status"] not in {"queued", "running"}:
            return operation, seen
        time.sleep(0.05)
    raise AssertionError(f"the operation did not end in {PATIENCE:g} s; does cron run?")


@pytest.mark.parametrize("transport", ["rest", "soap"])
def test_get_info_tells_versions_and_capabilities(moodle_site: Any, transport: Any) -> None:
    with connect(moodle_site.url, moodle_site.token, transport=transport) as client:
        info = client.read(PREFIX + "get_info")
    assert info["release"][0].isdigit()
    assert info["pluginversion"] >= 2026112300
    assert abs(info["time"] - time.time()) < 300
    granted = {item["name"]: item["granted"] for item in info["capabilities"]}
    assert {
        "local/otbridge:view",
        "local/otbridge:restore",
        "local/otbridge:managerole",
        "moodle/role:manage",
    } <= granted.keys()
    assert granted["local/otbridge:view"]


@pytest.mark.parametrize("transport", ["rest", "soap"])
def test_a_key_that_was_never_seen_is_the_operation_none(moodle_site: Any, transport: Any) -> None:
    opkey = _key()
    with connect(moodle_site.url, moodle_site.token, transport=transport) as client:
        assert client.read(PREFIX + "get_operation", opkey=opkey) == {
            "opkey": opkey,
            "action": "",
            "status": "none",
            "progress": 0,
            "step": "",
            "result": "",
            "errorcode": "",
            "error": "",
            "timecreated": 0,
            "timestarted": 0,
            "timefinished": 0,
        }


def test_a_key_that_is_no_uuid_is_a_bad_parameter(client: MoodleClient) -> None:
    with pytest.raises(ParameterError):
        client.read(PREFIX + "get_operation", opkey="1")


def test_a_role_is_made_as_ordered(role: Callable[..., dict[str, Any]]) -> None:
    order = {
        "shortname": _unique("tutor"),
        "name": "Тьютор",
        "contextlevels": ["course", "module"],
        "capabilities": [
            {"name": "moodle/course:view", "permission": "allow"},
            {"name": "moodle/course:delete", "permission": "prohibit"},
        ],
        "allowassign": ["student"],
    }
    operation = role(**order)
    assert (operation["action"], operation["status"], operation["progress"]) == ("create_role", "done", 1)
    result = json.loads(operation["result"])
    assert (result["shortname"], result["name"]) == (order["shortname"], order["name"])
    assert sorted(result["contextlevels"]) == ["course", "module"]
    assert {item["name"]: item["permission"] for item in result["capabilities"]} == {
        "moodle/course:view": "allow",
        "moodle/course:delete": "prohibit",
    }


def test_a_role_with_an_archetype_starts_from_its_defaults(role: Callable[..., dict[str, Any]]) -> None:
    result = json.loads(
        role(archetype="student", capabilities=[{"name": "mod/forum:replypost", "permission": "prevent"}])[
            "result"
        ]
    )
    permissions = {item["name"]: item["permission"] for item in result["capabilities"]}
    assert permissions["mod/forum:viewdiscussion"] == "allow"
    assert permissions["mod/forum:replypost"] == "prevent"
    assert sorted(result["contextlevels"]) == ["course", "module"]


def test_the_same_key_again_returns_the_first_operation_and_does_nothing(
    role: Callable[..., dict[str, Any]],
) -> None:
    order = {"opkey": _key(), "shortname": _unique("once")}
    assert role(**order) == role(**order)


def test_the_same_key_with_other_parameters_is_refused(role: Callable[..., dict[str, Any]]) -> None:
    order = {"opkey": _key(), "shortname": _unique("once")}
    role(**order)
    with pytest.raises(MoodleRefused) as caught:
        role(**order, name="Другая")
    assert caught.value.errorcode == "opkeyreused"


def test_eight_calls_with_one_key_at_once_make_one_role(
    moodle_site: Any, role: Callable[..., dict[str, Any]]
) -> None:
    order = {"opkey": _key(), "shortname": _unique("par")}
    with ThreadPoolExecutor(8) as pool:
        operations = list(pool.map(lambda _: role(**order), range(8)))
    assert {operation["status"] for operation in operations} == {"done"}
    assert len({operation["result"] for operation in operations}) == 1


def test_all_unknown_capabilities_are_named_and_the_key_stays_free(
    client: MoodleClient, role: Callable[..., dict[str, Any]]
) -> None:
    opkey = _key()
    unknown = [
        {"name": name, "permission": "allow"}
        for name in ("moodle/no:such", "moodle/course:view", "mod/none:such")
    ]
    with pytest.raises(MoodleRefused) as caught:
        role(opkey=opkey, capabilities=unknown)
    assert caught.value.errorcode == "unknowncapability"
    assert "moodle/no:such" in caught.value.detail
    assert "mod/none:such" in caught.value.detail
    assert "moodle/course:view" not in caught.value.detail
    assert client.read(PREFIX + "get_operation", opkey=opkey)["status"] == "none"
    assert role(opkey=opkey)["status"] == "done"


@pytest.mark.parametrize(
    ("order", "errorcode"),
    [
        ({"archetype": "nosuch"}, "unknownarchetype"),
        ({"contextlevels": ["nosuch"]}, "unknowncontextlevel"),
        ({"allowassign": ["nosuch"]}, "unknownrole"),
        ({"shortname": "student"}, "shortnametaken"),
    ],
)
def test_a_role_that_cannot_be_made_is_refused(
    role: Callable[..., dict[str, Any]], order: dict[str, Any], errorcode: str
) -> None:
    with pytest.raises(MoodleRefused) as caught:
        role(**order)
    assert caught.value.errorcode == errorcode


def test_a_role_of_ours_is_deleted_once(client: MoodleClient, role: Callable[..., dict[str, Any]]) -> None:
    made = json.loads(role()["result"])
    order = {"opkey": _key(), "roleid": made["roleid"]}
    operation = client.write(PREFIX + "delete_role", **order)
    assert json.loads(operation["result"]) == {"roleid": made["roleid"], "shortname": made["shortname"]}
    assert client.write(PREFIX + "delete_role", **order) == operation


@pytest.mark.parametrize("roleid", [1, 999_999_999])
def test_a_role_of_others_is_not_deleted(client: MoodleClient, roleid: int) -> None:
    with pytest.raises(MoodleRefused) as caught:
        client.write(PREFIX + "delete_role", opkey=_key(), roleid=roleid)
    assert caught.value.errorcode == "rolenotours"


@pytest.mark.parametrize("criterion", ["courseid", "idnumber", "shortname", "fullname"])
def test_a_deleted_course_is_found_by_each_criterion(
    client: MoodleClient, deleted_course: dict[str, Any], criterion: str
) -> None:
    answer = client.read(PREFIX + "find_backups", **{criterion: deleted_course[criterion]})
    (backup,) = answer["backups"]
    assert {name: backup[name] for name in deleted_course} == deleted_course
    assert (backup["source"], backup["categoryid"], answer["truncated"]) == ("recyclebin", 1, False)
    assert backup["size"] > 0
    assert abs(backup["timecreated"] - time.time()) < 300


def test_all_criteria_must_match(client: MoodleClient, deleted_course: dict[str, Any]) -> None:
    wanted = {**deleted_course, "idnumber": "another"}
    assert client.read(PREFIX + "find_backups", **wanted)["backups"] == []


@pytest.mark.parametrize("criteria", [{}, {"shortname": "a", "limit": 0}])
def test_a_search_without_criteria_or_limit_is_a_bad_parameter(
    client: MoodleClient, criteria: dict[str, Any]
) -> None:
    with pytest.raises(ParameterError):
        client.read(PREFIX + "find_backups", **criteria)


def test_a_deleted_course_comes_back_under_its_names(
    client: MoodleClient, deleted_course: dict[str, Any]
) -> None:
    (backup,) = client.read(PREFIX + "find_backups", courseid=deleted_course["courseid"])["backups"]
    order = {"opkey": _key(), "ref": backup["ref"], "categoryid": 1}
    assert client.write(PREFIX + "restore_course", **order)["status"] in {"queued", "running", "done"}
    operation, seen = _finished(client, order["opkey"])
    assert (operation["status"], operation["errorcode"], operation["error"]) == ("done", "", "")
    assert seen == sorted(seen)
    assert seen[-1] == 1
    result = json.loads(operation["result"])
    assert (result["fullname"], result["shortname"]) == (
        deleted_course["fullname"],
        deleted_course["shortname"],
    )
    assert (result["categoryid"], result["source"], result["backuptime"]) == (
        1,
        "recyclebin",
        backup["timecreated"],
    )
    assert isinstance(result["activities"], dict)
    (found,) = client.read(COURSE_BY_FIELD, field="shortname", value=deleted_course["shortname"])["courses"]
    (same,) = client.read(COURSE_BY_FIELD, field="idnumber", value=deleted_course["idnumber"])["courses"]
    assert found["id"] == same["id"] == result["courseid"]
    assert client.write(PREFIX + "restore_course", **order) == operation


def test_eight_restores_with_one_key_at_once_make_one_course(
    moodle_site: Any, client: MoodleClient, deleted_course: dict[str, Any]
) -> None:
    (backup,) = client.read(PREFIX + "find_backups", courseid=deleted_course["courseid"])["backups"]
    order = {"opkey": _key(), "ref": backup["ref"], "categoryid": 1, "users": False}

    def restore(_: int) -> None:
        with connect(moodle_site.url, moodle_site.token) as own:
            own.write(PREFIX + "restore_course", **order)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(restore, range(8)))
    operation, _ = _finished(client, order["opkey"])
    assert operation["status"] == "done"
    courses = client.read(COURSE_BY_FIELD)["courses"]
    assert [one["id"] for one in courses if one["fullname"].startswith(deleted_course["fullname"])] == [
        json.loads(operation["result"])["courseid"]
    ]


def test_a_short_name_of_a_living_course_is_refused_and_the_key_stays_free(
    client: MoodleClient, course: Create, deleted_course: dict[str, Any]
) -> None:
    course(shortname=deleted_course["shortname"])
    (backup,) = client.read(PREFIX + "find_backups", courseid=deleted_course["courseid"])["backups"]
    opkey = _key()
    with pytest.raises(MoodleRefused) as caught:
        client.write(PREFIX + "restore_course", opkey=opkey, ref=backup["ref"], categoryid=1)
    assert caught.value.errorcode == "shortnametaken"
    assert client.read(PREFIX + "get_operation", opkey=opkey)["status"] == "none"


@pytest.mark.parametrize("ref", ["recyclebin:999999999", "folder:../../config.php", "nosuch", "file:0"])
def test_a_backup_that_is_not_there_fails_the_operation(client: MoodleClient, ref: str) -> None:
    opkey = _key()
    client.write(PREFIX + "restore_course", opkey=opkey, ref=ref, categoryid=1)
    operation, _ = _finished(client, opkey)
    assert (operation["status"], operation["errorcode"], operation["result"]) == (
        "failed",
        "backupnotfound",
        "",
    )
    assert operation["error"]


def test_a_draft_file_that_is_no_backup_fails_the_operation(client: MoodleClient, tmp_path: Any) -> None:
    path = tmp_path / "a.mbz"
    path.write_bytes(b"no backup")
    opkey = _key()
    client.write(PREFIX + "restore_course", opkey=opkey, draftitemid=client.upload(path), categoryid=1)
    operation, _ = _finished(client, opkey)
    assert (operation["status"], operation["errorcode"]) == ("failed", "backupinvalid")


@pytest.mark.parametrize("source", [{}, {"ref": "recyclebin:1", "draftitemid": 1}])
def test_a_restore_needs_exactly_one_source(client: MoodleClient, source: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        client.write(PREFIX + "restore_course", opkey=_key(), categoryid=1, **source)
