"""restore-course: which backup, which category, and every reason to refuse; then the restore itself."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.actions import OperationFailed, OrderRefused, Plan, Policy, StillRunning, validate
from bridge.actions.restore_course import RestoreCourse, RestoreCourseParams
from bridge.moodle_ws import MoodleRefused, OutcomeUnknown, ParameterError, Unreachable
from tests.unit.actions.fake_moodle import OPKEY, FakeMoodle, make_site, operation

FIND, RESTORE, GET = (
    "local_otbridge_find_backups",
    "local_otbridge_restore_course",
    "local_otbridge_get_operation",
)
COURSES, CATEGORIES, DELETE = (
    "core_course_get_courses_by_field",
    "core_course_get_categories",
    "core_course_delete_courses",
)
DAY = 86_400
RESULT = {
    "courseid": 70,
    "fullname": "Охрана труда",
    "shortname": "OT-1",
    "url": "https://lms.example.ru/course/view.php?id=70",
    "categoryid": 2,
    "backuptime": 1_772_313_300,
    "source": "folder",
    "filename": "b.mbz",
    "activities": {"quiz": 2},
    "questions": 40,
    "files": 5,
    "users": True,
    "warnings": [],
}


def backup(**changes: Any) -> dict[str, Any]:
    return {
        "ref": "r1",
        "source": "folder",
        "filename": "b.mbz",
        "size": 1000,
        "timecreated": 10 * DAY,
        "courseid": 7,
        "idnumber": "",
        "shortname": "OT-1",
        "fullname": "Охрана труда",
        "users": True,
        "categoryid": 2,
        **changes,
    }


class Moodle(FakeMoodle):
    """Backups, living courses and categories as tables."""

    def __init__(
        self,
        *backups: dict[str, Any],
        living: tuple[dict[str, Any], ...] = (),
        categories: tuple[int, ...] = (2,),
        **answers: Any,
    ):
        super().__init__(**answers)
        self.answers.setdefault(FIND, {"backups": list(backups), "truncated": False, "unreadable": []})
        self.answers.setdefault(
            COURSES, lambda field, value: {"courses": [one for one in living if str(one[field]) == value]}
        )
        self.answers.setdefault(
            CATEGORIES,
            lambda criteria, addsubcategories: [
                {"id": one, "name": f"Категория {one}"}
                for one in categories
                if criteria == [{"key": "id", "value": str(one)}]
            ],
        )


def plan(moodle: Moodle, policy: Policy | None = None, **params: str) -> Plan:
    asked = validate(RestoreCourseParams, params or {"shortname": "OT-1"})
    found = RestoreCourse().plan(asked, make_site(moodle, policy=policy or Policy()))
    assert moodle.written == [], "a plan only reads"
    return found


def refusal(moodle: Moodle, policy: Policy | None = None, **params: str) -> OrderRefused:
    with pytest.raises(OrderRefused) as caught:
        plan(moodle, policy, **params)
    return caught.value


# --- plan: which backup


def test_all_that_the_order_says_of_the_course_is_asked_for():
    moodle = Moodle(backup())
    plan(moodle, course_id="7", idnumber="i", shortname="OT-1", fullname="Охрана труда")
    assert moodle.calls(FIND) == [
        {"courseid": 7, "idnumber": "i", "shortname": "OT-1", "fullname": "Охрана труда"}
    ]


def test_the_newest_backup_is_taken():
    found = plan(
        Moodle(
            backup(ref="old", timecreated=DAY),
            backup(ref="new", timecreated=3 * DAY),
            backup(ref="mid", timecreated=2 * DAY),
        )
    )
    assert found.call["ref"] == "new"


def test_the_recycle_bin_goes_before_newer_backups():
    found = plan(
        Moodle(
            backup(ref="folder", timecreated=3 * DAY), backup(ref="bin", source="recyclebin", timecreated=DAY)
        )
    )
    assert found.call["ref"] == "bin"


def test_the_plan_freezes_the_whole_call_and_says_what_it_will_do():
    found = plan(Moodle(backup()))
    assert found.call == {
        "ref": "r1",
        "draftitemid": 0,
        "categoryid": 2,
        "fullname": "",
        "shortname": "",
        "users": True,
    }
    assert found.summary == (
        "restore Охрана труда (OT-1) from folder: b.mbz, 1970-01-11 00:00 UTC, 1000 bytes, with users' data",
        "into category Категория 2 (2)",
    )


@pytest.mark.parametrize(
    ("ordered", "held", "restored"), [("да", True, True), ("нет", True, False), ("да", False, False)]
)
def test_users_data_come_along_if_they_are_wanted_and_there(ordered, held, restored):
    assert plan(Moodle(backup(users=held)), shortname="OT-1", users=ordered).call["users"] is restored


def test_a_course_that_no_backup_holds_is_refused():
    error = refusal(Moodle(), shortname="OT-1", fullname="Охрана")
    assert (error.code, error.facts) == ("no-backup", {"course": "shortname «OT-1», fullname «Охрана»"})


@pytest.mark.parametrize(
    ("field", "params"),
    [("id", {"course_id": "7"}), ("idnumber", {"idnumber": "i"}), ("shortname", {"shortname": "OT-1"})],
)
@pytest.mark.parametrize(
    "backups", [(), (backup(shortname="OT-0"),)], ids=["without a backup", "with a backup under its old name"]
)
def test_a_course_that_still_lives_is_not_restored_beside_itself(field, params, backups):
    living = {"id": 7, "idnumber": "i", "shortname": "OT-1", "fullname": "Охрана труда"}
    error = refusal(Moodle(*backups, living=(living,)), **params)
    assert (error.code, error.facts) == ("course-exists", {"course": "Охрана труда (OT-1), id 7"}), field


def test_a_course_whose_short_name_is_taken_meanwhile_is_refused():
    taken = {"id": 8, "idnumber": "", "shortname": "OT-1", "fullname": "Другой"}
    error = refusal(Moodle(backup(), living=(taken,)), fullname="Охрана труда")
    assert (error.code, error.facts) == ("course-exists", {"course": "Другой (OT-1), id 8"})


def test_two_courses_of_one_name_are_told_with_their_newest_backups():
    moodle = Moodle(
        backup(timecreated=DAY),
        backup(timecreated=2 * DAY),
        backup(courseid=8, shortname="OT-2", timecreated=3 * DAY),
    )
    error = refusal(moodle, fullname="Охрана труда")
    assert error.code == "ambiguous"
    assert error.facts == {
        "course": "fullname «Охрана труда»",
        "candidates": [
            {
                "course_id": 8,
                "fullname": "Охрана труда",
                "shortname": "OT-2",
                "backup_at": "1970-01-04 00:00 UTC",
            },
            {
                "course_id": 7,
                "fullname": "Охрана труда",
                "shortname": "OT-1",
                "backup_at": "1970-01-03 00:00 UTC",
            },
        ],
    }


def test_the_copy_that_was_taken_back_does_not_count_beside_the_course_itself():
    itself, copy = backup(ref="itself", timecreated=DAY), backup(ref="copy", courseid=70, source="recyclebin")
    asked, site = validate(RestoreCourseParams, {"shortname": "OT-1"}), make_site(Moodle(itself, copy))
    undone = [{"kind": "course-deleted", "course_id": 70}]
    assert RestoreCourse().plan(asked, site, undone).call["ref"] == "itself"
    assert RestoreCourse().plan(asked, make_site(Moodle(copy)), undone).call["ref"] == "copy", (
        "it is all there is"
    )


def test_many_backups_of_one_course_are_not_ambiguous():
    assert plan(Moodle(backup(ref="a"), backup(ref="b", fullname="Охрана труда (старое)"))).call["ref"] == "a"


# --- plan: which category


def test_the_course_comes_back_into_its_own_category():
    assert (
        plan(Moodle(backup(categoryid=2), categories=(1, 2, 3)), Policy(restore_category=3)).call[
            "categoryid"
        ]
        == 2
    )


@pytest.mark.parametrize("own", [0, 5])
def test_where_its_own_category_is_gone_the_site_s_policy_names_one(own):
    assert (
        plan(Moodle(backup(categoryid=own), categories=(3,)), Policy(restore_category=3)).call["categoryid"]
        == 3
    )


def test_an_ordered_category_goes_before_all_others():
    assert (
        plan(
            Moodle(backup(), categories=(2, 3, 4)),
            Policy(restore_category=3),
            shortname="OT-1",
            category_id="4",
        ).call["categoryid"]
        == 4
    )


@pytest.mark.parametrize(("own", "policy"), [(0, None), (5, None), (5, 6)])
def test_without_any_category_the_customer_is_asked(own, policy):
    error = refusal(Moodle(backup(categoryid=own), categories=()), Policy(restore_category=policy))
    assert (error.code, error.facts) == ("no-category", {"category_id": own})


def test_an_ordered_category_that_is_not_there_is_not_replaced_by_another():
    error = refusal(
        Moodle(backup(), categories=(2, 3)), Policy(restore_category=3), shortname="OT-1", category_id="4"
    )
    assert (error.code, error.facts) == ("no-category", {"category_id": 4})


def test_a_moodle_that_cannot_be_asked_is_no_refusal():
    with pytest.raises(Unreachable):
        plan(Moodle(**{FIND: Unreachable(FIND, "no route")}))


# --- apply

CALL = {"ref": "r1", "draftitemid": 0, "categoryid": 2, "fullname": "", "shortname": "", "users": True}
RESTORED = ({"id": 70, "idnumber": "", "shortname": "OT-1", "fullname": "Охрана труда"},)


def apply(moodle: Moodle, **site: Any) -> dict[str, Any]:
    return RestoreCourse().apply(CALL, OPKEY, make_site(moodle, **site))


def test_the_restore_is_asked_for_under_its_key_and_followed_to_its_end():
    moodle = Moodle(
        living=RESTORED,
        **{RESTORE: operation("queued"), GET: [operation("running"), operation("done", RESULT)]},
    )
    evidence = apply(moodle)
    assert moodle.calls(RESTORE) == [{"opkey": OPKEY, **CALL}]
    assert moodle.calls(GET) == [{"opkey": OPKEY}] * 2
    assert evidence == {
        "kind": "course",
        "course_id": 70,
        "fullname": "Охрана труда",
        "shortname": "OT-1",
        "url": RESULT["url"],
        "category_id": 2,
        "backup_at": "2026-02-28T21:15:00+00:00",
        "backup_source": "folder",
        "backup_file": "b.mbz",
        "activities": {"quiz": 2},
        "questions": 40,
        "files": 5,
        "users": True,
        "warnings": [],
    }


def test_the_restored_course_is_read_back():
    moodle = Moodle(living=RESTORED, **{RESTORE: operation("done", RESULT)})
    apply(moodle)
    assert moodle.calls(COURSES) == [{"field": "id", "value": "70"}]


def test_a_course_that_moodle_does_not_have_after_all_is_a_failure():
    with pytest.raises(OperationFailed, match="70") as caught:
        apply(Moodle(**{RESTORE: operation("done", RESULT)}))
    assert caught.value.code == "vanished"


@pytest.mark.parametrize(
    "code", ["backupnotfound", "backupinvalid", "precheckfailed", "restorefailed", "interrupted"]
)
def test_a_restore_that_failed_tells_its_code(code):
    with pytest.raises(OperationFailed) as caught:
        apply(
            Moodle(**{RESTORE: operation("queued"), GET: operation("failed", errorcode=code, error="said")})
        )
    assert caught.value.code == code


@pytest.mark.parametrize("error", [MoodleRefused, ParameterError])
def test_a_refusal_before_the_key_is_used_is_a_refusal_of_the_order(error):
    with pytest.raises(OrderRefused) as caught:
        apply(Moodle(**{RESTORE: error(RESTORE, "taken", errorcode="shortnametaken", debuginfo="SQL")}))
    assert (caught.value.code, caught.value.facts) == ("shortnametaken", {"said": "taken"})
    assert "SQL" not in str(caught.value.outcome())


@pytest.mark.parametrize("error", [OutcomeUnknown(RESTORE, "cut"), Unreachable(RESTORE, "no route")])
def test_a_lost_answer_is_no_refusal(error):
    with pytest.raises(type(error)):
        apply(Moodle(**{RESTORE: error}))


def test_a_restore_that_takes_longer_than_patience_is_left_running():
    with pytest.raises(StillRunning):
        apply(Moodle(**{RESTORE: operation("queued"), GET: operation("running")}), patience=30)


# --- undo


def undo(moodle: Moodle) -> dict[str, Any]:
    return RestoreCourse().undo({"course_id": 70}, OPKEY, make_site(moodle))


def test_undo_deletes_the_course():
    moodle = Moodle(living=RESTORED, **{DELETE: {"warnings": []}})
    assert undo(moodle) == {"kind": "course-deleted", "course_id": 70}
    assert moodle.calls(DELETE) == [{"courseids": [70]}]


def test_undoing_what_is_gone_already_is_no_error():
    moodle = Moodle()
    assert undo(moodle) == {"kind": "course-deleted", "course_id": 70}
    assert moodle.written == []


def test_a_course_that_moodle_does_not_delete_is_told():
    with pytest.raises(OrderRefused, match="no permission") as caught:
        undo(Moodle(living=RESTORED, **{DELETE: {"warnings": [{"message": "no permission"}]}}))
    assert caught.value.code == "not-deleted"
