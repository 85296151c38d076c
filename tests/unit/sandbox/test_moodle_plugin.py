"""The embedded Moodle keeps the promises of docs/plugin-api.md."""

from __future__ import annotations

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bridge.sandbox.moodle import SandboxMoodle
from bridge.sandbox.moodle.roles import capabilities
from tests.unit.sandbox.moodle_calls import rest


def key() -> str:
    return str(uuid.uuid4())


def flat(**fields: Any) -> dict[str, Any]:
    """Lists and lists of structures as form fields."""
    sent: dict[str, Any] = {}
    for name, value in fields.items():
        for index, item in enumerate(value if isinstance(value, list) else []):
            sent |= (
                {f"{name}[{index}][{part}]": held for part, held in item.items()}
                if isinstance(item, dict)
                else {f"{name}[{index}]": item}
            )
        if not isinstance(value, list):
            sent[name] = value
    return sent


def deleted_course(moodle: SandboxMoodle, **fields: Any) -> str:
    """The ref of the backup that a deleted course left in the recycle bin."""
    course = moodle.add_course(**{"fullname": "Химия", "shortname": "chem", **fields})
    moodle.delete_course(course)
    return str(rest(moodle, "local_otbridge_find_backups", courseid=course)["backups"][0]["ref"])


def restore(moodle: SandboxMoodle, **fields: Any) -> Any:
    return rest(moodle, "local_otbridge_restore_course", **{"opkey": key(), "categoryid": 1, **fields})


def outcome(moodle: SandboxMoodle, opkey: str) -> Any:
    moodle.wait_for_operations()
    return rest(moodle, "local_otbridge_get_operation", opkey=opkey)


class TestBackups:
    def test_a_deleted_course_is_found_in_the_recycle_bin(self, moodle: SandboxMoodle) -> None:
        category = moodle.add_category("Наука")
        course = moodle.add_course(fullname="Химия", shortname="chem", idnumber="N1", categoryid=category)
        moodle.delete_course(course)
        found = rest(moodle, "local_otbridge_find_backups", idnumber="N1")
        (backup,) = found["backups"]
        told = {
            name: backup[name]
            for name in ("source", "courseid", "fullname", "shortname", "users", "categoryid")
        }
        assert told == {
            "source": "recyclebin",
            "courseid": course,
            "fullname": "Химия",
            "shortname": "chem",
            "users": True,
            "categoryid": category,
        }
        assert (found["truncated"], found["unreadable"]) == (False, [])

    def test_bin_folder_and_file_areas_are_searched_and_all_criteria_must_match(
        self, moodle: SandboxMoodle
    ) -> None:
        course = moodle.add_course(fullname="Химия", shortname="chem")
        moodle.run_automated_backup(course)
        moodle.backup_course(course)
        moodle.delete_course(course)
        found = rest(moodle, "local_otbridge_find_backups", shortname="chem")
        assert {backup["source"] for backup in found["backups"]} == {"folder", "filearea", "recyclebin"}
        assert (
            rest(moodle, "local_otbridge_find_backups", shortname="chem", fullname="Физика")["backups"] == []
        )
        moodle.empty_recycle_bin()
        left = rest(moodle, "local_otbridge_find_backups", shortname="chem", limit=1)
        assert (len(left["backups"]), left["truncated"]) == (1, True)

    def test_at_least_one_criterion_is_needed(self, moodle: SandboxMoodle) -> None:
        assert rest(moodle, "local_otbridge_find_backups")["errorcode"] == "invalidparameter"

    def test_a_file_that_cannot_be_read_is_told(self, moodle: SandboxMoodle) -> None:
        (moodle.backup_folder / "broken.mbz").write_bytes(b"no archive")
        (told,) = rest(moodle, "local_otbridge_find_backups", courseid=1)["unreadable"]
        assert (told["source"], told["filename"]) == ("folder", "broken.mbz")


class TestRestore:
    def test_a_course_comes_back_with_all_that_it_had(self, moodle: SandboxMoodle) -> None:
        ref = deleted_course(moodle, activities={"forum": 1, "quiz": 2}, questions=7, files=5)
        started = restore(moodle, ref=ref)
        assert started["status"] in {"queued", "running"}
        done = outcome(moodle, started["opkey"])
        assert (done["status"], done["progress"]) == ("done", 1)
        told = json.loads(done["result"])
        (course,) = moodle.courses()
        assert told["courseid"] == course.id
        assert (told["activities"], told["questions"], told["files"], told["users"]) == (
            {"forum": 1, "quiz": 2},
            7,
            5,
            True,
        )
        assert told["url"] == f"{moodle.url}/course/view.php?id={course.id}"
        assert (course.fullname, course.shortname, dict(course.activities)) == (
            "Химия",
            "chem",
            {"forum": 1, "quiz": 2},
        )

    def test_other_names_may_be_given_and_users_left_out(self, moodle: SandboxMoodle) -> None:
        restore(moodle, ref=deleted_course(moodle), fullname="Другая", shortname="other", users=0)
        moodle.wait_for_operations()
        (course,) = moodle.courses()
        assert (course.fullname, course.shortname, course.users) == ("Другая", "other", False)

    def test_a_backup_that_was_uploaded_is_restored(self, moodle: SandboxMoodle) -> None:
        course = moodle.add_course(fullname="Химия", shortname="chem")
        area = moodle.add_draft(0, "/", "chem.mbz", moodle.backup_course(course).read_bytes())
        started = restore(moodle, draftitemid=area, shortname="copy")
        assert json.loads(outcome(moodle, started["opkey"])["result"])["filename"] == "chem.mbz"

    def test_the_same_key_does_it_once_also_when_calls_arrive_at_once(self, moodle: SandboxMoodle) -> None:
        ref, opkey = deleted_course(moodle), key()
        with ThreadPoolExecutor(8) as threads:
            answers = list(threads.map(lambda _: restore(moodle, opkey=opkey, ref=ref), range(8)))
        assert {answer["opkey"] for answer in answers} == {opkey}
        moodle.wait_for_operations()
        assert restore(moodle, opkey=opkey, ref=ref)["status"] == "done"
        assert (len(moodle.courses()), len(moodle.operations())) == (1, 1)

    def test_the_same_key_with_other_parameters_is_refused(self, moodle: SandboxMoodle) -> None:
        ref, opkey = deleted_course(moodle), key()
        restore(moodle, opkey=opkey, ref=ref)
        assert restore(moodle, opkey=opkey, ref=ref, shortname="x")["errorcode"] == "opkeyreused"

    def test_a_taken_short_name_leaves_the_key_free(self, moodle: SandboxMoodle) -> None:
        ref, opkey = deleted_course(moodle), key()
        course = moodle.add_course(fullname="Новая", shortname="chem")
        assert restore(moodle, opkey=opkey, ref=ref)["errorcode"] == "shortnametaken"
        assert rest(moodle, "local_otbridge_get_operation", opkey=opkey)["status"] == "none"
        moodle.delete_course(course)
        assert restore(moodle, opkey=opkey, ref=ref)["status"] in {"queued", "running"}

    @pytest.mark.parametrize(
        ("content", "code"), [(None, "backupnotfound"), (b"no archive", "backupinvalid")]
    )
    def test_a_failure_stays_the_keys_answer(
        self, moodle: SandboxMoodle, content: bytes | None, code: str
    ) -> None:
        area = 4711 if content is None else moodle.add_draft(0, "/", "x.mbz", content)
        opkey = restore(moodle, draftitemid=area, shortname="x")["opkey"]
        failed = outcome(moodle, opkey)
        assert (failed["status"], failed["errorcode"]) == ("failed", code)
        assert restore(moodle, opkey=opkey, draftitemid=area, shortname="x") == failed

    @pytest.mark.parametrize(
        "fields", [{}, {"ref": "a:1", "draftitemid": 5}, {"ref": "a:1", "opkey": "no-uuid"}]
    )
    def test_what_makes_no_sense_is_an_invalid_parameter(
        self, moodle: SandboxMoodle, fields: dict[str, Any]
    ) -> None:
        assert restore(moodle, **fields)["errorcode"] == "invalidparameter"

    def test_a_restart_goes_on_with_what_was_begun(self, tmp_path: Path) -> None:
        with SandboxMoodle.start(tmp_path, restore_seconds=60) as moodle:
            token = moodle.token
            opkey = restore(moodle, ref=deleted_course(moodle))["opkey"]
        with SandboxMoodle.start(tmp_path, restore_seconds=0) as moodle:
            assert moodle.token == token
            assert outcome(moodle, opkey)["status"] == "done"
            assert len(moodle.courses()) == 1

    def test_progress_can_be_watched(self, moodle: SandboxMoodle) -> None:
        moodle.restore_seconds = 1.0
        opkey, seen = restore(moodle, ref=deleted_course(moodle))["opkey"], []
        while not seen or seen[-1]["status"] in {"queued", "running"}:
            seen.append(rest(moodle, "local_otbridge_get_operation", opkey=opkey))
        progress = [operation["progress"] for operation in seen]
        assert progress == sorted(progress)
        assert len({operation["step"] for operation in seen}) >= 4


class TestRoles:
    def create(self, moodle: SandboxMoodle, **fields: Any) -> Any:
        wanted = {"opkey": key(), "shortname": "helper", "name": "Помощник", **fields}
        return rest(moodle, "local_otbridge_create_role", **flat(**wanted))

    def test_a_role_holds_exactly_what_was_ordered(self, moodle: SandboxMoodle) -> None:
        ordered = [
            {"name": "moodle/course:view", "permission": "allow"},
            {"name": "moodle/course:delete", "permission": "prohibit"},
        ]
        done = self.create(
            moodle,
            contextlevels=["course", "system"],
            capabilities=ordered,
            allowassign=["student"],
            allowview=["student", "teacher"],
        )
        told = json.loads(done["result"])
        assert (done["status"], told["contextlevels"]) == ("done", ["system", "course"])
        assert told["capabilities"] == sorted(ordered, key=lambda item: item["name"])
        role = moodle.roles()[-1]
        assert (role.id, role.name, role.allowassign, role.allowview) == (
            told["roleid"],
            "Помощник",
            ("student",),
            ("teacher", "student"),
        )

    def test_manager_may_assign_override_and_view_it(self, moodle: SandboxMoodle) -> None:
        self.create(moodle)
        manager = moodle.roles()[0]
        assert manager.shortname == "manager"
        assert all(
            "helper" in allowed for allowed in (manager.allowassign, manager.allowoverride, manager.allowview)
        )

    def test_an_archetypes_defaults_come_first_and_the_order_on_top(self, moodle: SandboxMoodle) -> None:
        self.create(
            moodle,
            archetype="student",
            capabilities=[{"name": "mod/forum:replypost", "permission": "prevent"}],
        )
        held = moodle.roles()[-1].capabilities
        assert held["mod/forum:replypost"] == "prevent"
        assert held["mod/quiz:attempt"] == "allow"

    def test_unknown_capabilities_are_all_named(self, moodle: SandboxMoodle) -> None:
        ordered = [
            {"name": name, "permission": "allow"}
            for name in ("moodle/course:view", "moodle/no:such", "mod/no:such")
        ]
        told = self.create(moodle, capabilities=ordered)
        assert told["errorcode"] == "unknowncapability"
        assert "moodle/no:such" in told["message"]
        assert "mod/no:such" in told["message"]
        assert moodle.operations() == []

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"shortname": "student"}, "shortnametaken"),
            ({"archetype": "king"}, "unknownarchetype"),
            ({"contextlevels": ["galaxy"]}, "unknowncontextlevel"),
            ({"allowassign": ["king"]}, "unknownrole"),
            ({"capabilities": [{"name": "moodle/course:view", "permission": "maybe"}]}, "invalidparameter"),
        ],
    )
    def test_what_cannot_be_is_refused_and_leaves_the_key_free(
        self, moodle: SandboxMoodle, fields: dict[str, Any], code: str
    ) -> None:
        assert self.create(moodle, **fields)["errorcode"] == code
        assert (len(moodle.roles()), moodle.operations()) == (8, [])

    def test_the_same_key_makes_one_role(self, moodle: SandboxMoodle) -> None:
        opkey = key()
        assert self.create(moodle, opkey=opkey) == self.create(moodle, opkey=opkey)
        assert len(moodle.roles()) == 9

    def test_only_an_own_role_that_nobody_holds_is_deleted(self, moodle: SandboxMoodle) -> None:
        role, student = json.loads(self.create(moodle)["result"])["roleid"], moodle.roles()[4].id
        moodle.assign_role(role)

        def delete(roleid: int) -> Any:
            return rest(moodle, "local_otbridge_delete_role", opkey=key(), roleid=roleid)

        assert delete(student)["errorcode"] == "rolenotours"
        assert delete(role)["errorcode"] == "roleassigned"
        moodle.unassign_role(role)
        assert json.loads(delete(role)["result"]) == {"roleid": role, "shortname": "helper"}
        assert delete(role)["errorcode"] == "rolenotours"
        assert len(moodle.roles()) == 8

    def test_the_capabilities_are_those_of_a_real_moodle(self) -> None:
        assert len(capabilities()) > 700
        assert {
            "moodle/restore:restorecourse",
            "mod/quiz:attempt",
            "local/otbridge:view",
        } <= capabilities().keys()


@pytest.mark.parametrize(
    ("capability", "function"),
    [
        ("local/otbridge:view", "local_otbridge_get_info"),
        ("local/otbridge:restore", "local_otbridge_find_backups"),
        ("moodle/restore:restorecourse", "local_otbridge_find_backups"),
    ],
)
def test_a_missing_capability_is_told_by_its_title(
    moodle: SandboxMoodle, capability: str, function: str
) -> None:
    moodle.restrict(capabilities=[capability])
    told = rest(moodle, function, **({"courseid": 1} if function.endswith("backups") else {}))
    assert told["exception"] == "core\\exception\\required_capability_exception"
    assert told["errorcode"] == "nopermissions"


def test_users_data_need_a_capability_of_their_own(moodle: SandboxMoodle) -> None:
    ref = deleted_course(moodle)
    moodle.restrict(capabilities=["moodle/restore:userinfo"])
    assert restore(moodle, ref=ref)["errorcode"] == "nopermissions"
    assert restore(moodle, ref=ref, users=0)["status"] in {"queued", "running"}
