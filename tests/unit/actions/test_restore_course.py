"""restore-course: which backup, which category, and every reason to refuse; then the restore itself."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.actions import OperationFailed, OrderRefused, Plan, Policy, StillRunning, validate
from bridge.actions.base import OrderInvalid
from bridge.actions.restore_course.params import RestoreCourseParams
from bridge.actions.restore_course.plan import FIND, MOST_OLDER, MOST_TOLD, evidence, taken_back
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
    "compared": {"activities": [2, 3], "questions": [40, 40]},
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
        "category": "",
        "origin": changes.get("courseid", 7),
        "alive": 0,
        **changes,
    }


def found(*backups: dict[str, Any], **changes: Any) -> dict[str, Any]:
    empty = {"truncated": False, "unread": 0, "unreadable": [], "lookalikes": []}
    return {"backups": list(backups), **empty, **changes}


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


def test_of_two_that_were_stored_at_once_the_recycle_bin_s_is_taken() -> None:
    folder, bin_ = backup(ref="folder"), backup(ref="bin", source="recyclebin")
    assert call(Moodle(folder, bin_))["ref"] == "bin"
    assert call(Moodle(backup(ref="newer", timecreated=11 * DAY), bin_))["ref"] == "newer"


@pytest.mark.parametrize(("users", "taken"), [("да", ["with", "without"]), ("нет", ["without", "with"])])
def test_a_copy_with_people_s_data_goes_before_a_newer_one_without_where_they_are_ordered(
    users: str, taken: list[str]
) -> None:
    copies = backup(ref="with", timecreated=DAY), backup(ref="without", users=False)
    asked = call(Moodle(*copies), shortname="OT-1", users=users)
    assert [asked["ref"], *asked["older"]] == taken


def test_older_copies_are_named_for_the_case_that_the_chosen_one_is_damaged() -> None:
    copies = [backup(ref=f"r{day}", timecreated=day * DAY) for day in range(1, MOST_OLDER + 5)]
    asked = call(Moodle(*copies, backup(ref="other", samesite=False, timecreated=3 * DAY)))
    assert (asked["ref"], len(asked["older"])) == (f"r{MOST_OLDER + 4}", MOST_OLDER)
    assert asked["older"][0] == f"r{MOST_OLDER + 3}"
    assert "other" not in asked["older"]


def test_the_order_can_name_the_day_of_the_copy_by_the_site_s_clock() -> None:
    year = 20_454 * DAY  # begins 2026
    late = backup(ref="late", timecreated=year + 13 * DAY + 22 * 3600)  # the 15th in Moscow
    new = backup(ref="new", timecreated=year + 20 * DAY)
    copies = backup(ref="early", timecreated=year + 13 * DAY), late, new
    for date, ref in (("14.01.2026", "early"), ("15.01.2026", "late"), ("2026-01-21", "new")):
        asked = call(Moodle(*copies), shortname="OT-1", backup_date=date)
        assert (asked["ref"], asked["older"]) == (ref, [])
    error = refusal(Moodle(*copies), shortname="OT-1", backup_date="16.01.2026")
    assert (error.code, error.facts["date"]) == ("no-copy-of-date", "16.01.2026")
    assert error.facts["copies"] == ["21.01.2026 03:00", "15.01.2026 01:00", "14.01.2026 03:00"]


def test_the_plan_freezes_the_whole_call_and_says_what_it_will_do() -> None:
    made = plan(Moodle(backup()))
    assert made.part.steps[0].params == {
        "ref": "r1",
        "older": [],
        "category": 2,
        "users": True,
        "othersite": False,
        "lang": "ru",
    }
    assert made.summary == (
        "restore Охрана труда (OT-1) from folder: b.mbz, 11.01.1970 03:00, 1000 bytes, with users' data",
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


def test_the_order_says_whose_the_data_are_and_which_losses_it_takes() -> None:
    moodle = Moodle(backup())
    asked = call(moodle, shortname="OT-1", people="ivanov: ivanov2\n petrov:\n", accept_losses="да")
    assert asked["people"] == [
        {"login": "ivanov", "account": "ivanov2"},
        {"login": "petrov", "account": ""},
    ]
    assert asked["acceptlosses"] is True
    assert "people" not in call(moodle, shortname="OT-1", people="ivanov: i2", users="нет")


@pytest.mark.parametrize(
    ("people", "told"), [("ivanov", "двоеточие"), (": x", "двоеточие"), ("a: b\na: c", "«a» указан дважды")]
)
def test_whose_the_data_are_is_said_by_lines(people: str, told: str) -> None:
    with pytest.raises(OrderInvalid, match=told):
        plan(Moodle(backup()), shortname="OT-1", people=people)


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


def test_a_short_name_that_is_taken_meanwhile_may_be_replaced_by_the_order() -> None:
    taken = {"id": 8, "idnumber": "", "shortname": "OT-1", "fullname": "Другой"}
    moodle = Moodle(backup(), living=(taken,))
    error = refusal(moodle, fullname="Охрана труда")
    assert (error.code, error.facts) == ("shortnametaken", {"course": "Другой (OT-1), id 8"})
    asked = call(moodle, fullname="Охрана труда", new_shortname="OT-1-old", new_fullname="Охрана (архив)")
    assert (asked["shortname"], asked["fullname"]) == ("OT-1-old", "Охрана (архив)")
    assert refusal(moodle, fullname="Охрана труда", new_shortname="OT-1").code == "shortnametaken"


def test_a_course_that_was_restored_already_is_not_restored_beside_itself() -> None:
    restored = {"id": 70, "idnumber": "", "shortname": "renamed", "fullname": "Охрана труда"}
    error = refusal(Moodle(backup(alive=70), living=(restored,)), fullname="Охрана труда")
    assert (error.code, error.facts) == ("course-exists", {"course": "Охрана труда (renamed), id 70"})


def test_a_course_that_was_restored_once_and_lost_again_is_one_course() -> None:
    copies = backup(ref="first", timecreated=DAY), backup(ref="again", courseid=70, origin=7)
    assert call(Moodle(*copies))["ref"] == "again"


def test_of_very_many_courses_of_one_name_only_some_are_told() -> None:
    many = [backup(courseid=number, timecreated=number * DAY) for number in range(1, MOST_TOLD + 4)]
    error = refusal(Moodle(*many))
    assert (len(error.facts["candidates"]), error.facts["more"]) == (MOST_TOLD, 3)


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
                "backup_at": "04.01.1970 03:00",
            },
            {
                "course_id": 7,
                "fullname": "Охрана труда",
                "shortname": "OT-1",
                "backup_at": "03.01.1970 03:00",
            },
        ],
        "more": 0,
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


@pytest.mark.parametrize("held", [(), (backup(),)], ids=["nothing yet", "an older one, perhaps"])
def test_a_search_that_was_cut_short_goes_on_later(held: Any) -> None:
    with pytest.raises(StillRunning, match="2999 of its backup files") as caught:
        plan(finding(found(*held, truncated=True, unread=2999)))
    assert caught.value.code == "still-reading"


def test_what_cannot_be_read_is_no_proof_that_there_is_no_backup() -> None:
    bad = [{"source": "folder", "filename": f"{number}.mbz", "reason": "bad"} for number in range(50)]
    error = refusal(finding(found(unreadable=bad)))
    assert error.code == "backups-unread"
    assert "0.mbz (bad)" in error.detail
    assert f"and {50 - MOST_TOLD} more" in error.detail
    assert call(finding(found(backup(), unreadable=bad)))["ref"] == "r1"


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
        "compared": {"activities": [2, 3], "questions": [40, 40]},
        "warnings": [],
    }
    assert moodle.calls(COURSES) == [{"field": "id", "value": "70"}]


def test_a_course_that_moodle_does_not_have_after_all_is_a_failure() -> None:
    with pytest.raises(OperationFailed, match="70") as caught:
        evidence({"course": RESULT}, Moodle())
    assert caught.value.code == "vanished"


def test_what_is_left_of_a_course_that_was_taken_back() -> None:
    assert taken_back({"kind": "course", "course_id": 70}) == {"kind": "course-deleted", "course_id": 70}


# --- whole-site backups


def test_a_whole_site_backup_is_taken_where_it_is_more_than_a_day_newer() -> None:
    own, whole = backup(timecreated=10 * DAY), backup(source="wholesite", ref="w", timecreated=11 * DAY + 1)
    assert call(Moodle(own, whole))["ref"] == "w"


def test_a_copy_of_the_course_itself_is_taken_where_it_is_at_most_a_day_older() -> None:
    own, whole = backup(timecreated=10 * DAY), backup(source="wholesite", ref="w", timecreated=11 * DAY - 1)
    assert call(Moodle(own, whole))["ref"] == "r1"
