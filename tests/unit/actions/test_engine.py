"""The engine: a program runs once under its key, its files go up under their digests, and what Moodle refuses
is told apart from what is a fault of the site.
"""

from __future__ import annotations

import hashlib
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest

from bridge.actions import ACTIONS, OperationFailed, OrderRefused, Policy, StillRunning, TicketFile
from bridge.actions.create_role.policy import CreateRoleRules
from bridge.actions.engine import check, run, thawed, undo
from bridge.actions.planning import SEVERAL, Wanted, carry_out, plan_order, take_back
from bridge.actions.program import File, Program, Step, Use
from bridge.errors import BridgeError
from bridge.moodle_ws import AccessError, MoodleRefused, OutcomeUnknown, ParameterError, Unreachable
from tests.builders import make_ticket, messages
from tests.unit.actions.fake_moodle import (
    OPKEY,
    FakeMoodle,
    a_program,
    make_context,
    make_site,
    operation,
)

CHECK, RUN, GET, UNDO = (f"local_otbridge_{name}" for name in ("check", "run", "get_operation", "undo"))
CODES = frozenset({"shortnametaken", "unknownrole"})
WELL = {"ok": True, "heavy": False, "faults": [], "notes": []}
ROLE = {
    "id": 9,
    "shortname": "methodist",
    "name": "Методист",
    "contextlevels": ["course"],
    "capabilities": [],
    "url": "",
}
ORDER = {
    "shortname": "methodist",
    "name": "Методист",
    "context_levels": "course",
    "capabilities": "moodle/course:view",
}


def no_files(_: str) -> TicketFile:
    raise AssertionError("no file is wanted")


def started(moodle: FakeMoodle, program: Program | None = None, fetch: Any = no_files) -> dict[str, Any]:
    return run(make_site(moodle), program or a_program(), OPKEY, fetch, CODES)


# --- run


def test_a_program_is_sent_under_its_key() -> None:
    moodle = FakeMoodle(**{RUN: operation("done", {"role": ROLE})})
    assert started(moodle)["result"] == {"role": ROLE}
    assert moodle.asked == [
        ("write", RUN, {"opkey": OPKEY, "program": a_program().canonical(), "draftitemid": 0})
    ]


@pytest.mark.parametrize(
    "code", sorted(CODES | {"opkeyreused", "invalidparameter", "risknotallowed", "stepoff"})
)
@pytest.mark.parametrize("error", [MoodleRefused, ParameterError])
def test_what_moodle_refuses_is_a_refusal_of_the_order(code: Any, error: Any) -> None:
    said = error(RUN, "steps[0].shortname: Имя занято: да", errorcode=code, debuginfo="SQL")
    with pytest.raises(OrderRefused) as caught:
        started(FakeMoodle(**{RUN: said}))
    assert (caught.value.code, caught.value.facts["said"]) == (code, "Имя занято: да")
    assert caught.value.facts["step"]["shortname"] == "methodist"
    assert "SQL" not in str(caught.value.outcome())


SITE_FAULTS = ("dmlwriteexception", "locktimeout", "sitepolicynotagreed", "forcepasswordchangenotice", "")


@pytest.mark.parametrize(
    "error",
    [
        OutcomeUnknown(RUN, "cut"),
        Unreachable(RUN, "no route"),
        AccessError(RUN, "no"),
        *(MoodleRefused(RUN, "said", errorcode=code) for code in SITE_FAULTS),
    ],
    ids=lambda one: one.errorcode or type(one).__name__,
)
def test_a_lost_answer_or_a_missing_right_is_no_refusal(error: Any) -> None:
    with pytest.raises(type(error)):
        started(FakeMoodle(**{RUN: error}))


def test_a_program_that_runs_on_is_left_running() -> None:
    with pytest.raises(StillRunning):
        started(FakeMoodle(**{RUN: operation("queued"), GET: operation("running")}))


# --- files


def with_files(tmp_path: Path, *contents: bytes) -> tuple[Program, dict[str, TicketFile]]:
    held = {}
    for number, content in enumerate(contents):
        path = tmp_path / str(number)
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        held[digest] = TicketFile(f"файл {number}", digest, len(content), path)
    files = tuple(File(one.sha256, one.name, one.size) for one in held.values())
    step = Step("module.add", "m", {"files": [Use(one) for one in held]})
    return Program((step,), files), held


def test_files_go_into_one_draft_area_under_their_digests(tmp_path: Path) -> None:
    program, held = with_files(tmp_path, b"a", b"b")
    moodle = FakeMoodle(**{GET: operation("none"), RUN: operation("done", {"m": {}})})
    started(moodle, program, held.__getitem__)
    assert moodle.calls("upload") == [
        {"name": one.sha256, "itemid": area, "content": one.path.read_bytes()}
        for one, area in zip(held.values(), (0, 4711), strict=True)
    ]
    assert moodle.calls(RUN)[0]["draftitemid"] == 4711


def test_files_go_up_only_while_moodle_does_not_know_the_key(tmp_path: Path) -> None:
    program, _ = with_files(tmp_path, b"a")
    moodle = FakeMoodle(**{GET: operation("running"), RUN: operation("done", {"m": {}})})
    started(moodle, program)
    assert moodle.calls("upload") == []


def test_a_file_whose_answer_was_lost_is_there_already(tmp_path: Path) -> None:
    program, held = with_files(tmp_path, b"a", b"b")
    moodle = FakeMoodle(**{GET: operation("none"), RUN: operation("done", {"m": {}})})
    upload = moodle.upload
    failing: list[int] = []

    def twice(path: Any, name: str | None = None, itemid: int = 0) -> int:
        if itemid and not failing:
            failing.append(1)
            raise MoodleRefused("upload", "there", errorcode="filenameexist")
        return upload(path, name, itemid)

    moodle.upload = twice  # type: ignore[method-assign]
    started(moodle, program, held.__getitem__)
    assert moodle.calls(RUN)[0]["draftitemid"] == 4711


# --- check


def fault(path: str, code: str, message: str = "said", facts: str = "{}") -> dict[str, str]:
    return {"path": path, "code": code, "message": message, "facts": facts}


def checked(*faults: dict[str, str]) -> None:
    check(
        make_site(FakeMoodle(**{CHECK: {**WELL, "ok": not faults, "faults": list(faults)}})),
        a_program(),
        CODES,
    )


def test_a_program_without_faults_passes() -> None:
    checked()


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(OrderRefused) as caught:
        checked(
            fault("steps[0].shortname", "shortnametaken", "занято", '{"shortname": "a"}'),
            fault("steps[0].allowassign", "unknownrole", "нет роли"),
        )
    error = caught.value
    assert (error.code, error.facts["said"]) == ("shortnametaken", "занято нет роли")
    assert "steps[0].shortname: занято; steps[0].allowassign: нет роли" in error.detail
    assert [one["facts"] for one in error.facts["faults"]] == [{"shortname": "a"}, {}]


def test_a_fault_of_the_site_is_told_as_one() -> None:
    with pytest.raises(AccessError) as caught:
        checked(fault("", "shortnametaken"), fault("steps[0]", "nopermissions", "lacks x"))
    assert caught.value.errorcode == "nopermissions"


def test_what_moodle_remarks_stands_in_the_summary() -> None:
    remark = {**WELL, "notes": [fault("steps[0].name", "rolenametaken", "another role is called so")]}
    moodle = FakeMoodle(**{CHECK: remark})
    planned = plan_order([Wanted("create-role", ORDER)], make_context(moodle), make_site(moodle), ACTIONS)
    assert planned.summary[-1] == "Moodle: steps[0].name: another role is called so"


# --- undo


def test_undo_names_the_operation_that_it_takes_back() -> None:
    moodle = FakeMoodle(**{UNDO: operation("done", {"undone": [], "left": []}, kind="undo")})
    undo(make_site(moodle), OPKEY, "other")
    assert moodle.asked == [("write", UNDO, {"opkey": OPKEY, "undoes": "other"})]


@pytest.mark.parametrize("code", ["unknownoperation", "alreadyundone", "opkeyreused"])
def test_what_cannot_be_undone_is_told(code: str) -> None:
    with pytest.raises(OrderRefused) as caught:
        undo(make_site(FakeMoodle(**{UNDO: MoodleRefused(UNDO, "said", errorcode=code)})), OPKEY, "x")
    assert caught.value.code == code


def test_what_was_changed_since_stays_and_is_told() -> None:
    failed = operation("failed", {"undone": [], "left": ["steps[0] course.create"]}, errorcode="changedsince")
    with pytest.raises(OperationFailed, match=r"course\.create") as caught:
        undo(make_site(FakeMoodle(**{UNDO: failed})), OPKEY, "x")
    assert caught.value.code == "changedsince"


def test_an_operation_that_runs_is_undone_later() -> None:
    with pytest.raises(StillRunning):
        undo(make_site(FakeMoodle(**{UNDO: MoodleRefused(UNDO, "r", errorcode="notended")})), OPKEY, "x")


# --- orders


def test_a_frozen_program_that_was_changed_is_not_run() -> None:
    with pytest.raises(BridgeError, match="SHA-256"):
        thawed(a_program().canonical().replace("methodist", "admin"), a_program().digest)


COURSE = {"id": 7, "fullname": "Химия", "shortname": "chem", "url": "u", "sections": [1, 2], "general": 0}
NEW = {"fullname": "Химия", "shortname": "chem", "category_id": "2", "sections": "А\nБ"}
SCIENCE = [[{"id": 2, "name": "Наука"}]]
CATEGORIES = "core_course_get_categories"


def several(moodle: FakeMoodle, **context: Any) -> Any:
    wanted = [Wanted("create-course", NEW), Wanted("create-groups", {"groups": "1\n2"})]
    return plan_order(wanted, make_context(moodle, **context), make_site(moodle), ACTIONS, "OT-17")


@pytest.mark.parametrize("known", [True, False])
def test_what_stands_in_the_way_of_the_check_is_no_refusal_where_moodle_knows_the_key(
    known: bool,
) -> None:
    taken = {**WELL, "ok": False, "faults": [fault("steps[0].shortname", "shortnametaken", "занято")]}
    moodle = FakeMoodle(**{CATEGORIES: SCIENCE, CHECK: taken})
    wanted = [Wanted("create-course", NEW)]
    with pytest.raises(OrderRefused) if not known else nullcontext():
        planned = plan_order(wanted, make_context(moodle), make_site(moodle), ACTIONS, is_known=lambda: known)
        assert len(planned.program.steps) == 1
    assert moodle.written == []


def test_several_actions_of_one_order_are_one_program_and_one_call() -> None:
    moodle = FakeMoodle(**{CATEGORIES: SCIENCE, CHECK: WELL})
    frozen = several(moodle).frozen()
    program = Program.parse(frozen["program"])
    assert [step.label for step in program.steps] == ["course", "group1", "group2"]
    assert program.document["steps"][1]["course"] == "$course.id"
    assert program.ticket == "OT-17"
    results = {"course": COURSE, "group1": {"id": 1, "name": "1"}, "group2": {"id": 2, "name": "2"}}
    running = FakeMoodle(**{RUN: operation("done", results)})
    evidence = carry_out(frozen, OPKEY, make_site(running), no_files, ACTIONS)
    assert len(running.asked) == 1
    assert evidence["kind"] == SEVERAL
    assert [one["kind"] for one in evidence["parts"]] == ["new-course", "groups"]
    undoing = FakeMoodle(**{UNDO: operation("done", {}, kind="undo")})
    gone = take_back(evidence, "k", OPKEY, make_site(undoing), ACTIONS)
    assert [one["kind"] for one in gone["parts"]] == ["course-deleted", "groups-deleted"]


def test_an_order_beyond_a_service_s_limits_is_refused_in_the_customer_s_words() -> None:
    moodle = FakeMoodle(**{CATEGORIES: SCIENCE, CHECK: WELL})
    with pytest.raises(OrderRefused) as caught:
        several(moodle, service="2.4", limits={"sections": 1, "groups": 1, "courses": 1})
    assert caught.value.code == "over-limits"
    assert caught.value.facts["excesses"] == [
        "2 группы, услуга 2.4 допускает 1",
        "2 секции, услуга 2.4 допускает 1",
    ]
    assert moodle.calls(CHECK) == []
    several(moodle, service="2.4", limits={"sections": 1, "groups": 1, "courses": 1}, quantity=2)


PAGES = [{"name": "А", "text": "1234"}, {"name": "Б", "text": "12"}]
TASKS = [{"name": "Эссе", "description": "123"}]


def content(moodle: FakeMoodle, **context: Any) -> Any:
    wanted = [
        Wanted("create-course", NEW),
        Wanted("add-pages", {"page": PAGES, "section": "2"}),
        Wanted("create-assignments", {"assignment": TASKS}),
    ]
    return plan_order(wanted, make_context(moodle, **context), make_site(moodle), ACTIONS)


def test_a_limit_of_each_thing_is_not_summed_up_over_the_actions_of_an_order() -> None:
    moodle = FakeMoodle(**{CATEGORIES: SCIENCE, CHECK: WELL})
    content(moodle, service="2.1", limits={"characters": 4})
    with pytest.raises(OrderRefused) as caught:
        content(moodle, service="2.1", limits={"characters": 3}, quantity=2)
    assert caught.value.facts["excesses"] == ["4 знака в описании, услуга 2.1 допускает 3"]


@pytest.mark.parametrize(
    "pages",
    [
        [{"name": str(number), "text": "1"} for number in range(200)],
        [{"name": str(number), "text": '"' * 100_000} for number in range(1)],
    ],
    ids=["steps", "bytes"],
)
def test_an_order_that_is_too_much_for_one_program_is_the_customer_s_to_divide(pages: Any) -> None:
    moodle = FakeMoodle(**{CATEGORIES: SCIENCE, CHECK: WELL})
    wanted = [Wanted("create-course", NEW), *[Wanted("add-pages", {"page": pages})] * 11]
    with pytest.raises(OrderRefused) as caught:
        plan_order(wanted, make_context(moodle), make_site(moodle), ACTIONS)
    assert (caught.value.code, caught.value.facts) == ("too-much", {"customers": True})
    assert "Разделите его" in messages().render(
        "cannot", make_ticket(), {"stage": "Работа", **caught.value.outcome()}
    )
    assert moodle.calls(CHECK) == []


def test_evidence_knows_what_was_asked_for_and_believes_what_was_returned() -> None:
    frozen = content(FakeMoodle(**{CATEGORIES: SCIENCE, CHECK: WELL})).frozen()
    labels = [step.label for step in Program.parse(frozen["program"]).steps]
    assert labels == ["course", "page1", "page2", "assignment1"]
    results = {label: {"cmid": n, "instance": n, "url": f"u{n}"} for n, label in enumerate(labels)}
    moodle = FakeMoodle(**{RUN: operation("done", {**results, "course": {**COURSE, "fullname": "Химия 2"}})})
    made, pages, tasks = carry_out(frozen, OPKEY, make_site(moodle), no_files, ACTIONS)["parts"]
    assert made["fullname"] == "Химия 2"
    assert [(one["name"], one["url"]) for one in pages["pages"]] == [("А", "u1"), ("Б", "u2")]
    assert [one["name"] for one in tasks["assignments"]] == ["Эссе"]


def test_a_plan_is_checked_by_moodle_before_anything_is_held() -> None:
    moodle = FakeMoodle(
        **{
            CATEGORIES: SCIENCE,
            CHECK: {**WELL, "ok": False, "faults": [fault("steps[0].shortname", "shortnametaken")]},
        }
    )
    with pytest.raises(OrderRefused) as caught:
        several(moodle)
    assert (caught.value.code, caught.value.facts["step"]["shortname"]) == ("shortnametaken", "chem")
    assert moodle.written == []


def frozen_role(**changes: Any) -> dict[str, Any]:
    moodle = FakeMoodle(**{CHECK: WELL})
    wanted = [Wanted("create-role", {**ORDER, **changes})]
    return plan_order(wanted, make_context(moodle), make_site(moodle), ACTIONS).frozen()


def test_a_role_that_holds_more_on_this_site_is_taken_back_and_refused() -> None:
    held = [
        {"name": name, "permission": "allow"}
        for name in ("tool/uploaduser:upload", "moodle/course:view", "tool/policy:accept")
    ]
    made = {**ROLE, "capabilities": [*held, {"name": "moodle/site:config", "permission": "prevent"}]}
    moodle = FakeMoodle(**{RUN: operation("done", {"role": made}), UNDO: operation("done", {}, kind="undo")})
    frozen = frozen_role(archetype="student")
    for _ in "12":
        with pytest.raises(OrderRefused) as caught:
            carry_out(frozen, OPKEY, make_site(moodle), no_files, ACTIONS)
        assert (caught.value.code, caught.value.facts) == (
            "guarded",
            {"capabilities": ["tool/uploaduser:upload"]},
        )
    own_key = str(uuid5(UUID(OPKEY), "guarded"))
    assert moodle.calls(UNDO) == [{"opkey": own_key, "undoes": OPKEY}] * 2, "under one key of its own"
    for allowed in ("tool/*", "archetype:student"):
        site = make_site(moodle, policy=Policy((CreateRoleRules(capabilities_allowed=(allowed,)),)))
        assert carry_out(frozen, OPKEY, site, no_files, ACTIONS)["role_id"] == 9


def test_what_was_taken_back_meanwhile_is_no_evidence() -> None:
    moodle = FakeMoodle(**{RUN: operation("done", {"role": ROLE}, undone="somebody")})
    with pytest.raises(OperationFailed, match="somebody") as caught:
        carry_out(frozen_role(), OPKEY, make_site(moodle), no_files, ACTIONS)
    assert caught.value.code == "vanished"
