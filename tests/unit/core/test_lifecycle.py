"""The rules R1 to R8 of the vendor's terms, one sentence a test: what `decide` says in every situation of a
ticket.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bridge.actions import ACTIONS
from bridge.domain.catalogue import Billing, BillingKind
from bridge.domain.effects import EffectState
from bridge.domain.hours import Charge
from bridge.domain.lifecycle import (
    AskBalance,
    Attach,
    Correction,
    Examine,
    Freeze,
    Hold,
    Kind,
    NewRevision,
    Note,
    Operate,
    OrderFault,
    Reason,
    Release,
    Reverse,
    SetStage,
    SetTicket,
    Status,
    Terms,
    Undo,
    Wait,
    WriteOff,
    charges_from,
    charges_request,
)
from bridge.domain.lifecycle.values import CUSTOMERS_FAULTS, is_operators_turn
from bridge.domain.tickets import Stage, StageState, TicketState, TimeEntry
from tests.builders import (
    NOW,
    ORDER,
    ROLE,
    Play,
    effect_of,
    make_account,
    make_catalogue,
    make_entry,
    make_service,
    make_stage,
    make_ticket,
)

INTENDED, REFUSED = EffectState.INTENDED, EffectState.REFUSED
OTHER_ORDER = replace(ORDER, params={"shortname": "tutor"})
WHOLE_LIFE = [
    "plan",
    "hold",
    "ticket:in_progress",
    "stage:in_progress",
    "note:taken",
    "operation",
    "freeze",
    "stage:ready",
    "note:ready",
    "ticket:awaiting_acceptance",
    "capture",
    "note:written_off",
    "ticket:done",
    "note:done",
]


def waits(step: object, status: Status, code: str) -> Reason:
    assert isinstance(step, Wait), step
    assert (step.status, step.reason.code) == (status, code)
    return step.reason


def accept(play: Play) -> None:
    play.portal(stage={"state": StageState.ACCEPTED})


def withdraw(play: Play) -> None:
    play.portal(state=TicketState.WITHDRAWN, withdrawn_at=NOW)


# --- the whole way


def test_a_ticket_goes_its_whole_way_and_every_effect_happens_once() -> None:
    play = Play()
    waits(play.rest(), Status.AWAITING_ACCEPTANCE, "not-accepted")
    accept(play)
    waits(play.rest(), Status.DONE, "done")
    assert play.seen == WHOLE_LIFE


def test_a_done_ticket_stays_done() -> None:
    play = Play()
    play.rest()
    accept(play)
    assert play.rest() == play.next() == play.rest()


def test_the_same_case_always_gives_the_same_step() -> None:
    play = Play()
    for _ in range(9):
        assert play.next() == play.next()
        play.does()


# --- R1: only tickets of the paid category


def test_R1_a_ticket_of_another_category_is_not_worked_on() -> None:
    reason = waits(Play(paid=False).next(), Status.NOT_PAID, "not-paid")
    assert reason.facts == {"category": make_ticket().category}


def test_R1_not_even_when_it_is_withdrawn() -> None:
    play = Play(paid=False)
    withdraw(play)
    waits(play.next(), Status.NOT_PAID, "not-paid")


# --- the order


def test_a_wish_in_free_text_waits_for_an_order() -> None:
    waits(Play(order=None).next(), Status.NEEDS_ORDER, "free-text")


def test_an_order_with_faults_is_told_to_the_customer_once() -> None:
    fault = OrderFault("поля заявки", ("shortname: параметр не указан",))
    play = Play(order=fault)
    told = play.does()
    assert isinstance(told, Note)
    assert told.message.startswith("order:")
    assert told.facts == {"source": "поля заявки", "problems": ["shortname: параметр не указан"]}
    reason = waits(play.next(), Status.NEEDS_ORDER, "order-faults")
    assert reason.facts == told.facts


def test_other_faults_of_an_order_are_told_anew() -> None:
    play = Play(order=OrderFault("поля заявки", ("a",)))
    play.rest()
    play.order = OrderFault("поля заявки", ("b",))
    assert isinstance(play.next(), Note)
    play.rest()
    assert len(set(play.seen)) == 2


def test_an_order_that_was_mended_is_carried_out() -> None:
    play = Play(order=OrderFault("поля заявки", ("a",)))
    play.rest()
    play.order = ORDER
    play.until(Operate)


def test_an_order_of_a_service_that_the_catalogue_does_not_have_needs_another_one() -> None:
    play = Play(order=replace(ORDER, service="9.9"))
    assert waits(play.next(), Status.NEEDS_ORDER, "no-service").facts == {"service": "9.9"}


# --- R3: after the final agreement


def test_R3_work_waits_for_the_final_agreement() -> None:
    play = Play(make_ticket(agreed_at=None))
    waits(play.next(), Status.AWAITING_AGREEMENT, "not-agreed")
    play.portal(agreed_at=NOW)
    assert isinstance(play.next(), AskBalance)


def test_R3_where_no_agreement_is_required_work_begins_at_once() -> None:
    assert isinstance(Play(make_ticket(agreed_at=None, agreement_required=False)).next(), AskBalance)


def test_R3_an_agreement_without_stages_is_none() -> None:
    waits(Play(replace(make_ticket(), stages=())).next(), Status.AWAITING_AGREEMENT, "no-stages")


def test_R3_the_faults_of_an_order_are_told_before_the_agreement() -> None:
    assert isinstance(Play(make_ticket(agreed_at=None), order=OrderFault("поля заявки", ("a",))).next(), Note)


# --- R5: a balance that does not cover the stage


def test_R5_the_balance_is_read_before_anything_is_held() -> None:
    play = Play()
    assert isinstance(play.does(), AskBalance)
    assert isinstance(play.next(), Examine)


def test_R5_without_balance_the_customer_is_told_and_the_ticket_suspended() -> None:
    play = Play(balance=make_account("1.5"))
    play.does()
    told = play.does()
    assert isinstance(told, Note)
    assert (told.message, told.facts) == (
        "suspended",
        {"stage": "Новая роль", "needed": "2", "available": "1.5", "missing": "0.5"},
    )
    play.does()
    assert play.does() == SetTicket(make_stage(), 1, TicketState.SUSPENDED)
    reason = waits(play.rest(), Status.SUSPENDED, "balance")
    assert reason.facts == {"needed": "2", "available": "1.5", "missing": "0.5"}
    assert play.seen == ["note:held", "ticket:suspended"]


def test_R5_after_a_top_up_the_work_goes_on_by_itself() -> None:
    play = Play(balance=make_account(1))
    play.rest()
    play.account, play.balance = None, make_account(2)
    waits(play.rest(), Status.AWAITING_ACCEPTANCE, "not-accepted")
    assert play.seen[2:5] == ["plan", "hold", "ticket:in_progress"]


def test_R5_a_balance_that_just_covers_the_stage_is_enough() -> None:
    Play(balance=make_account(2)).until(Operate)


def test_R5_the_overdraft_limit_counts_as_balance() -> None:
    Play(balance=make_account(-1, overdraft=3)).until(Operate)
    waits(Play(balance=make_account(-1, overdraft="2.99")).rest(), Status.SUSPENDED, "balance")


def test_R5_a_hold_that_did_not_fit_after_all_is_asked_for_again_with_a_new_balance() -> None:
    play = Play()
    play.until(Hold)
    play.does(REFUSED, {"code": "insufficient_balance", "available": "1", "needed": "2"})
    assert isinstance(play.next(), AskBalance)
    play.balance = make_account(1)
    play.until(Hold)
    assert play.seen[-2:] == ["note:held", "ticket:suspended"]
    play.does(REFUSED, {"code": "insufficient_balance", "available": "1", "needed": "2"})
    play.balance = make_account(3)
    play.until(Operate)


def test_R5_a_hold_that_came_late_after_all_is_learned_though_the_balance_is_too_small_now() -> None:
    play = Play()
    play.until(Hold)
    play.does(REFUSED, {"code": "insufficient_balance", "available": "1", "needed": "2"})
    play.balance = make_account(0)
    play.until(Hold)
    play.does()
    play.until(Operate)


def test_R7_a_hold_that_did_not_fit_may_have_come_late_and_is_learned_and_returned() -> None:
    play = Play()
    play.until(Hold)
    play.does(REFUSED, {"code": "insufficient_balance", "available": "1", "needed": "2"})
    play.portal(withdrawn_at=NOW)
    play.until(Hold)
    play.does()

    waits(play.rest(), Status.WITHDRAWN, "withdrawn")

    assert play.seen[-1] == "void"


def test_R8_the_hold_is_the_estimate_at_the_stage_s_coefficient() -> None:
    play = Play(make_ticket(make_stage(estimate=Decimal(10), coefficient=Decimal("0.6"))))
    assert play.until(Hold).amount == Decimal(6)


# --- the plan


def test_an_order_is_planned_before_hours_are_held() -> None:
    play = Play()
    assert play.until(Examine) == Examine(make_stage(), 1, ORDER)
    play.does()
    assert isinstance(play.next(), AskBalance)
    assert play.until(Hold) == Hold(make_stage(), 1, "hold", "a1", Decimal(2), ORDER, unattended=True)


def test_a_refused_plan_is_told_and_holds_nothing() -> None:
    play = Play()
    play.until(Examine)
    play.does(REFUSED, {"code": "guarded", "detail": "policy", "capabilities": ["moodle/site:config"]})
    told = play.next()
    assert isinstance(told, Note)
    assert (told.message, told.facts["code"], told.facts["capabilities"]) == (
        "cannot",
        "guarded",
        ["moodle/site:config"],
    )
    reason = waits(play.rest(), Status.FAILED, "refused")
    assert (reason.facts["what"], reason.facts["detail"]) == ("plan", "policy")
    assert play.seen == ["plan", "note:cannot"]


def test_a_changed_order_begins_a_new_attempt() -> None:
    play = Play()
    play.until(Examine)
    play.does(REFUSED, {"code": "guarded", "detail": "policy"})
    play.rest()
    play.order = OTHER_ORDER
    assert play.does() == NewRevision(make_stage())
    assert play.until(Examine) == Examine(make_stage(), 2, OTHER_ORDER)
    assert play.until(Operate).revision == 2


def test_an_order_that_was_changed_to_itself_begins_none() -> None:
    play = Play()
    play.until(Examine)
    play.does(REFUSED, {"code": "guarded", "detail": "policy"})
    play.order = replace(ORDER, source="elsewhere")
    waits(play.rest(), Status.FAILED, "refused")


def test_an_order_that_changed_after_its_plan_and_before_the_hold_is_planned_anew() -> None:
    play = Play()
    play.until(Hold)
    play.does(REFUSED, {"code": "insufficient_balance", "available": "1", "needed": "2"})
    play.order = OTHER_ORDER
    assert play.until(Operate).frozen["call"] == {"shortname": "tutor"}


def test_an_order_that_changed_after_the_hold_does_not_change_the_work() -> None:
    play = Play()
    play.until(Hold)
    play.does()
    play.order = OTHER_ORDER
    assert play.until(Operate).frozen["call"] == {"shortname": "methodist"}


@pytest.mark.parametrize("order", [None, OrderFault("поля заявки", ("a",))])
def test_an_order_that_was_broken_after_the_hold_changes_nothing(order: Any) -> None:
    play = Play()
    play.until(Operate)
    play.order = order
    waits(play.rest(), Status.AWAITING_ACCEPTANCE, "not-accepted")


def test_a_service_that_leaves_the_catalogue_after_the_hold_stops_the_ticket_until_it_is_back() -> None:
    play = Play()
    play.until(Operate)
    play.catalogue = make_catalogue(make_service(id="other"))
    assert waits(play.rest(), Status.FAILED, "no-service").facts == {"service": ORDER.service}
    play.catalogue = make_catalogue()
    waits(play.rest(), Status.AWAITING_ACCEPTANCE, "not-accepted")


# --- R4: hold, work, acceptance, write-off


def test_R4_work_begins_only_after_the_hold() -> None:
    play = Play()
    play.until(Operate)
    assert (
        play.seen.index("hold")
        < play.seen.index("ticket:in_progress")
        < play.seen.index("stage:in_progress")
        < len(play.seen)
    )


def test_R4_the_customer_reads_how_much_is_held() -> None:
    play = Play()
    told = play.until(Note)
    assert (told.message, told.facts) == ("taken", {"stage": "Новая роль", "amount": "2"})


def test_a_hold_whose_answer_was_lost_is_asked_for_again_whatever_the_balance_says() -> None:
    play = Play()
    asked = play.until(Hold)
    play.does(INTENDED)
    play.account = make_account(0)
    again = play.next()
    assert isinstance(again, Hold)
    assert again.request == asked.request


def test_an_operation_whose_answer_was_lost_is_asked_for_again() -> None:
    play = Play()
    asked = play.until(Operate)
    play.does(INTENDED)
    assert play.next() == asked


@pytest.mark.parametrize("code", ["invalid", "not_found", "state_conflict"])
def test_a_hold_that_the_portal_refuses_for_another_reason_is_an_operator_s_turn(code: str) -> None:
    play = Play()
    play.until(Hold)
    play.does(REFUSED, {"code": code, "detail": "said"})
    reason = waits(play.rest(), Status.FAILED, "refused")
    assert reason.facts == {"what": "hold", "code": code, "detail": "said"}
    assert play.seen == ["plan", "hold"]


def test_a_failed_operation_returns_the_hold_then_tells_the_customer() -> None:
    play = Play()
    play.until(Operate)
    play.does(REFUSED, {"code": "restorefailed", "detail": "broken"})
    assert play.does() == Release(make_stage(), 1, "hold-s1-1")
    told = play.does()
    assert isinstance(told, Note)
    assert told.message == "cannot"
    reason = waits(play.rest(), Status.FAILED, "refused")
    assert (reason.facts["what"], reason.facts["code"]) == ("operation", "restorefailed")


def reports(*names: str) -> dict[str, Any]:
    files = [{"name": name, "media_type": "text/html", "text": f"<p>{name}</p>"} for name in names]
    return {"kind": "audit", "release": "4.5", "attachments": files}


def test_files_of_an_operation_are_attached_before_the_stage_is_reported() -> None:
    play = Play()
    play.until(Operate)
    play.does(outcome=reports("a.html", "b.json"))
    freeze = play.until(Freeze)
    assert freeze.evidence["release"] == "4.5"
    assert "attachments" not in freeze.evidence, "what is written off shows no files"
    first = play.until(Attach)
    assert (first.kind, first.request) == (
        "attach",
        {"name": "a.html", "media_type": "text/html", "text": "<p>a.html</p>"},
    )
    play.does(INTENDED)
    assert play.does() == first, "an answer that was lost is asked for again"
    waits(play.rest(), Status.AWAITING_ACCEPTANCE, "not-accepted")
    after = play.seen[play.seen.index("freeze") + 1 :]
    assert after == [
        "attach",
        "attach",
        "attach:2",
        "stage:ready",
        "note:ready",
        "ticket:awaiting_acceptance",
    ]


def test_files_of_several_actions_are_all_attached() -> None:
    play = Play()
    play.until(Operate)
    play.does(outcome={"kind": "several", "parts": [reports("a"), reports("b")]})
    assert play.until(Freeze).evidence["parts"] == [{"kind": "audit", "release": "4.5"}] * 2
    play.rest()
    assert [kind for kind in play.seen if kind.startswith("attach")] == ["attach", "attach:2"]


def test_a_file_that_the_portal_refuses_is_an_operators_turn() -> None:
    play = Play()
    play.until(Operate)
    play.does(outcome=reports("a.html"))
    play.until(Attach)
    play.does(REFUSED, {"code": "invalid", "detail": "said"})
    reason = waits(play.rest(), Status.FAILED, "refused")
    assert (reason.facts["what"], reason.facts["detail"]) == ("attach", "said")
    assert is_operators_turn(Status.FAILED, reason)


def test_what_is_taken_back_names_no_files() -> None:
    play = Play()
    play.until(Operate)
    play.does(outcome=reports("a.html"))
    play.rest()
    play.decides("undo", stage_id="s1", revision=1, reason="so")
    assert "attachments" not in play.until(Undo).evidence


def test_after_a_failed_operation_a_changed_order_is_carried_out_under_a_new_hold() -> None:
    play = Play()
    play.until(Operate)
    play.does(REFUSED, {"code": "shortnametaken", "detail": "taken"})
    play.rest()
    play.order = OTHER_ORDER
    operate = play.until(Operate)
    assert (operate.revision, operate.frozen["call"]) == (2, {"shortname": "tutor"})
    assert [kind for kind in play.seen if kind in ("hold", "void")] == ["hold", "void", "hold"]


@pytest.mark.parametrize("kind", [Kind.STAGE_IN_PROGRESS, Kind.STAGE_READY])
def test_a_stage_s_state_that_the_portal_refuses_is_an_operator_s_turn(kind: Any) -> None:
    play = Play()
    while play.until(SetStage).kind != kind:
        play.does()
    play.does(REFUSED, {"code": "state_conflict", "detail": "said"})
    assert waits(play.rest(), Status.FAILED, "refused").facts["what"] == kind


@pytest.mark.parametrize("kind", [Kind.TICKET_IN_PROGRESS, Kind.TICKET_AWAITING])
def test_a_ticket_goes_on_though_the_portal_refuses_its_state(kind: Any) -> None:
    play = Play()
    while play.until(SetTicket).kind != kind:
        play.does()
    play.does(REFUSED, {"code": "state_conflict", "detail": "said"})
    waits(play.rest(), Status.AWAITING_ACCEPTANCE, "not-accepted")


def test_R2_the_lines_of_the_write_off_are_frozen_when_the_work_is_done() -> None:
    entry = make_entry(30)
    play = Play(make_ticket(time_entries=(entry,)))
    lines = (Charge("development", 30, 30, Decimal(1)), Charge("unattended", 30, 30, Decimal(1)))
    assert play.until(Freeze) == Freeze(play.ticket.stages[0], 1, lines, {"e1": 30}, ROLE)
    play.does()
    play.portal(time_entries=(entry, replace(entry, id="e2")))
    ready = play.until(SetStage)
    assert (ready.state, ready.evidence) == (StageState.READY, ROLE)
    accept(play)
    capture = play.until(WriteOff)
    assert (capture.charges, capture.amount, capture.hold_id, capture.evidence) == (
        lines,
        Decimal(1),
        "hold-s1-1",
        ROLE,
    )


def test_a_report_whose_answer_was_lost_is_sent_again() -> None:
    play = Play()
    play.until(Freeze)
    asked = play.until(SetStage)
    play.does(INTENDED)
    play.portal(time_entries=(make_entry(30),))
    assert play.next() == replace(asked, stage=play.ticket.stages[0])


def test_R4_the_customer_reads_what_was_done_and_what_it_will_take() -> None:
    play = Play()
    play.until(Freeze)
    play.until(SetStage)
    play.does()
    told = play.until(Note)
    facts = {
        "stage": "Новая роль",
        "evidence": ROLE,
        "write_off": "0.5",
        "unasked": False,
        "silent_until": None,
    }
    assert (told.message, told.facts) == ("ready", facts)


def test_R4_nothing_is_written_off_before_the_acceptance() -> None:
    play = Play()
    assert waits(play.rest(), Status.AWAITING_ACCEPTANCE, "not-accepted").facts == {"stage": "Новая роль"}
    assert play.next() == play.rest()
    assert "hold" in play.seen
    assert "capture" not in play.seen


def test_R4_an_accepted_stage_is_written_off_and_told() -> None:
    play = Play()
    play.rest()
    accept(play)
    play.until(WriteOff)
    play.does(outcome={"price": "1250.00"})
    play.balance = make_account("9.5")
    told = play.until(Note)
    assert told.message == "written_off"
    facts = [told.facts[name] for name in ("amount", "price", "stage", "left")]
    assert facts == ["0.5", "1250.00", "Новая роль", "9.5"]
    assert play.until(SetTicket).state is TicketState.DONE
    play.does()
    done = play.until(Note)
    assert (done.message, done.facts) == ("done", {"stage": "Новая роль", "written_off": "0.5"})


@pytest.mark.parametrize("state", [StageState.ACCEPTED, StageState.WRITTEN_OFF, StageState.READY])
def test_a_capture_whose_answer_was_lost_is_asked_for_again(state: Any) -> None:
    play = Play()
    play.rest()
    accept(play)
    asked = play.until(WriteOff)
    play.does(INTENDED)
    play.portal(stage={"state": state})
    again = play.next()
    assert isinstance(again, WriteOff)
    assert (again.charges, again.amount, again.hold_id) == (asked.charges, asked.amount, asked.hold_id)


def test_a_capture_that_the_portal_refuses_is_an_operator_s_turn() -> None:
    play = Play()
    play.rest()
    accept(play)
    play.until(WriteOff)
    play.does(REFUSED, {"code": "amount_mismatch", "detail": "said"})
    assert waits(play.rest(), Status.FAILED, "refused").facts["what"] == "capture"


def test_a_rejected_stage_is_not_written_off() -> None:
    play = Play()
    play.rest()
    play.portal(stage={"state": StageState.REJECTED, "portal_revision": 2, "comment": "нет прав"})
    assert waits(play.rest(), Status.FAILED, "rejected").facts == {
        "stage": "Новая роль",
        "comment": "нет прав",
    }
    assert "capture" not in play.seen


def test_a_rejected_stage_is_done_anew_once_an_operator_says_so() -> None:
    play = Play()
    play.rest()
    play.portal(stage={"state": StageState.REJECTED, "portal_revision": 2, "comment": "нет прав"})
    play.rest()
    play.seen.clear()
    play.revisions["s1"] = 2

    waits(play.rest(), Status.AWAITING_ACCEPTANCE, "not-accepted")

    assert play.seen[:3] == ["void", "plan", "hold"]
    assert {effect.revision for effect in play.effects.values() if effect.kind == "void"} == {1}
    assert play.seen.count("operation") == play.seen.count("stage:ready") == 1


def test_the_hold_of_an_earlier_attempt_goes_back_first_even_after_a_withdrawal() -> None:
    play = Play()
    play.rest()
    play.revisions["s1"] = 2
    play.portal(withdrawn_at=NOW)
    play.seen.clear()

    waits(play.rest(), Status.WITHDRAWN, "withdrawn")

    assert play.seen == ["void"]


def test_a_hold_of_an_earlier_attempt_that_the_portal_keeps_is_an_operator_s_turn() -> None:
    play = Play()
    play.rest()
    play.revisions["s1"] = 2
    play.does(EffectState.REFUSED, {"code": "not_found"})

    assert waits(play.rest(), Status.FAILED, "refused").facts["what"] == "void"


def test_R1_a_ticket_that_loses_its_paid_category_after_the_hold_is_brought_to_its_end() -> None:
    play = Play()
    play.rest()
    play.paid = False
    play.portal(stage={"state": StageState.ACCEPTED})

    waits(play.rest(), Status.DONE, "done")

    assert "capture" in play.seen


# --- R3: more than was agreed


def test_R3_more_than_was_agreed_is_not_taken_but_asks_for_a_new_agreement() -> None:
    play = Play(make_ticket(time_entries=(make_entry(91),)))
    facts = {"stage": "Новая роль", "agreed": "2", "spent": "2.02"}
    assert waits(play.rest(), Status.AWAITING_AGREEMENT, "beyond-agreed").facts == facts
    assert play.seen[-1] == "note:beyond:2"
    assert "freeze" not in play.seen


def test_R3_a_new_agreement_on_more_hours_gets_a_larger_hold_and_the_old_one_goes_back_first() -> None:
    play = Play(make_ticket(time_entries=(make_entry(150),)))
    waits(play.rest(), Status.AWAITING_AGREEMENT, "beyond-agreed")
    play.portal(stage={"estimate": Decimal(4)})
    play.account = None
    waits(play.rest(), Status.AWAITING_ACCEPTANCE, "not-accepted")
    moves = [kind for kind in play.seen if kind.startswith(("hold", "void", "freeze"))]
    assert moves == ["hold", "void", "hold:2", "freeze"]
    accept(play)
    assert (play.until(WriteOff).hold_id, play.until(WriteOff).amount) == ("hold:2-s1-1", Decimal(3))


def test_R5_a_larger_hold_that_the_balance_does_not_cover_waits_for_a_top_up_and_keeps_the_old_one() -> None:
    play = Play(make_ticket(time_entries=(make_entry(150),)), balance=make_account(2))
    play.rest()
    play.portal(stage={"estimate": Decimal(4)})
    play.account, play.balance = None, make_account(1)
    assert waits(play.rest(), Status.SUSPENDED, "balance").facts == {
        "needed": "4",
        "available": "3",
        "missing": "1",
    }
    assert play.seen[-2:] == ["note:held:2", "ticket:suspended:2"]
    assert "void" not in play.seen
    play.account, play.balance = None, make_account(4)
    waits(play.rest(), Status.AWAITING_ACCEPTANCE, "not-accepted")
    assert "ticket:in_progress:2" in play.seen


def test_R3_a_second_excess_is_told_anew() -> None:
    play = Play(make_ticket(time_entries=(make_entry(150),)))
    play.rest()
    play.portal(stage={"estimate": Decimal("2.5")})
    waits(play.rest(), Status.AWAITING_AGREEMENT, "beyond-agreed")
    assert play.seen[-1] == "note:beyond:2.5"


def test_R7_more_than_was_agreed_on_a_withdrawn_ticket_is_an_operator_s_turn() -> None:
    play = by_hand()
    play.rest()
    log(play, make_entry(150))
    play.portal(stage={"state": StageState.ACCEPTED}, state=TicketState.WITHDRAWN, withdrawn_at=NOW)
    waits(play.rest(), Status.FAILED, "beyond-agreed")
    assert "freeze" not in play.seen


def test_R7_a_ticket_that_an_operator_withdraws_ends_with_what_was_agreed_whatever_was_spent() -> None:
    play = by_hand()
    play.rest()
    log(play, make_entry(150), make_entry(30, id="e2", category="content"))
    play.portal(stage={"state": StageState.ACCEPTED})
    waits(play.rest(), Status.AWAITING_AGREEMENT, "beyond-agreed")
    play.decides("withdraw", reason="просьба по телефону")
    waits(play.rest(), Status.WITHDRAWN, "withdrawn")
    (capture,) = [effect for effect in play.effects.values() if effect.kind == "capture"]
    assert capture.request["amount"] == "2"
    assert [(line["spent_minutes"], line["charged_minutes"]) for line in capture.request["charges"]] == [
        (30, 30),
        (150, 102),
    ]


def test_R3_just_what_was_agreed_is_taken() -> None:
    play = Play(make_ticket(time_entries=(make_entry(90),)))
    waits(play.rest(), Status.AWAITING_ACCEPTANCE, "not-accepted")
    assert "freeze" in play.seen


# --- R7: withdrawal


@pytest.mark.parametrize("how", ["moved", "merged", "deleted"])
def test_a_ticket_that_has_left_the_paid_category_gives_its_hold_back_and_rests(how: str) -> None:
    play = Play(unattended=False)
    play.until(Hold)
    play.does()
    play.portal(gone="" if how == "moved" else how)
    play.paid = how != "moved"
    assert isinstance(play.does(), Release)
    assert waits(play.next(), Status.WITHDRAWN, "gone").facts["how"] == how
    play.portal(gone="")
    play.paid = True
    assert isinstance(play.until(Hold), Hold), "it comes back"


def test_work_that_was_made_for_a_ticket_that_is_gone_is_told() -> None:
    play = Play()
    play.until(Operate)
    play.does()
    play.portal(gone="deleted")
    assert isinstance(play.does(), Release)
    assert waits(play.next(), Status.WITHDRAWN, "gone-with-work").facts["stages"] == [
        play.ticket.stages[0].title
    ]


def test_what_was_accepted_before_the_ticket_left_is_written_off_unless_the_portal_refuses() -> None:
    for state in (EffectState.DONE, REFUSED):
        play = Play()
        play.until(SetTicket)
        play.rest()
        accept(play)
        play.portal(gone="moved")
        assert isinstance(play.next(), WriteOff)
        play.does(state, None if state is EffectState.DONE else {"code": "not_found", "detail": "said"})
        if state is REFUSED:
            assert isinstance(play.does(), Release), "what cannot be written off goes back"
            waits(play.next(), Status.WITHDRAWN, "gone-with-work")
        else:
            waits(play.rest(), Status.DONE, "done")


def test_a_finished_ticket_that_is_moved_or_deleted_stays_done() -> None:
    play = Play()
    play.rest()
    accept(play)
    waits(play.rest(), Status.DONE, "done")
    play.portal(gone="deleted")
    play.paid = False
    waits(play.next(), Status.DONE, "done")


def test_hours_of_a_stage_that_the_ticket_has_no_more_go_back() -> None:
    first, second = make_stage(id="s1"), make_stage(id="s2")
    play = Play(ticket=make_ticket(first, second), unattended=False)
    play.until(Hold)
    play.does()
    play.portal(stages=(second,))
    assert isinstance(play.does(), Release)
    assert play.until(Hold).stage == second


def test_R7_a_ticket_withdrawn_before_the_hold_ends_at_once() -> None:
    play = Play()
    play.until(Hold)
    withdraw(play)
    assert waits(play.next(), Status.WITHDRAWN, "withdrawn").facts["stages"] == []


@pytest.mark.parametrize("told", [{"state": TicketState.WITHDRAWN}, {"withdrawn_at": NOW}])
def test_R7_either_sign_of_the_portal_is_a_withdrawal(told: Any) -> None:
    play = Play()
    play.portal(**told)
    waits(play.next(), Status.WITHDRAWN, "withdrawn")


def test_R7_a_withdrawn_order_that_was_free_text_is_withdrawn() -> None:
    play = Play(order=None)
    withdraw(play)
    waits(play.next(), Status.WITHDRAWN, "withdrawn")


def test_R7_a_hold_that_was_never_sent_is_not_sent_any_more() -> None:
    play = Play()
    play.until(Hold)
    play.does(INTENDED, attempts=0)
    withdraw(play)
    waits(play.next(), Status.WITHDRAWN, "withdrawn")


def test_R7_a_hold_whose_answer_was_lost_is_learned_and_returned() -> None:
    play = Play()
    play.until(Hold)
    play.does(INTENDED)
    withdraw(play)
    assert isinstance(play.does(), Hold)
    assert play.does() == Release(make_stage(), 1, "hold-s1-1")
    waits(play.rest(), Status.WITHDRAWN, "withdrawn")


def test_R7_a_hold_that_the_portal_refuses_after_the_withdrawal_needs_no_return() -> None:
    play = Play()
    play.until(Hold)
    play.does(INTENDED)
    withdraw(play)
    play.does(REFUSED, {"code": "state_conflict"})
    waits(play.next(), Status.WITHDRAWN, "withdrawn")


def test_R7_work_that_was_not_begun_is_not_begun() -> None:
    play = Play()
    play.until(Operate)
    withdraw(play)
    assert isinstance(play.does(), Release)
    waits(play.rest(), Status.WITHDRAWN, "withdrawn")
    assert "operation" not in play.seen


def test_R7_a_running_operation_is_waited_for_before_its_hold_returns() -> None:
    play = Play()
    asked = play.until(Operate)
    play.does(INTENDED)
    withdraw(play)
    again = play.does()
    assert isinstance(again, Operate)
    assert (again.action, again.frozen) == (asked.action, asked.frozen)
    assert isinstance(play.does(), Release)
    assert waits(play.rest(), Status.WITHDRAWN, "withdrawn-with-work").facts["stages"] == ["Новая роль"]


def test_R7_an_operation_that_failed_after_the_withdrawal_leaves_no_work() -> None:
    play = Play()
    play.until(Operate)
    play.does(INTENDED)
    withdraw(play)
    play.does(REFUSED, {"code": "restorefailed"})
    assert isinstance(play.does(), Release)
    waits(play.rest(), Status.WITHDRAWN, "withdrawn")


def test_R7_a_stage_that_is_ready_and_not_accepted_is_not_written_off() -> None:
    play = Play()
    play.rest()
    withdraw(play)
    assert isinstance(play.does(), Release)
    waits(play.rest(), Status.WITHDRAWN, "withdrawn-with-work")


def test_R7_a_stage_that_was_accepted_is_written_off() -> None:
    play = Play()
    play.rest()
    accept(play)
    withdraw(play)
    assert isinstance(play.does(), WriteOff)
    waits(play.rest(), Status.WITHDRAWN, "withdrawn")
    assert "void" not in play.seen


def test_R7_a_stage_that_the_portal_shows_as_written_off_is_written_off_in_spite_of_a_withdrawal() -> None:
    play = Play()
    play.rest()
    play.portal(stage={"state": StageState.WRITTEN_OFF})
    withdraw(play)
    assert isinstance(play.next(), WriteOff)


def test_R7_a_capture_whose_answer_was_lost_is_learned_first() -> None:
    play = Play()
    play.rest()
    accept(play)
    play.until(WriteOff)
    play.does(INTENDED)
    withdraw(play)
    play.portal(stage={"state": StageState.READY})
    assert isinstance(play.next(), WriteOff)


def test_R7_a_return_whose_answer_was_lost_is_learned_first_even_if_the_stage_was_accepted_meanwhile() -> (
    None
):
    play = Play()
    play.rest()
    withdraw(play)
    assert isinstance(play.does(INTENDED), Release)
    accept(play)
    assert isinstance(play.does(), Release)
    waits(play.rest(), Status.WITHDRAWN, "withdrawn-with-work")


def test_R7_a_written_off_stage_stays_written_off() -> None:
    play = Play()
    play.rest()
    accept(play)
    play.until(WriteOff)
    play.does()
    withdraw(play)
    waits(play.rest(), Status.WITHDRAWN, "withdrawn")


def test_R7_a_capture_that_the_portal_refuses_after_the_withdrawal_is_an_operator_s_turn() -> None:
    play = Play()
    play.rest()
    accept(play)
    withdraw(play)
    assert isinstance(play.does(REFUSED, {"code": "amount_mismatch", "detail": "said"}), WriteOff)
    assert waits(play.next(), Status.FAILED, "refused").facts["what"] == "capture"


@pytest.mark.parametrize("withdrawn", [True, False])
def test_a_return_that_the_portal_refuses_is_an_operator_s_turn_and_not_asked_for_again(
    withdrawn: bool,
) -> None:
    play = Play()
    play.until(Operate)
    play.does(REFUSED, {"code": "restorefailed", "detail": "broken"})
    if withdrawn:
        withdraw(play)
    assert isinstance(play.does(REFUSED, {"code": "not_found", "detail": "said"}), Release)
    assert waits(play.rest(), Status.FAILED, "refused").facts["what"] == "void"


# --- work by hand


BY_HAND = replace(ORDER, action=None)


def by_hand(*stages: Stage, **service: Any) -> Play:
    """A ticket that specialists work on."""
    return Play(
        make_ticket(*stages),
        order=BY_HAND,
        catalogue=make_catalogue(make_service(**service)),
        unattended=False,
    )


def log(play: Play, *entries: TimeEntry) -> None:
    play.portal(time_entries=(*play.ticket.time_entries, *entries))


def report(play: Play, stage_id: str = "s1", **changes: Any) -> None:
    """A specialist reports a stage ready, the customer accepts or rejects it."""
    given = {"state": StageState.READY, **changes}
    play.portal(
        stages=tuple(
            replace(stage, **given) if stage.id == stage_id else stage for stage in play.ticket.stages
        )
    )


def test_work_by_hand_begins_with_a_hold_and_waits_for_the_specialist() -> None:
    play = by_hand()
    assert waits(play.rest(), Status.RUNNING, "by-hand").facts == {"stage": "Новая роль"}
    assert play.seen == ["hold", "ticket:in_progress", "stage:in_progress", "note:taken"]


def test_R2_time_that_was_logged_until_the_report_is_written_off() -> None:
    play = by_hand()
    play.rest()
    log(play, make_entry(60), make_entry(15, id="e2", note="Проверка"))
    report(play)
    waits(play.rest(), Status.AWAITING_ACCEPTANCE, "not-accepted")
    report(play, state=StageState.ACCEPTED)
    capture = play.until(WriteOff)
    assert (capture.amount, capture.accepted_by) == (Decimal("1.25"), "customer")
    assert capture.evidence["entries"][1] == {"category": "development", "minutes": 15, "note": "Проверка"}
    waits(play.rest(), Status.DONE, "done")


def test_R8_the_coefficient_is_that_of_each_entry_s_category() -> None:
    play = by_hand(make_stage(estimate=Decimal(12), coefficient=Decimal("0.6")))
    play.rest()
    log(
        play,
        make_entry(300, category="content"),
        make_entry(60, id="e2"),
        make_entry(60, id="e3", category=""),
    )
    report(play)
    freeze = play.until(Freeze)
    assert {line.category: line.coefficient for line in freeze.charges} == {
        "time": Decimal("0.6"),
        "content": Decimal("0.6"),
        "development": Decimal(1),
    }


def test_time_of_an_unknown_category_is_an_operator_s_turn() -> None:
    play = by_hand()
    play.rest()
    log(play, make_entry(60, category="Магия"))
    report(play)
    assert waits(play.rest(), Status.FAILED, "unknown-category").facts == {"categories": ["Магия"]}


def test_R3_time_beyond_the_agreement_is_told_while_the_work_goes_on() -> None:
    play = by_hand()
    play.rest()
    log(play, make_entry(121))
    waits(play.rest(), Status.AWAITING_AGREEMENT, "beyond-agreed")
    play.portal(stage={"estimate": Decimal(3), "state": StageState.IN_PROGRESS})
    waits(play.rest(), Status.RUNNING, "by-hand")
    assert [kind for kind in play.seen if kind.startswith(("hold", "void"))] == ["hold", "void", "hold:2"]


def test_a_stage_that_was_reported_and_accepted_before_the_bridge_looked_is_written_off() -> None:
    play = by_hand(make_stage(state=StageState.ACCEPTED))
    log(play, make_entry(60))
    waits(play.rest(), Status.DONE, "done")
    assert play.seen == ["hold", "freeze", "capture", "note:written_off", "ticket:done", "note:done"]


def test_R4_a_rejected_stage_goes_on_by_hand_and_its_time_stays_with_it() -> None:
    play = by_hand()
    play.rest()
    log(play, make_entry(60))
    report(play)
    play.rest()
    report(play, state=StageState.REJECTED, portal_revision=2)
    waits(play.rest(), Status.RUNNING, "by-hand")
    log(play, make_entry(30, id="e2"))
    report(play, portal_revision=2)
    play.rest()
    report(play, state=StageState.ACCEPTED, portal_revision=2)
    assert play.until(WriteOff).amount == Decimal("1.5")
    assert [kind for kind in play.seen if kind in ("hold", "void")] == ["hold", "void", "hold"]


def test_R4_a_rejection_that_the_bridge_never_saw_is_noticed_by_the_stage_s_revision() -> None:
    play = by_hand()
    play.rest()
    report(play)
    play.rest()
    log(play, make_entry(60))
    report(play, state=StageState.ACCEPTED, portal_revision=2)
    assert play.until(WriteOff).amount == Decimal(1)


# --- R4: several stages


def stages(*estimates: int) -> tuple[Stage, ...]:
    return tuple(
        make_stage(id=f"s{n}", title=f"Этап {n}", estimate=Decimal(hours))
        for n, hours in enumerate(estimates, 1)
    )


def test_R4_stages_are_held_worked_on_accepted_and_written_off_one_after_another() -> None:
    play = by_hand(*stages(2, 3), billing=Billing(BillingKind.AGREED))
    assert waits(play.rest(), Status.RUNNING, "by-hand").facts == {"stage": "Этап 1"}
    report(play, "s1", state=StageState.ACCEPTED)
    assert waits(play.rest(), Status.RUNNING, "by-hand").facts == {"stage": "Этап 2"}
    assert [kind for kind in play.seen if kind in ("hold", "capture")] == ["hold", "capture", "hold"]
    report(play, "s2", state=StageState.ACCEPTED)
    waits(play.rest(), Status.DONE, "done")
    assert play.case().hours_written_off() == Decimal(5)


def test_R5_a_balance_that_ends_between_two_stages_suspends_the_ticket() -> None:
    play = by_hand(*stages(2, 3), billing=Billing(BillingKind.AGREED))
    play.rest()
    play.balance = make_account(1)
    report(play, "s1", state=StageState.ACCEPTED)
    assert waits(play.rest(), Status.SUSPENDED, "balance").facts["missing"] == "2"
    assert play.seen.count("capture") == 1


def test_R2_time_that_comes_after_its_stage_was_frozen_goes_to_the_next_stage() -> None:
    play = by_hand(*stages(2, 3))
    play.rest()
    log(play, make_entry(60))
    report(play, "s1", state=StageState.ACCEPTED)
    play.rest()
    log(play, make_entry(30, id="late"), make_entry(60, id="e3", stage_id="s2"))
    report(play, "s2")
    assert play.until(Freeze).entries == {"late": 30, "e3": 60}


def test_R2_time_of_a_later_stage_is_not_taken_with_an_earlier_one() -> None:
    play = by_hand(*stages(2, 3))
    play.rest()
    log(play, make_entry(60), make_entry(60, id="e2", stage_id="s2"), make_entry(30, id="e3", stage_id=None))
    report(play, "s1")
    assert play.until(Freeze).entries == {"e1": 60, "e3": 30}


@pytest.mark.parametrize("late", [make_entry(30, id="late"), make_entry(90)])
def test_R2_time_that_comes_or_changes_after_the_last_stage_asks_for_a_correction(late: Any) -> None:
    play = by_hand()
    log(play, make_entry(60))
    play.rest()
    report(play, state=StageState.ACCEPTED)
    play.rest()
    play.portal(time_entries=(*(one for one in play.ticket.time_entries if one.id != late.id), late))
    facts = waits(play.rest(), Status.FAILED, "late-time").facts
    assert facts == {"entries": [late.id], "minutes": late.minutes}
    play.decides(
        "correct",
        stage_id="s1",
        charges=charges_request(capture_of(play).charges),
        amount="1",
        reason="учтено",
        entries={one.id: one.minutes for one in play.ticket.time_entries},
    )
    waits(play.rest(), Status.DONE, "done")


def capture_of(play: Play) -> Correction:
    """What the ticket's first stage was written off with."""
    (effect,) = (one for one in play.effects.values() if one.kind == "capture")
    return Correction("s1", charges_from(effect.request["charges"]), "", {})


def test_R2_late_time_means_nothing_where_the_price_was_fixed() -> None:
    play = by_hand(billing=Billing(BillingKind.FIXED, Decimal(2)))
    play.rest()
    report(play, state=StageState.ACCEPTED)
    play.rest()
    log(play, make_entry(30))
    waits(play.rest(), Status.DONE, "done")


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (None, "free-text"),
        (OrderFault("поля заявки", ("a",)), "order-faults"),
        (replace(BY_HAND, service="9.9"), "no-service"),
    ],
)
def test_R4_an_order_that_was_broken_between_two_stages_stops_the_second_one(order: Any, code: str) -> None:
    play = by_hand(*stages(2, 3), billing=Billing(BillingKind.AGREED))
    play.rest()
    play.order = order
    report(play, "s1", state=StageState.ACCEPTED)
    waits(play.rest(), Status.NEEDS_ORDER, code)
    assert play.seen.count("hold") == play.seen.count("capture") == 1


def test_time_of_an_unknown_category_is_told_while_the_work_goes_on() -> None:
    play = by_hand()
    play.rest()
    log(play, make_entry(60, category="Магия"))
    waits(play.rest(), Status.FAILED, "unknown-category")


def test_a_service_that_leaves_the_catalogue_while_specialists_work_is_an_operator_s_turn() -> None:
    play = by_hand()
    play.rest()
    play.catalogue = make_catalogue(make_service(id="other"))
    waits(play.rest(), Status.FAILED, "no-service")


def test_R5_a_larger_hold_waits_for_a_top_up_while_specialists_work() -> None:
    play = by_hand()
    play.rest()
    log(play, make_entry(150))
    play.portal(stage={"estimate": Decimal(4)})
    play.account, play.balance = None, make_account(1)
    waits(play.rest(), Status.SUSPENDED, "balance")
    assert play.seen[-2:] == ["note:held:2", "ticket:suspended:2"]
    play.account, play.balance = None, make_account(4)
    waits(play.rest(), Status.RUNNING, "by-hand")


def test_a_return_for_a_larger_hold_whose_answer_was_lost_is_asked_for_again() -> None:
    play = by_hand()
    play.rest()
    log(play, make_entry(150))
    play.portal(stage={"estimate": Decimal(4)})
    asked = play.until(Release)
    play.does(INTENDED)
    assert play.next() == asked
    waits(play.rest(), Status.RUNNING, "by-hand")
    assert play.seen[-3:] == ["void", "hold:2", "ticket:in_progress:2"]


# --- R2: what the service's terms say


def test_R2_a_fixed_price_is_taken_whatever_was_spent() -> None:
    play = by_hand(billing=Billing(BillingKind.FIXED, Decimal(2)))
    play.rest()
    log(play, make_entry(600))
    report(play)
    assert play.until(Freeze).charges == (Charge("fixed", 600, 120, Decimal(1)),)


@pytest.mark.parametrize(
    ("kind", "price"), [(BillingKind.FIXED, "3"), (BillingKind.FIXED, "1"), (BillingKind.FROM, "3")]
)
def test_R2_an_agreement_that_does_not_fit_the_price_is_an_operator_s_turn(kind: Any, price: str) -> None:
    play = by_hand(billing=Billing(kind, Decimal(price)))
    reason = waits(play.rest(), Status.FAILED, "price-differs")
    assert reason.facts == {"service": ORDER.service, "agreed": "2", "price": price}
    assert play.seen == []


def test_R2_a_price_counts_once_for_each_of_the_quantity() -> None:
    play = by_hand(make_stage(estimate=Decimal(6)), billing=Billing(BillingKind.FIXED, Decimal(2)))
    play.order = replace(BY_HAND, quantity=3)
    assert play.until(Hold).amount == Decimal(6)


def test_R2_a_minimum_counts_once_a_ticket_at_its_last_stage() -> None:
    play = by_hand(*stages(2, 3), billing=Billing(BillingKind.FROM, Decimal(4)))
    play.rest()
    log(play, make_entry(60))
    report(play, "s1", state=StageState.ACCEPTED)
    assert play.until(Freeze).charges == (Charge("development", 60, 60, Decimal(1)),)
    play.rest()
    log(play, make_entry(90, id="e2", stage_id="s2"))
    report(play, "s2")
    assert play.until(Freeze).charges == (
        Charge("development", 90, 90, Decimal(1)),
        Charge("minimum", 0, 90, Decimal(1)),
    )


def test_R2_a_range_has_no_minimum_charge() -> None:
    play = by_hand(billing=Billing(BillingKind.RANGE, Decimal(1), Decimal(6)))
    play.rest()
    log(play, make_entry(30))
    report(play)
    assert play.until(Freeze).charges == (Charge("development", 30, 30, Decimal(1)),)


# --- R4: who accepts


def test_R4_silence_accepts_after_so_many_days_where_the_site_says_so() -> None:
    play = Play(terms=Terms(accept_after=timedelta(days=14)))
    wait = play.rest()
    assert isinstance(wait, Wait)
    assert (wait.status, wait.until) == (Status.AWAITING_ACCEPTANCE, NOW + timedelta(days=14))
    play.now = NOW + timedelta(days=14)
    assert play.until(WriteOff).accepted_by == "silence"


@pytest.mark.parametrize(
    "ahead",
    [
        timedelta(days=-1),
        timedelta(hours=-3),
        timedelta(minutes=-6),
        timedelta(minutes=6),
        timedelta(hours=3),
    ],
)
def test_R4_silence_accepts_nothing_while_the_clocks_differ(ahead: Any) -> None:
    play = Play(terms=Terms(accept_after=timedelta(days=14)), portal_ahead=ahead)
    play.rest()
    play.now = NOW + timedelta(days=14, hours=4)
    reason = waits(play.rest(), Status.AWAITING_ACCEPTANCE, "clocks-differ")
    assert set(reason.facts) == {"stage", "here", "portal"}
    assert "capture" not in play.seen
    play.portal_ahead = timedelta(0)
    play.portal_time = None
    assert play.until(WriteOff).accepted_by == "silence"


def test_R4_the_days_of_silence_begin_and_end_by_the_portal_s_clock() -> None:
    play = Play(terms=Terms(accept_after=timedelta(days=14)), portal_ahead=timedelta(minutes=-2))
    play.rest()
    play.now = NOW + timedelta(days=14)
    wait = play.rest()
    waits(wait, Status.AWAITING_ACCEPTANCE, "not-accepted")
    assert wait.until is not None
    assert wait.until > play.now
    play.now += timedelta(minutes=3)
    play.portal_time = None
    assert play.until(WriteOff).accepted_by == "silence"


def test_R4_silence_does_not_accept_what_was_rejected() -> None:
    play = Play(terms=Terms(accept_after=timedelta(days=14)))
    play.rest()
    play.portal(stage={"state": StageState.REJECTED, "portal_revision": 2})
    play.now = NOW + timedelta(days=15)
    waits(play.rest(), Status.FAILED, "rejected")
    assert "capture" not in play.seen


def test_R4_the_customer_s_word_counts_before_silence_does() -> None:
    play = Play(terms=Terms(accept_after=timedelta(days=14)))
    play.rest()
    accept(play)
    assert play.until(WriteOff).accepted_by == "customer"


def test_R4_a_trusted_service_needs_no_acceptance() -> None:
    play = Play(terms=Terms(accept_unasked=frozenset({ORDER.service})))
    waits(play.rest(), Status.DONE, "done")
    (capture,) = (one for one in play.effects.values() if one.kind == "capture")
    assert capture.request["accepted_by"] == "policy"


# --- R4: taking back what was rejected


def rejected(**more: Any) -> Play:
    """A ticket whose unattended work the customer rejected."""
    play = Play(**more)
    play.rest()
    play.portal(stage={"state": StageState.REJECTED, "portal_revision": 2, "comment": "не то"})
    return play


def test_R4_rejected_work_of_an_action_is_taken_back_on_an_operator_s_word_and_done_anew() -> None:
    play = rejected()
    waits(play.rest(), Status.FAILED, "rejected")
    play.decides("undo", stage_id="s1", revision=1, reason="не то")
    assert play.until(Undo) == Undo(play.ticket.stages[0], 1, "create-role", ROLE)
    play.seen.clear()
    waits(play.rest(), Status.AWAITING_ACCEPTANCE, "not-accepted")
    assert play.seen[:4] == ["undo", "void", "plan", "hold"]


def test_R4_a_site_s_policy_may_take_rejected_work_back_by_itself() -> None:
    play = rejected(terms=Terms(undo_rejected=frozenset({ORDER.service})))
    assert isinstance(play.next(), Undo)


def test_R4_work_that_cannot_be_taken_back_is_an_operator_s_turn() -> None:
    play = rejected(terms=Terms(undo_rejected=frozenset({ORDER.service})))
    play.until(Undo)
    play.does(REFUSED, {"code": "not-deleted", "detail": "said"})
    assert waits(play.rest(), Status.FAILED, "refused").facts["what"] == "undo"


def test_R7_work_of_a_withdrawn_ticket_is_taken_back_on_an_operator_s_word() -> None:
    play = Play()
    play.rest()
    withdraw(play)
    waits(play.rest(), Status.WITHDRAWN, "withdrawn-with-work")
    play.decides("undo", stage_id="s1", revision=1, reason="отозвано")
    play.until(Undo)
    waits(play.rest(), Status.WITHDRAWN, "withdrawn")


# --- R4: taking back what awaits acceptance


def undone() -> Play:
    """A ticket whose stage awaits acceptance when an operator wants its work taken back."""
    play = Play()
    play.rest()
    play.portal(stage={"state": StageState.READY})
    play.decides("undo", stage_id="s1", revision=1, reason="не тот курс")
    play.seen.clear()
    return play


def test_R4_work_that_awaits_acceptance_is_taken_back_before_anybody_accepts_it() -> None:
    play = undone()
    back = play.until(SetStage)
    assert back.kind == "stage:in_progress:back"
    assert back.request["expected"] == ["planned", "rejected", "in_progress", "ready"]
    waits(play.rest(), Status.FAILED, "undone")
    assert play.seen == ["stage:in_progress:back", "undo", "void", "ticket:in_progress:2", "note:undone"]


def test_R4_silence_does_not_accept_what_is_taken_back() -> None:
    play = undone()
    play.terms = Terms(accept_after=timedelta(days=1))
    play.now += timedelta(days=400)
    waits(play.rest(), Status.FAILED, "undone")
    assert "capture" not in play.seen


def test_R4_an_acceptance_that_came_before_the_work_was_taken_back_counts() -> None:
    play = undone()
    play.until(SetStage)
    play.does(REFUSED, {"code": "state_conflict", "actual": "accepted"})
    accept(play)
    waits(play.rest(), Status.DONE, "done")
    assert "undo" not in play.seen


def test_R4_an_acceptance_that_comes_after_the_work_was_taken_back_writes_nothing_off() -> None:
    play = undone()
    waits(play.rest(), Status.FAILED, "undone")
    accept(play)
    waits(play.rest(), Status.FAILED, "undone")
    assert "capture" not in play.seen


@pytest.mark.parametrize(
    ("kind", "what"), [(SetStage, "stage:in_progress:back"), (Undo, "undo"), (Release, "void")]
)
def test_R4_work_that_awaits_acceptance_and_cannot_be_taken_back_is_an_operator_s_turn(
    kind: Any, what: str
) -> None:
    play = undone()
    play.until(kind)
    play.does(REFUSED, {"code": "forbidden", "detail": "said"})
    assert waits(play.rest(), Status.FAILED, "refused").facts["what"] == what


@pytest.mark.parametrize("kind", [SetStage, Undo, Release])
def test_R4_taking_back_whose_answer_was_lost_is_asked_for_again(kind: Any) -> None:
    play = undone()
    step = play.until(kind)
    play.does(INTENDED)
    assert type(play.next()) is type(step)
    waits(play.rest(), Status.FAILED, "undone")


def test_R4_what_was_taken_back_is_done_under_a_changed_order() -> None:
    play = undone()
    waits(play.rest(), Status.FAILED, "undone")
    play.order = replace(ORDER, params={"shortname": "tutor"})
    play.portal(stage={"state": StageState.IN_PROGRESS})
    play.seen.clear()
    waits(play.rest(), Status.AWAITING_ACCEPTANCE, "not-accepted")
    assert play.seen[:2] == ["plan", "hold"]


def test_R7_a_ticket_whose_work_was_taken_back_may_be_withdrawn() -> None:
    play = undone()
    waits(play.rest(), Status.FAILED, "undone")
    withdraw(play)
    waits(play.rest(), Status.WITHDRAWN, "withdrawn")


# --- what operators decide


def test_a_paused_ticket_is_left_alone_until_it_is_resumed() -> None:
    play = Play()
    play.until(Hold)
    play.decides("pause", reason="разбираемся")
    assert waits(play.next(), Status.PAUSED, "paused").facts == {"why": "разбираемся"}
    play.decides("resume", reason="")
    assert isinstance(play.next(), Hold)


def test_R7_an_operator_may_withdraw_a_ticket_on_the_customer_s_word() -> None:
    play = Play()
    play.until(Operate)
    play.decides("withdraw", reason="просьба по телефону")
    waits(play.rest(), Status.WITHDRAWN, "withdrawn")
    assert play.seen[-2:] == ["void", "note:withdrawn"]


def test_R7_a_hold_that_did_not_fit_is_asked_for_once_more_after_an_operator_s_withdrawal_and_then_left() -> (
    None
):
    play = Play()
    play.until(Hold)
    play.does(REFUSED, {"code": "insufficient_balance", "available": "1", "needed": "2"})
    play.decides("withdraw", reason="")
    asked = play.until(Hold)
    answered = effect_of(asked, REFUSED, {"code": "insufficient_balance", "available": "1", "needed": "2"})
    play.effects[answered.key] = replace(answered, settled_at=NOW + timedelta(seconds=1))
    waits(play.rest(), Status.WITHDRAWN, "withdrawn")


def test_captures_wait_as_long_as_the_ledger_differs_from_the_portal_s() -> None:
    play = Play()
    play.rest()
    accept(play)
    play.drift = ("capture k1 is missing there",)
    waits(play.rest(), Status.WRITING_OFF, "drift")
    play.drift = ()
    waits(play.rest(), Status.DONE, "done")


# --- corrections


def corrected(hours: str | None, **more: Any) -> Play:
    """A ticket that is written off with half an hour, and an operator's correction of that."""
    play = Play(**more)
    play.rest()
    accept(play)
    play.rest()
    charges = () if hours is None else (Charge("correction", 0, int(Decimal(hours) * 60), Decimal(1)),)
    play.decides(
        "correct",
        stage_id="s1",
        charges=charges_request(charges),
        amount=hours or "0",
        reason="ошибка учёта",
        entries={},
    )
    play.seen.clear()
    return play


def test_a_correction_is_one_reversal_and_a_new_write_off() -> None:
    play = corrected("1.5")
    reverse = play.until(Reverse)
    assert (reverse.entry_id, reverse.reason) == ("capture-s1-1", "ошибка учёта")
    waits(play.rest(), Status.DONE, "done")
    assert play.seen == ["correct:1:reversal", "correct:1:hold", "correct:1:capture", "note:corrected:1"]
    assert play.case().hours_written_off() == Decimal("1.5")


def test_a_correction_to_nothing_is_a_reversal_alone() -> None:
    play = corrected(None)
    waits(play.rest(), Status.DONE, "done")
    assert play.seen == ["correct:1:reversal", "note:corrected:1"]
    assert play.case().hours_written_off() == Decimal(0)


def test_a_second_correction_reverses_the_first_one_s_write_off() -> None:
    play = corrected("1.5")
    play.rest()
    lines = charges_request([Charge("correction", 0, 60, Decimal(1))])
    play.decides("correct", stage_id="s1", charges=lines, amount="1", reason="ещё раз", entries={})
    assert play.until(Reverse).entry_id == "correct:1:capture-s1-1"
    waits(play.rest(), Status.DONE, "done")
    assert play.case().hours_written_off() == Decimal(1)


def test_R5_a_correction_that_the_balance_does_not_cover_waits_for_a_top_up() -> None:
    play = corrected("2")
    play.until(Hold)
    play.balance = make_account(1)
    play.does(REFUSED, {"code": "insufficient_balance", "available": "1", "needed": "2"})
    waits(play.rest(), Status.SUSPENDED, "balance")
    play.account, play.balance = None, make_account(3)
    waits(play.rest(), Status.DONE, "done")


def test_a_reversal_that_the_portal_refuses_is_an_operator_s_turn() -> None:
    play = corrected("1")
    play.until(Reverse)
    play.does(REFUSED, {"code": "state_conflict", "detail": "said"})
    assert waits(play.rest(), Status.FAILED, "refused").facts["what"] == "correct:1:reversal"


# --- what the journal keeps


def test_a_reason_comes_back_from_the_journal() -> None:
    reason = Reason("balance", {"needed": "2", "problems": ["да"]})
    assert Reason.from_json(reason.to_json()) == reason


def test_lines_come_back_from_the_journal() -> None:
    lines = (Charge("development", 91, 120, Decimal("0.6")), Charge("unattended", 0, 30, Decimal(1)))
    assert charges_from(charges_request(lines)) == lines


@pytest.mark.parametrize(
    ("status", "reason", "operator"),
    [
        (Status.NEEDS_ORDER, Reason("free-text"), True),
        (Status.NEEDS_ORDER, Reason("no-service"), True),
        (Status.NEEDS_ORDER, Reason("order-faults"), False),
        (Status.FAILED, Reason("refused", {"what": "plan", "code": "no-backup"}), False),
        (Status.FAILED, Reason("refused", {"what": "operation", "code": "shortnametaken"}), False),
        (Status.FAILED, Reason("refused", {"what": "operation", "code": "precheckfailed"}), True),
        (Status.FAILED, Reason("refused", {"what": "undo", "code": "guarded"}), True),
        (Status.FAILED, Reason("bridge-refused"), True),
        (Status.FAILED, Reason("rejected"), True),
        (Status.FAILED, None, True),
        (Status.WRITING_OFF, Reason("drift"), True),
        (Status.WRITING_OFF, Reason("portal"), False),
        (Status.AWAITING_ACCEPTANCE, Reason("not-accepted"), False),
        (Status.SUSPENDED, Reason("balance"), False),
    ],
)
def test_only_what_nobody_else_can_end_is_an_operator_s_turn(
    status: Any, reason: Any, operator: bool
) -> None:
    assert is_operators_turn(status, reason) is operator


def test_a_refusal_of_an_older_journal_is_the_customers_by_its_code() -> None:
    known = {code for one in ACTIONS.values() for code in one.words.customers}
    assert known >= CUSTOMERS_FAULTS


@pytest.mark.parametrize("customers", [True, False])
def test_a_refusal_says_itself_whose_turn_it_is(customers: bool) -> None:
    facts = {"what": Kind.OPERATE, "code": "shortnametaken", "customers": customers}
    assert is_operators_turn(Status.FAILED, Reason("refused", facts)) is not customers
