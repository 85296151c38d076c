"""What the embedded Moodle does beyond the contract suite: restarts, progress, what an administrator takes
away, and what it must not say more kindly than a real one does.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from bridge.actions.program import File, Program, Step, Use, ref
from bridge.sandbox.moodle import SandboxMoodle, parts
from bridge.sandbox.moodle.roles import capabilities
from bridge.sandbox.moodle.steps import StepKind, kinds
from tests.unit.sandbox.moodle_calls import rest


def key() -> str:
    return str(uuid.uuid4())


def lost_course(moodle: SandboxMoodle, **fields: Any) -> str:
    """The ref of the backup that a deleted course left in the recycle bin."""
    course = moodle.add_course(**{"fullname": "Химия", "shortname": "chem", **fields})
    moodle.delete_course(course)
    return str(rest(moodle, "local_otbridge_find_backups", courseid=course)["backups"][0]["ref"])


def restoring(ref_: str, **fields: Any) -> Program:
    return Program((Step("course.restore", "course", {"ref": ref_, "category": 1, **fields}),))


def role(**fields: Any) -> Program:
    return Program((Step("role.create", "role", {"shortname": "helper", "name": "Помощник", **fields}),))


def run(moodle: SandboxMoodle, program: Program, opkey: str = "") -> Any:
    return rest(moodle, "local_otbridge_run", opkey=opkey or key(), program=program.canonical())


def outcome(moodle: SandboxMoodle, opkey: str) -> Any:
    moodle.wait_for_operations()
    return rest(moodle, "local_otbridge_get_operation", opkey=opkey)


class TestBackups:
    def test_only_the_sites_own_backups_count_unless_private_ones_are_asked_for(
        self, moodle: SandboxMoodle
    ) -> None:
        course = moodle.add_course(fullname="Химия", shortname="chem")
        moodle.run_automated_backup(course)
        moodle.backup_course(course)
        moodle.backup_course(course, private=False)
        moodle.delete_course(course)

        def sources(**asked: Any) -> list[str]:
            found = rest(moodle, "local_otbridge_find_backups", shortname="chem", **asked)["backups"]
            return sorted(one["source"] for one in found)

        assert sources() == ["filearea", "folder", "recyclebin"]
        assert sources(private=1) == ["filearea", "filearea", "folder", "recyclebin"]
        moodle.empty_recycle_bin()
        left = rest(moodle, "local_otbridge_find_backups", shortname="chem", limit=1)
        assert (len(left["backups"]), left["truncated"]) == (1, True)

    def test_a_file_that_cannot_be_read_is_told(self, moodle: SandboxMoodle) -> None:
        (moodle.backup_folder / "broken.mbz").write_bytes(b"no archive")
        (told,) = rest(moodle, "local_otbridge_find_backups", courseid=1)["unreadable"]
        assert (told["source"], told["filename"]) == ("folder", "broken.mbz")

    def test_a_backup_of_another_site_is_told_and_needs_a_word(
        self, moodle: SandboxMoodle, tmp_path: Path
    ) -> None:
        with SandboxMoodle.start(tmp_path / "other") as other:
            made = other.run_automated_backup(other.add_course(fullname="Химия", shortname="chem"))
            (moodle.backup_folder / made.name).write_bytes(made.read_bytes())
        (backup,) = rest(moodle, "local_otbridge_find_backups", shortname="chem")["backups"]
        assert backup["samesite"] is False
        assert run(moodle, restoring(backup["ref"]))["errorcode"] == "othersite"
        started = run(moodle, restoring(backup["ref"], othersite=True))
        assert outcome(moodle, started["opkey"])["status"] == "done"


class TestRestore:
    def test_a_course_comes_back_with_all_that_it_had(self, moodle: SandboxMoodle) -> None:
        started = run(moodle, restoring(lost_course(moodle, activities={"forum": 1, "quiz": 2}, questions=7)))
        done = outcome(moodle, started["opkey"])
        told = json.loads(done["result"])["course"]
        (course,) = moodle.courses()
        assert told["id"] == course.id
        assert (told["activities"], told["questions"], told["users"]) == ({"forum": 1, "quiz": 2}, 7, True)
        assert (course.fullname, course.shortname) == ("Химия", "chem")

    def test_other_names_may_be_given_and_users_left_out(self, moodle: SandboxMoodle) -> None:
        run(moodle, restoring(lost_course(moodle), fullname="Другая", shortname="other", users=False))
        moodle.wait_for_operations()
        (course,) = moodle.courses()
        assert (course.fullname, course.shortname, course.users) == ("Другая", "other", False)

    def test_a_failure_stays_the_keys_answer(self, moodle: SandboxMoodle) -> None:
        moodle.restore_seconds = 0.5
        program = restoring(lost_course(moodle))
        opkey = run(moodle, program)["opkey"]
        moodle.empty_recycle_bin()
        failed = outcome(moodle, opkey)
        assert (failed["status"], failed["errorcode"]) == ("failed", "backupnotfound")
        assert run(moodle, program, opkey) == failed

    def test_a_restart_goes_on_with_what_was_begun(self, tmp_path: Path) -> None:
        with SandboxMoodle.start(tmp_path, restore_seconds=60) as moodle:
            token = moodle.token
            opkey = run(moodle, restoring(lost_course(moodle)))["opkey"]
        with SandboxMoodle.start(tmp_path, restore_seconds=0) as moodle:
            assert moodle.token == token
            assert outcome(moodle, opkey)["status"] == "done"
            assert len(moodle.courses()) == 1

    def test_a_restart_does_no_step_twice(self, tmp_path: Path) -> None:
        with SandboxMoodle.start(tmp_path, restore_seconds=60) as moodle:
            ref_ = lost_course(moodle)
            steps = (
                *role().steps,
                *restoring(ref_).steps,
                Step("group.create", "g", {"course": ref("course", "id"), "name": "А"}),
            )
            opkey = run(moodle, Program(steps))["opkey"]
            while rest(moodle, "local_otbridge_get_operation", opkey=opkey)["stepsdone"] == 0:
                pass
        with SandboxMoodle.start(tmp_path, restore_seconds=0) as moodle:
            done = outcome(moodle, opkey)
            assert (done["status"], done["stepsdone"]) == ("done", 3)
            assert len(moodle.courses()) == 1
            assert len(moodle.roles()) == 9

    def test_progress_can_be_watched(self, moodle: SandboxMoodle) -> None:
        moodle.restore_seconds = 1.0
        opkey = run(moodle, restoring(lost_course(moodle)))["opkey"]
        seen: list[dict[str, Any]] = []
        while not seen or seen[-1]["status"] in {"queued", "running"}:
            seen.append(rest(moodle, "local_otbridge_get_operation", opkey=opkey))
        progress = [operation["progress"] for operation in seen]
        assert progress == sorted(progress)
        assert len(set(progress)) >= 4
        assert "steps[0] course.restore" in {operation["step"] for operation in seen}


class TestRoles:
    def test_manager_may_assign_override_and_view_it(self, moodle: SandboxMoodle) -> None:
        run(moodle, role())
        manager = moodle.roles()[0]
        assert manager.shortname == "manager"
        assert all(
            "helper" in allowed for allowed in (manager.allowassign, manager.allowoverride, manager.allowview)
        )

    def test_a_role_that_somebody_holds_or_changed_is_not_deleted(self, moodle: SandboxMoodle) -> None:
        done = run(moodle, role())
        made = json.loads(done["result"])["role"]["id"]

        def undo() -> Any:
            return rest(moodle, "local_otbridge_undo", opkey=key(), undoes=done["opkey"])

        moodle.assign_role(made)
        assert (undo()["status"], undo()["errorcode"]) == ("failed", "roleassigned")
        moodle.unassign_role(made)
        moodle.store.execute("UPDATE role SET name = 'Другая' WHERE id = ?", made)
        assert undo()["errorcode"] == "changedsince"
        moodle.store.execute("UPDATE role SET name = 'Помощник' WHERE id = ?", made)
        assert undo()["status"] == "done"
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
    backup = lost_course(moodle)
    moodle.restrict(capabilities=["moodle/restore:userinfo"])
    assert run(moodle, restoring(backup))["errorcode"] == "nopermissions"
    assert run(moodle, restoring(backup, users=False))["status"] in {"queued", "running"}


def test_a_step_that_is_switched_off_is_refused(moodle: SandboxMoodle) -> None:
    moodle.restrict(steps=["role.create"])
    assert run(moodle, role())["errorcode"] == "stepoff"
    assert json.loads(rest(moodle, "local_otbridge_get_info")["policy"])["stepsoff"] == ["role.create"]


def test_cron_is_told_as_it_runs(moodle: SandboxMoodle) -> None:
    assert abs(rest(moodle, "local_otbridge_get_info")["lastcron"] - moodle.last_cron) <= 2


def test_every_kind_of_step_stands_in_a_file_of_its_name() -> None:
    folder = Path(__file__).parents[3] / "bridge" / "sandbox" / "moodle" / "steps"
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "base"}
    assert {name.replace(".", "_") for name in kinds()} == files


def test_a_heavy_program_waits_for_cron_and_a_light_one_does_not(tmp_path: Path) -> None:
    with SandboxMoodle.start(tmp_path, cron_seconds=60) as moodle:
        heavy = run(moodle, restoring(lost_course(moodle)))
        assert run(moodle, role())["status"] == "done"
        assert rest(moodle, "local_otbridge_get_operation", opkey=heavy["opkey"])["status"] == "queued"


def test_more_than_two_hundred_steps_are_left_to_cron(moodle: SandboxMoodle) -> None:
    course = moodle.add_course(fullname="Группы", shortname="g")
    steps = [Step("group.create", f"g{n}", {"course": course, "name": f"{n}"}) for n in range(201)]
    checked = rest(moodle, "local_otbridge_check", program=Program(tuple(steps)).canonical())
    assert (checked["ok"], checked["heavy"]) == (True, True)
    started = run(moodle, Program(tuple(steps)))
    done = outcome(moodle, started["opkey"])
    assert (done["status"], done["stepsdone"]) == ("done", 201)


GIFT = "::Первый:: Столица? {=Париж ~Рим}\n\n::Второй:: Половина трёх? {#1.5}\n"


def quiz_of(course: int) -> Program:
    """A quiz on two questions."""
    return Program(
        (
            Step("module.add", "quiz", {"course": course, "section": 0, "type": "quiz", "name": "Тест"}),
            Step("question.import", "bank", {"course": course, "format": "gift", "text": GIFT}),
            Step("quiz.add_questions", "q", {"quiz": ref("quiz", "cmid"), "questions": ref("bank", "ids")}),
        )
    )


class TestQuizzes:
    def test_a_quiz_that_somebody_attempted_stays_as_it_is(self, moodle: SandboxMoodle) -> None:
        done = run(moodle, quiz_of(moodle.add_course(fullname="Химия", shortname="chem")))
        made = json.loads(done["result"])
        quiz = made["quiz"]["cmid"]
        parts.add(moodle, quiz, "attempt", "1")
        more = Step("quiz.add_questions", "more", {"quiz": quiz, "questions": made["bank"]["ids"]})
        assert run(moodle, Program((more,)))["errorcode"] == "quizattempted"
        undone = rest(moodle, "local_otbridge_undo", opkey=key(), undoes=done["opkey"])
        assert undone["status"] == "queued", "the recycle bin takes its time"
        undone = outcome(moodle, undone["opkey"])
        assert (undone["status"], undone["errorcode"]) == ("failed", "changedsince")

    def test_a_category_that_others_use_stays_when_an_import_is_taken_back(
        self, moodle: SandboxMoodle
    ) -> None:
        course = moodle.add_course(fullname="Химия", shortname="chem")
        step = Step("question.import", "bank", {"course": course, "format": "gift", "text": GIFT})
        first = run(moodle, Program((step,)))
        second = json.loads(run(moodle, Program((step,)))["result"])["bank"]
        undone = rest(moodle, "local_otbridge_undo", opkey=key(), undoes=first["opkey"])
        assert undone["status"] == "done"
        left = moodle.store.rows("SELECT category FROM question")
        assert [one["category"] for one in left] == [second["category"]] * 2
        assert moodle.store.row("SELECT 1 FROM question_category WHERE id = ?", second["category"])

    def test_a_file_that_would_be_stored_wrong_leaves_nothing(self, moodle: SandboxMoodle) -> None:
        course = moodle.add_course(fullname="Химия", shortname="chem")
        content = GIFT.replace("1.5", "1,5").encode()
        digest = hashlib.sha256(content).hexdigest()
        area = moodle.add_draft(77, "/", digest, content)
        step = Step("question.import", "bank", {"course": course, "format": "gift", "file": Use(digest)})
        program = Program((step,), (File(digest, "q.gift", len(content)),))
        done = rest(moodle, "local_otbridge_run", opkey=key(), program=program.canonical(), draftitemid=77)
        assert area
        assert (done["status"], done["errorcode"]) == ("failed", "questioncomma")
        assert moodle.store.rows("SELECT id FROM question") == []


@pytest.mark.parametrize("part", ["check", "run", "undo"])
def test_a_kind_of_step_without_one_of_its_parts_is_found_when_it_is_made(part: str) -> None:
    """And not by the program that needs the part: an undo, long after the step was done."""
    parts_ = {one: lambda *_: None for one in ("check", "run", "undo") if one != part}
    with pytest.raises(TypeError, match=part):
        type("Half", (StepKind,), parts_)()
