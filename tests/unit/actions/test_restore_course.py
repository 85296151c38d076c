"""restore-course: which backup, which category, and every reason to refuse; then the restore itself."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.actions import OperationFailed, OrderRefused, Plan, Policy, validate
from bridge.actions.restore_course.params import RestoreCourseParams
from bridge.actions.restore_course.plan import FIND, MOST_LOOKS, evidence, taken_back
from bridge.actions.restore_course.plan import plan as plan_of
from bridge.moodle_ws import Unreachable
from tests.unit.actions.fake_moodle import FakeMoodle, make_context

COURSES, CATEGORIES = "core_course_get_courses_by_field", "core_course_get_categories"
DAY = 86_400
RESULT = {
    "id": 70,
    "fullname": "Охрана труда",
    "shortname": "OT-1",
    "url": "https://lms.example.ru/course/view.php?id=70",
    "category": 2,
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
        "stored": changes.get("timecreated", 10 * DAY),
        "siteurl": "https://lms.example.ru",
        "samesite": True,
        **changes,
    }


def found(*backups: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"backups": list(backups), "truncated": False, "unreadable": [], "lookalikes": [], **changes}


class Moodle(FakeMoodle):
    """Backups, living courses and categories as tables."""

    def __init__(
        self,
        *backups: dict[str, Any],
        living: tuple[dict[str, Any], ...] = (),
        categories: tuple[int, ...] = (2,),
        **answers: Any,
    ) -> None:
        super().__init__(**answers)
        self.answers.setdefault(FIND, found(*backups))
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


def finding(answer: Any) -> Moodle:
    """A Moodle that answers a search for backups like that."""
    answers: dict[str, Any] = {FIND: answer}
    return Moodle(**answers)


def plan(moodle: Moodle, policy: Policy | None = None, **params: str) -> Plan:
    asked = validate(RestoreCourseParams, params or {"shortname": "OT-1"})
    made = plan_of(asked, make_context(moodle, policy=policy or Policy()))
    assert moodle.written == [], "a plan only reads"
    return made


def call(moodle: Moodle, policy: Policy | None = None, **params: str) -> Any:
    """The parameters of the one step."""
    (step,) = plan(moodle, policy, **params).part.steps
    assert (step.kind, step.label) == ("course.restore", "course")
    return step.params


def refusal(moodle: Moodle, policy: Policy | None = None, **params: str) -> OrderRefused:
    with pytest.raises(OrderRefused) as caught:
        plan(moodle, policy, **params)
    return caught.value


# --- plan: which backup


def test_all_that_the_order_says_of_the_course_is_asked_for() -> None:
    moodle = Moodle(backup())
    plan(moodle, course_id="7", idnumber="i", shortname="OT-1", fullname="Охрана труда")
    assert moodle.calls(FIND) == [
        {
            "courseid": 7,
            "idnumber": "i",
            "shortname": "OT-1",
            "fullname": "Охрана труда",
            "limit": 50,
            "private": False,
        }
    ]


def test_the_newest_backup_is_taken() -> None:
    made = plan(
        Moodle(
            backup(ref="old", timecreated=DAY),
            backup(ref="new", timecreated=3 * DAY),
            backup(ref="mid", timecreated=2 * DAY),
        )
    )
    assert made.part.steps[0].params["ref"] == "new"


def test_the_recycle_bin_goes_before_newer_backups() -> None:
    made = plan(
        Moodle(
            backup(ref="folder", timecreated=3 * DAY), backup(ref="bin", source="recyclebin", timecreated=DAY)
        )
    )
    assert made.part.steps[0].params["ref"] == "bin"


def test_the_plan_freezes_the_whole_call_and_says_what_it_will_do() -> None:
    made = plan(Moodle(backup()))
    assert made.part.steps[0].params == {"ref": "r1", "category": 2, "users": True, "othersite": False}
    assert made.summary == (
        "restore Охрана труда (OT-1) from folder: b.mbz, 1970-01-11 00:00 UTC, 1000 bytes, with users' data",
        "into category Категория 2 (2)",
    )


@pytest.mark.parametrize(
    ("ordered", "held", "restored"),
    [("да", True, True), ("нет", True, False), ("да", False, False), ("да", 1, True), ("да", 0, False)],
)
def test_users_data_come_along_if_they_are_wanted_and_there(
    ordered: str, held: bool | int, restored: bool
) -> None:
    assert call(Moodle(backup(users=held)), shortname="OT-1", users=ordered)["users"] is restored


def test_a_course_that_no_backup_holds_is_refused() -> None:
    error = refusal(Moodle(), shortname="OT-1", fullname="Охрана")
    assert (error.code, error.facts) == ("no-backup", {"course": "shortname «OT-1», fullname «Охрана»"})


@pytest.mark.parametrize(
    ("field", "params"),
    [("id", {"course_id": "7"}), ("idnumber", {"idnumber": "i"}), ("shortname", {"shortname": "OT-1"})],
)
@pytest.mark.parametrize(
    "backups", [(), (backup(shortname="OT-0"),)], ids=["without a backup", "with a backup under its old name"]
)
def test_a_course_that_still_lives_is_not_restored_beside_itself(
    field: str, params: Any, backups: Any
) -> None:
    living = {"id": 7, "idnumber": "i", "shortname": "OT-1", "fullname": "Охрана труда"}
    error = refusal(Moodle(*backups, living=(living,)), **params)
    assert (error.code, error.facts) == ("course-exists", {"course": "Охрана труда (OT-1), id 7"}), field


def test_a_course_whose_short_name_is_taken_meanwhile_is_refused() -> None:
    taken = {"id": 8, "idnumber": "", "shortname": "OT-1", "fullname": "Другой"}
    error = refusal(Moodle(backup(), living=(taken,)), fullname="Охрана труда")
    assert (error.code, error.facts) == ("course-exists", {"course": "Другой (OT-1), id 8"})


def test_two_courses_of_one_name_are_told_with_their_newest_backups() -> None:
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


def test_the_copy_that_was_taken_back_does_not_count_beside_the_course_itself() -> None:
    itself, copy = backup(ref="itself", timecreated=DAY), backup(ref="copy", courseid=70, source="recyclebin")
    asked = validate(RestoreCourseParams, {"shortname": "OT-1"})
    gone = {"kind": "course-deleted", "course_id": 70}
    for undone in (gone, {"kind": "several", "parts": [{"kind": "role-deleted", "role_id": 70}, gone]}):

        def chosen(*backups: dict[str, Any], undone: Any = undone) -> Any:
            made = plan_of(asked, make_context(Moodle(*backups), taken_back=(undone,)))
            return made.part.steps[0].params["ref"]

        assert chosen(itself, copy) == "itself"
        assert chosen(copy) == "copy", "it is all there is"


def test_many_backups_of_one_course_are_not_ambiguous() -> None:
    made = plan(Moodle(backup(ref="a"), backup(ref="b", fullname="Охрана труда (старое)")))
    assert made.part.steps[0].params["ref"] == "a"


# --- plan: which category


def test_the_course_comes_back_into_its_own_category() -> None:
    assert (
        call(Moodle(backup(categoryid=2), categories=(1, 2, 3)), Policy(restore_category=3))["category"] == 2
    )


@pytest.mark.parametrize("own", [0, 5])
def test_where_its_own_category_is_gone_the_site_s_policy_names_one(own: int) -> None:
    assert call(Moodle(backup(categoryid=own), categories=(3,)), Policy(restore_category=3))["category"] == 3


def test_an_ordered_category_goes_before_all_others() -> None:
    assert (
        call(
            Moodle(backup(), categories=(2, 3, 4)),
            Policy(restore_category=3),
            shortname="OT-1",
            category_id="4",
        )["category"]
        == 4
    )


@pytest.mark.parametrize(("own", "policy"), [(0, None), (5, None), (5, 6)])
def test_without_any_category_the_customer_is_asked(own: int, policy: int | None) -> None:
    error = refusal(Moodle(backup(categoryid=own), categories=()), Policy(restore_category=policy))
    assert (error.code, error.facts) == ("no-category", {"category_id": own})


def test_an_ordered_category_that_is_not_there_is_not_replaced_by_another() -> None:
    error = refusal(
        Moodle(backup(), categories=(2, 3)), Policy(restore_category=3), shortname="OT-1", category_id="4"
    )
    assert (error.code, error.facts) == ("no-category", {"category_id": 4})


def test_a_moodle_that_cannot_be_asked_is_no_refusal() -> None:
    with pytest.raises(Unreachable):
        plan(finding(Unreachable(FIND, "no route")))


# --- plan: what is no answer, and what is not the site's own


def test_the_newest_is_the_one_that_was_stored_last_whatever_it_says() -> None:
    boasting = backup(ref="boasting", timecreated=9 * DAY, stored=DAY)
    assert call(Moodle(boasting, backup(ref="r", timecreated=DAY, stored=2 * DAY)))["ref"] == "r"


def test_users_own_backups_are_looked_into_by_a_word_only() -> None:
    moodle = Moodle(backup())
    plan(moodle, shortname="OT-1", private_backups="да")
    assert moodle.calls(FIND)[0]["private"] is True


def test_a_backup_of_another_site_needs_a_word() -> None:
    other = backup(samesite=False, siteurl="https://other.example.ru")
    assert refusal(Moodle(other)).code == "other-site"
    assert call(Moodle(other), shortname="OT-1", other_site="да")["othersite"] is True


def test_a_search_that_was_cut_short_goes_on() -> None:
    moodle = finding([found(truncated=True), found(truncated=True), found(backup())])
    assert call(moodle)["ref"] == "r1"
    assert len(moodle.calls(FIND)) == 3


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (found(truncated=True), "takes longer"),
        (found(unreadable=[{"source": "folder", "filename": "b.mbz", "reason": "bad"}]), r"b\.mbz \(bad\)"),
    ],
)
def test_what_was_not_looked_into_is_no_proof_that_there_is_no_backup(answer: Any, told: str) -> None:
    moodle = finding(answer)
    with pytest.raises(OrderRefused, match=told) as caught:
        plan(moodle)
    assert caught.value.code == "backups-unread"
    assert len(moodle.calls(FIND)) <= MOST_LOOKS + 1


def test_names_that_only_look_alike_are_told() -> None:
    error = refusal(finding(found(lookalikes=["OT-1"])), shortname="ОТ-1")
    assert (error.code, error.facts["lookalikes"]) == ("no-backup", ["OT-1"])


# --- evidence

RESTORED = ({"id": 70, "idnumber": "", "shortname": "OT-1", "fullname": "Охрана труда"},)


def test_the_evidence_is_the_course_as_it_was_restored_and_read_back() -> None:
    moodle = Moodle(living=RESTORED)
    assert evidence({"course": RESULT}, moodle) == {
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
    assert moodle.calls(COURSES) == [{"field": "id", "value": "70"}]


def test_a_course_that_moodle_does_not_have_after_all_is_a_failure() -> None:
    with pytest.raises(OperationFailed, match="70") as caught:
        evidence({"course": RESULT}, Moodle())
    assert caught.value.code == "vanished"


def test_what_is_left_of_a_course_that_was_taken_back() -> None:
    assert taken_back({"kind": "course", "course_id": 70}) == {"kind": "course-deleted", "course_id": 70}
