"""The seed's rules R1 to R8, one sentence a test: what `decide` says in every situation of a ticket."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bridge.effects import EffectState
from bridge.hours import Charge
from bridge.lifecycle import (
    AskBalance,
    Capture,
    Examine,
    Hold,
    Kind,
    NewRevision,
    Operate,
    OrderFault,
    Reason,
    SetStage,
    SetTicket,
    Status,
    Tell,
    Void,
    Wait,
    charges_from,
    charges_request,
)
from bridge.tickets import Order, StageState, TicketState, TimeEntry
from tests.builders import NOW, ORDER, ROLE, Play, make_account, make_service, make_stage, make_ticket

INTENDED, REFUSED = EffectState.INTENDED, EffectState.REFUSED
OTHER_ORDER = Order(ORDER.service, {"shortname": "tutor"}, ORDER.source)
WHOLE_LIFE = [
    "plan", "hold", "ticket:in_progress", "stage:in_progress", "note:taken", "operation", "stage:ready", "note:ready",
    "ticket:awaiting_acceptance", "capture", "note:written_off", "ticket:done", "note:done",
]  # fmt: skip


def waits(step: object, status: Status, code: str) -> Reason:
    assert isinstance(step, Wait), step
    assert (step.status, step.reason.code) == (status, code)
    return step.reason


def accept(play: Play) -> None:
    play.portal(stage={"state": StageState.ACCEPTED})


def withdraw(play: Play) -> None:
    play.portal(state=TicketState.WITHDRAWN, withdrawn_at=NOW)


# --- the whole way


def test_a_ticket_goes_its_whole_way_and_every_effect_happens_once():
    play = Play()
    waits(play.rest(), Status.AWAITING_ACCEPTANCE, "not-accepted")
    accept(play)
    waits(play.rest(), Status.DONE, "done")
    assert play.seen == WHOLE_LIFE


def test_a_done_ticket_stays_done():
    play = Play()
    play.rest()
    accept(play)
    assert play.rest() == play.next() == play.rest()


def test_the_same_case_always_gives_the_same_step():
    play = Play()
    for _ in range(9):
        assert play.next() == play.next()
        play.does()


# --- R1: only tickets of the paid category


def test_R1_a_ticket_of_another_category_is_not_worked_on():
    reason = waits(Play(paid=False).next(), Status.NOT_PAID, "not-paid")
    assert reason.facts == {"category": make_ticket().category}


def test_R1_not_even_when_it_is_withdrawn():
    play = Play(paid=False)
    withdraw(play)
    assert waits(play.next(), Status.NOT_PAID, "not-paid").facts == {"category": play.ticket.category}


# --- the order


def test_free_text_is_never_executed():
    play = Play(order=None)
    waits(play.rest(), Status.NEEDS_ORDER, "free-text")
    assert play.seen == []


def test_an_order_with_faults_is_told_to_the_customer_once():
    fault = OrderFault("поля заявки", ("shortname: параметр не указан",))
    play = Play(order=fault)
    told = play.does()
    assert isinstance(told, Tell)
    assert told.message.startswith("order:")
    assert told.facts == {"source": "поля заявки", "problems": ["shortname: параметр не указан"]}
    reason = waits(play.next(), Status.NEEDS_ORDER, "order-faults")
    assert reason.facts == told.facts


def test_other_faults_of_an_order_are_told_anew():
    play = Play(order=OrderFault("поля заявки", ("a",)))
    play.rest()
    play.order = OrderFault("поля заявки", ("b",))
    assert isinstance(play.next(), Tell)
    play.rest()
    assert len(set(play.seen)) == 2


def test_an_order_that_was_mended_is_carried_out():
    play = Play(order=OrderFault("поля заявки", ("a",)))
    play.rest()
    play.order = ORDER
    assert isinstance(play.until(Operate), Operate)


@pytest.mark.parametrize(
    "changes",
    [
        {"service": None},
        {"service": make_service(action=None)},
        {"unattended": False},
        {"ticket": make_ticket(make_stage(), make_stage(id="s2"))},
    ],
    ids=["service unknown", "service without an action", "not let run unattended", "several stages"],
)
def test_what_the_bridge_may_not_do_alone_is_done_by_hand(changes):
    reason = waits(Play(**changes).next(), Status.NEEDS_ORDER, "by-hand")
    assert reason.facts == {"service": ORDER.service}


# --- R3: after the final agreement


def test_R3_work_waits_for_the_final_agreement():
    play = Play(make_ticket(agreed_at=None))
    waits(play.next(), Status.AWAITING_AGREEMENT, "not-agreed")
    play.portal(agreed_at=NOW)
    assert isinstance(play.next(), AskBalance)


def test_R3_where_no_agreement_is_required_work_begins_at_once():
    assert isinstance(Play(make_ticket(agreed_at=None, agreement_required=False)).next(), AskBalance)


def test_R3_an_agreement_without_stages_is_none():
    play = Play(replace(make_ticket(), stages=()))
    waits(play.rest(), Status.AWAITING_AGREEMENT, "no-stages")
    assert play.seen == []


def test_R3_the_faults_of_an_order_are_told_before_the_agreement():
    assert isinstance(Play(make_ticket(agreed_at=None), order=OrderFault("поля заявки", ("a",))).next(), Tell)


# --- R5: a balance that does not cover the stage


def test_R5_the_balance_is_read_before_anything_is_held():
    play = Play()
    assert isinstance(play.does(), AskBalance)
    assert isinstance(play.next(), Examine)


def test_R5_without_balance_the_customer_is_told_and_the_ticket_suspended():
    play = Play(balance=make_account("1.5"))
    play.does()
    told = play.does()
    assert isinstance(told, Tell)
    assert (told.message, told.facts) == (
        "held", {"stage": "Новая роль", "needed": "2", "available": "1.5", "missing": "0.5"},
    )  # fmt: skip
    play.does()
    assert play.does() == SetTicket(Kind.TICKET_SUSPENDED, TicketState.SUSPENDED, make_stage(), 1)
    reason = waits(play.rest(), Status.HELD, "balance")
    assert reason.facts == {"needed": "2", "available": "1.5", "missing": "0.5"}
    assert play.seen == ["note:held", "ticket:suspended"]


def test_R5_after_a_top_up_the_work_goes_on_by_itself():
    play = Play(balance=make_account(1))
    play.rest()
    play.account, play.balance = None, make_account(2)
    waits(play.rest(), Status.AWAITING_ACCEPTANCE, "not-accepted")
    assert play.seen[2:5] == ["plan", "hold", "ticket:in_progress"]


def test_R5_a_balance_that_just_covers_the_stage_is_enough():
    assert isinstance(Play(balance=make_account(2)).until(Operate), Operate)


def test_R5_the_overdraft_limit_counts_as_balance():
    assert isinstance(Play(balance=make_account(-1, overdraft=3)).until(Operate), Operate)
    waits(Play(balance=make_account(-1, overdraft="2.99")).rest(), Status.HELD, "balance")


def test_R5_a_hold_that_did_not_fit_after_all_is_asked_for_again_with_a_new_balance():
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


def test_R5_a_hold_that_came_late_after_all_is_learned_though_the_balance_is_too_small_now():
    play = Play()
    play.until(Hold)
    play.does(REFUSED, {"code": "insufficient_balance", "available": "1", "needed": "2"})
    play.balance = make_account(0)
    play.until(Hold)
    play.does()
    assert isinstance(play.until(Operate), Operate)


def test_R7_a_hold_that_did_not_fit_may_have_come_late_and_is_learned_and_returned():
    play = Play()
    play.until(Hold)
    play.does(REFUSED, {"code": "insufficient_balance", "available": "1", "needed": "2"})
    play.portal(withdrawn_at=NOW)
    play.until(Hold)
    play.does()

    waits(play.rest(), Status.WITHDRAWN, "withdrawn")

    assert play.seen[-1] == "void"


def test_R8_the_hold_is_the_estimate_at_the_stage_s_coefficient():
    play = Play(make_ticket(make_stage(estimate=Decimal(10), coefficient=Decimal("0.6"))))
    assert play.until(Hold).amount == Decimal(6)


# --- the plan


def test_an_order_is_planned_before_hours_are_held():
    play = Play()
    assert play.until(Examine) == Examine(make_stage(), 1, "create-role", ORDER)
    play.does()
    assert isinstance(play.next(), AskBalance)
    assert play.until(Hold) == Hold(make_stage(), 1, Decimal(2))


def test_a_refused_plan_is_told_and_holds_nothing():
    play = Play()
    play.until(Examine)
    play.does(REFUSED, {"code": "guarded", "detail": "policy", "capabilities": ["moodle/site:config"]})
    told = play.next()
    assert isinstance(told, Tell)
    assert (told.message, told.facts["code"], told.facts["capabilities"]) == ("cannot", "guarded", ["moodle/site:config"])
    reason = waits(play.rest(), Status.FAILED, "refused")
    assert (reason.facts["what"], reason.facts["detail"]) == ("plan", "policy")
    assert play.seen == ["plan", "note:cannot"]


def test_a_changed_order_begins_a_new_attempt():
    play = Play()
    play.until(Examine)
    play.does(REFUSED, {"code": "guarded", "detail": "policy"})
    play.rest()
    play.order = OTHER_ORDER
    assert play.does() == NewRevision(make_stage())
    assert play.until(Examine) == Examine(make_stage(), 2, "create-role", OTHER_ORDER)
    assert play.until(Operate).revision == 2


def test_an_order_that_was_changed_to_itself_begins_none():
    play = Play()
    play.until(Examine)
    play.does(REFUSED, {"code": "guarded", "detail": "policy"})
    play.order = replace(ORDER, source="elsewhere")
    waits(play.rest(), Status.FAILED, "refused")
    assert play.revisions == {}


def test_an_order_that_changed_after_its_plan_and_before_the_hold_is_planned_anew():
    play = Play()
    play.until(Hold)
    play.does(REFUSED, {"code": "insufficient_balance", "available": "1", "needed": "2"})
    play.order = OTHER_ORDER
    assert play.until(Operate).call == {"shortname": "tutor"}


def test_an_order_that_changed_after_the_hold_changes_nothing():
    play = Play()
    play.until(Hold)
    play.does()
    play.order = OTHER_ORDER
    assert play.until(Operate).call == {"shortname": "methodist"}


@pytest.mark.parametrize("order", [None, OrderFault("поля заявки", ("a",))])
def test_an_order_that_was_broken_after_the_hold_stops_its_ticket_only(order):
    play = Play()
    play.until(Operate)
    play.order, play.service = order, None
    assert waits(play.rest(), Status.FAILED, "refused").facts["what"] == "order"
    play.order, play.service = ORDER, make_service()
    waits(play.rest(), Status.AWAITING_ACCEPTANCE, "not-accepted")


# --- R4: hold, work, acceptance, write-off


def test_R4_work_begins_only_after_the_hold():
    play = Play()
    play.until(Operate)
    assert play.seen.index("hold") < play.seen.index("ticket:in_progress") < play.seen.index("stage:in_progress") < len(play.seen)


def test_R4_the_customer_reads_how_much_is_held():
    play = Play()
    told = play.until(Tell)
    assert (told.message, told.facts) == ("taken", {"stage": "Новая роль", "amount": "2"})


def test_a_hold_whose_answer_was_lost_is_asked_for_again_whatever_the_balance_says():
    play = Play()
    play.until(Hold)
    play.does(INTENDED)
    play.account = make_account(0)
    assert play.next() == Hold(make_stage(), 1, Decimal(2))


def test_an_operation_whose_answer_was_lost_is_asked_for_again():
    play = Play()
    asked = play.until(Operate)
    play.does(INTENDED)
    assert play.next() == asked


@pytest.mark.parametrize("code", ["invalid", "not_found", "state_conflict"])
def test_a_hold_that_the_portal_refuses_for_another_reason_is_an_operator_s_turn(code):
    play = Play()
    play.until(Hold)
    play.does(REFUSED, {"code": code, "detail": "said"})
    reason = waits(play.rest(), Status.FAILED, "refused")
    assert reason.facts == {"what": "hold", "code": code, "detail": "said"}
    assert play.seen == ["plan", "hold"]


def test_a_failed_operation_returns_the_hold_then_tells_the_customer():
    play = Play()
    play.until(Operate)
    play.does(REFUSED, {"code": "restorefailed", "detail": "broken"})
    assert play.does() == Void(make_stage(), 1, "h-s1-1")
    told = play.does()
    assert isinstance(told, Tell)
    assert told.message == "cannot"
    reason = waits(play.rest(), Status.FAILED, "refused")
    assert (reason.facts["what"], reason.facts["code"]) == ("operation", "restorefailed")


def test_after_a_failed_operation_a_changed_order_is_carried_out_under_a_new_hold():
    play = Play()
    play.until(Operate)
    play.does(REFUSED, {"code": "shortnametaken", "detail": "taken"})
    play.rest()
    play.order = OTHER_ORDER
    operate = play.until(Operate)
    assert (operate.revision, operate.call) == (2, {"shortname": "tutor"})
    assert [kind for kind in play.seen if kind in ("hold", "void")] == ["hold", "void", "hold"]


@pytest.mark.parametrize("kind", [Kind.STAGE_IN_PROGRESS, Kind.STAGE_READY])
def test_a_stage_s_state_that_the_portal_refuses_is_an_operator_s_turn(kind):
    play = Play()
    while play.until(SetStage).kind is not kind:
        play.does()
    play.does(REFUSED, {"code": "state_conflict", "detail": "said"})
    assert waits(play.rest(), Status.FAILED, "refused").facts["what"] == kind


@pytest.mark.parametrize("kind", [Kind.TICKET_IN_PROGRESS, Kind.TICKET_AWAITING])
def test_a_ticket_s_state_that_the_portal_refuses_stops_nothing(kind):
    play = Play()
    while play.until(SetTicket).kind is not kind:
        play.does()
    play.does(REFUSED, {"code": "state_conflict", "detail": "said"})
    waits(play.rest(), Status.AWAITING_ACCEPTANCE, "not-accepted")
    assert play.seen.count(kind) == 1


def test_R2_the_report_carries_evidence_and_the_frozen_lines_of_the_write_off():
    entry = TimeEntry("e1", "s1", "Иванов", "developer", 30, NOW)
    play = Play(make_ticket(time_entries=(entry,)))
    ready = play.until(SetStage)
    play.does()
    ready = play.until(SetStage)
    lines = (Charge("developer", 30, 30, Decimal(1)), Charge("unattended", 30, 30, Decimal(1)))
    assert (ready.state, ready.evidence, ready.charges) == (StageState.READY, ROLE, lines)
    play.does()
    play.portal(time_entries=(entry, replace(entry, id="e2")))
    accept(play)
    capture = play.until(Capture)
    assert (capture.charges, capture.amount, capture.hold_id, capture.evidence) == (lines, Decimal(1), "h-s1-1", ROLE)


def test_a_report_whose_answer_was_lost_is_sent_again_with_the_same_lines():
    play = Play()
    play.until(SetStage)
    play.does()
    asked = play.until(SetStage)
    play.does(INTENDED)
    play.portal(time_entries=(TimeEntry("e1", "s1", "Иванов", "developer", 30, NOW),))
    assert play.next() == asked


def test_R4_the_customer_reads_what_was_done_and_what_it_will_take():
    play = Play()
    play.until(SetStage)
    play.does()
    play.until(SetStage)
    play.does()
    told = play.until(Tell)
    assert (told.message, told.facts) == ("ready", {"stage": "Новая роль", "evidence": ROLE, "taken": "0.5"})


def test_R4_nothing_is_written_off_before_the_acceptance():
    play = Play()
    assert waits(play.rest(), Status.AWAITING_ACCEPTANCE, "not-accepted").facts == {"stage": "Новая роль"}
    assert play.next() == play.rest()


def test_R4_an_accepted_stage_is_written_off_and_told():
    play = Play()
    play.rest()
    accept(play)
    play.until(Capture)
    play.does(outcome={"price": "1250.00"})
    told = play.does()
    assert isinstance(told, Tell)
    assert told.message == "written_off"
    assert (told.facts["amount"], told.facts["price"], told.facts["stage"]) == ("0.5", "1250.00", "Новая роль")
    assert play.until(SetTicket).state is TicketState.DONE
    play.does()
    done = play.does()
    assert isinstance(done, Tell)
    assert (done.message, done.stage, done.facts) == ("done", None, {"taken": "0.5"})


@pytest.mark.parametrize("state", [StageState.ACCEPTED, StageState.WRITTEN_OFF, StageState.READY])
def test_a_capture_whose_answer_was_lost_is_asked_for_again(state):
    play = Play()
    play.rest()
    accept(play)
    asked = play.until(Capture)
    play.does(INTENDED)
    play.portal(stage={"state": state})
    again = play.next()
    assert isinstance(again, Capture)
    assert (again.charges, again.amount, again.hold_id) == (asked.charges, asked.amount, asked.hold_id)


def test_a_capture_that_the_portal_refuses_is_an_operator_s_turn():
    play = Play()
    play.rest()
    accept(play)
    play.until(Capture)
    play.does(REFUSED, {"code": "amount_mismatch", "detail": "said"})
    assert waits(play.rest(), Status.FAILED, "refused").facts["what"] == "capture"


def test_a_rejected_stage_is_not_written_off():
    play = Play()
    play.rest()
    play.portal(stage={"state": StageState.REJECTED, "revision": 2, "comment": "нет прав"})
    assert waits(play.rest(), Status.FAILED, "rejected").facts == {"stage": "Новая роль", "comment": "нет прав"}
    assert "capture" not in play.seen


def test_a_rejected_stage_is_done_anew_once_an_operator_says_so():
    play = Play()
    play.rest()
    play.portal(stage={"state": StageState.REJECTED, "revision": 2, "comment": "нет прав"})
    play.rest()
    play.seen.clear()
    play.revisions["s1"] = 2

    waits(play.rest(), Status.AWAITING_ACCEPTANCE, "not-accepted")

    assert play.seen[:3] == ["void", "plan", "hold"]
    assert {effect.revision for effect in play.effects.values() if effect.kind == "void"} == {1}
    assert play.seen.count("operation") == play.seen.count("stage:ready") == 1


def test_the_hold_of_an_earlier_attempt_goes_back_first_even_after_a_withdrawal():
    play = Play()
    play.rest()
    play.revisions["s1"] = 2
    play.portal(withdrawn_at=NOW)
    play.seen.clear()

    waits(play.rest(), Status.WITHDRAWN, "withdrawn")

    assert play.seen == ["void"]


def test_a_hold_of_an_earlier_attempt_that_the_portal_keeps_is_an_operator_s_turn():
    play = Play()
    play.rest()
    play.revisions["s1"] = 2
    play.does(EffectState.REFUSED, {"code": "not_found"})

    assert waits(play.rest(), Status.FAILED, "refused").facts["what"] == "void"


def test_a_stage_that_is_agreed_after_the_first_one_is_worked_on_by_hand():
    play = Play()
    play.rest()
    play.portal(stage={"state": StageState.ACCEPTED})
    play.portal(stages=(*play.ticket.stages, make_stage(id="s2", title="Ещё роль")))

    waits(play.rest(), Status.NEEDS_ORDER, "by-hand")

    assert play.seen.count("operation") == play.seen.count("capture") == 1


def test_R1_a_ticket_that_loses_its_paid_category_after_the_hold_is_brought_to_its_end():
    play = Play()
    play.rest()
    play.paid = False
    play.portal(stage={"state": StageState.ACCEPTED})

    waits(play.rest(), Status.DONE, "done")

    assert "capture" in play.seen


def test_more_than_was_agreed_is_never_taken_silently():
    play = Play(make_ticket(time_entries=(TimeEntry("e1", "s1", "Иванов", "developer", 91, NOW),)))
    assert waits(play.rest(), Status.FAILED, "beyond-agreed").facts == {"agreed": "2", "spent": "2.02"}
    assert "stage:ready" not in play.seen


def test_more_than_is_held_is_not_taken_even_if_more_was_agreed_meanwhile():
    play = Play(make_ticket(time_entries=(TimeEntry("e1", "s1", "Иванов", "developer", 150, NOW),)))
    play.until(Operate)
    play.portal(stage={"estimate": Decimal(4)})
    assert waits(play.rest(), Status.FAILED, "beyond-agreed").facts == {"agreed": "2", "spent": "3"}


def test_just_what_was_agreed_is_taken():
    play = Play(make_ticket(time_entries=(TimeEntry("e1", "s1", "Иванов", "developer", 90, NOW),)))
    play.rest()
    accept(play)
    assert play.until(Capture).amount == Decimal(2)


# --- R7: withdrawal


def test_R7_a_ticket_withdrawn_before_the_hold_ends_at_once():
    play = Play()
    play.until(Hold)
    withdraw(play)
    assert waits(play.next(), Status.WITHDRAWN, "withdrawn").facts == {"stages": []}


@pytest.mark.parametrize("told", [{"state": TicketState.WITHDRAWN}, {"withdrawn_at": NOW}])
def test_R7_either_sign_of_the_portal_is_a_withdrawal(told):
    play = Play()
    play.portal(**told)
    assert waits(play.next(), Status.WITHDRAWN, "withdrawn").facts == {"stages": []}


def test_R7_a_withdrawn_order_that_was_free_text_is_withdrawn():
    play = Play(order=None)
    withdraw(play)
    assert waits(play.next(), Status.WITHDRAWN, "withdrawn").facts == {"stages": []}


def test_R7_a_hold_that_was_never_sent_is_not_sent_any_more():
    play = Play()
    play.until(Hold)
    play.does(INTENDED, attempts=0)
    withdraw(play)
    assert waits(play.next(), Status.WITHDRAWN, "withdrawn").facts == {"stages": []}


def test_R7_a_hold_whose_answer_was_lost_is_learned_and_returned():
    play = Play()
    play.until(Hold)
    play.does(INTENDED)
    withdraw(play)
    assert isinstance(play.does(), Hold)
    assert play.does() == Void(make_stage(), 1, "h-s1-1")
    waits(play.rest(), Status.WITHDRAWN, "withdrawn")


def test_R7_a_hold_that_the_portal_refuses_after_the_withdrawal_needs_no_return():
    play = Play()
    play.until(Hold)
    play.does(INTENDED)
    withdraw(play)
    play.does(REFUSED, {"code": "state_conflict"})
    assert waits(play.next(), Status.WITHDRAWN, "withdrawn").facts == {"stages": []}


def test_R7_work_that_was_not_begun_is_not_begun():
    play = Play()
    play.until(Operate)
    withdraw(play)
    assert isinstance(play.does(), Void)
    waits(play.rest(), Status.WITHDRAWN, "withdrawn")
    assert "operation" not in play.seen


def test_R7_a_running_operation_is_waited_for_before_its_hold_returns():
    play = Play()
    asked = play.until(Operate)
    play.does(INTENDED)
    withdraw(play)
    again = play.does()
    assert isinstance(again, Operate)
    assert (again.action, again.call) == (asked.action, asked.call)
    assert isinstance(play.does(), Void)
    assert waits(play.rest(), Status.WITHDRAWN, "withdrawn-with-work").facts == {"stages": ["Новая роль"]}


def test_R7_an_operation_that_failed_after_the_withdrawal_leaves_no_work():
    play = Play()
    play.until(Operate)
    play.does(INTENDED)
    withdraw(play)
    play.does(REFUSED, {"code": "restorefailed"})
    assert isinstance(play.does(), Void)
    waits(play.rest(), Status.WITHDRAWN, "withdrawn")


def test_R7_a_stage_that_is_ready_and_not_accepted_is_not_written_off():
    play = Play()
    play.rest()
    withdraw(play)
    assert isinstance(play.does(), Void)
    waits(play.rest(), Status.WITHDRAWN, "withdrawn-with-work")


def test_R7_a_stage_that_was_accepted_is_written_off():
    play = Play()
    play.rest()
    accept(play)
    withdraw(play)
    assert isinstance(play.does(), Capture)
    waits(play.rest(), Status.WITHDRAWN, "withdrawn")
    assert "void" not in play.seen


def test_R7_a_stage_that_the_portal_shows_as_written_off_is_never_returned():
    play = Play()
    play.rest()
    play.portal(stage={"state": StageState.WRITTEN_OFF})
    withdraw(play)
    assert isinstance(play.next(), Capture)


def test_R7_a_capture_whose_answer_was_lost_is_learned_first():
    play = Play()
    play.rest()
    accept(play)
    play.until(Capture)
    play.does(INTENDED)
    withdraw(play)
    play.portal(stage={"state": StageState.READY})
    assert isinstance(play.next(), Capture)


def test_R7_a_return_whose_answer_was_lost_is_learned_first_even_if_the_stage_was_accepted_meanwhile():
    play = Play()
    play.rest()
    withdraw(play)
    assert isinstance(play.does(INTENDED), Void)
    accept(play)
    assert isinstance(play.does(), Void)
    waits(play.rest(), Status.WITHDRAWN, "withdrawn-with-work")


def test_R7_a_written_off_stage_stays_written_off():
    play = Play()
    play.rest()
    accept(play)
    play.until(Capture)
    play.does()
    withdraw(play)
    waits(play.rest(), Status.WITHDRAWN, "withdrawn")
    assert "void" not in play.seen


def test_R7_a_capture_that_the_portal_refuses_after_the_withdrawal_is_an_operator_s_turn():
    play = Play()
    play.rest()
    accept(play)
    withdraw(play)
    assert isinstance(play.does(REFUSED, {"code": "amount_mismatch", "detail": "said"}), Capture)
    assert waits(play.next(), Status.FAILED, "refused").facts["what"] == "capture"


@pytest.mark.parametrize("withdrawn", [True, False])
def test_a_return_that_the_portal_refuses_is_an_operator_s_turn_and_not_asked_for_again(withdrawn):
    play = Play()
    play.until(Operate)
    play.does(REFUSED, {"code": "restorefailed", "detail": "broken"})
    if withdrawn:
        withdraw(play)
    assert isinstance(play.does(REFUSED, {"code": "not_found", "detail": "said"}), Void)
    assert waits(play.rest(), Status.FAILED, "refused").facts["what"] == "void"


# --- what the journal keeps


def test_a_reason_comes_back_from_the_journal():
    reason = Reason("balance", {"needed": "2", "problems": ["да"]})
    assert Reason.from_json(reason.to_json()) == reason


def test_lines_come_back_from_the_journal():
    lines = (Charge("developer", 91, 120, Decimal("0.6")), Charge("unattended", 0, 30, Decimal(1)))
    assert charges_from(charges_request(lines)) == lines
