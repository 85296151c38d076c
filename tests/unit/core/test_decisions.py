"""Operators' decisions: each is written once, and only where it makes sense."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.domain.catalogue_file import read_catalogue
from bridge.domain.effects import Effect, EffectState
from bridge.domain.hours import Charge, InexactHours, to_milli
from bridge.domain.lifecycle import Kind, charges_request
from bridge.domain.tickets import StageState, Ticket, TicketState, TimeEntry
from bridge.journal import Journal, NewLedgerRow, migrate
from bridge.operators.decisions import (
    DecisionRefused,
    Desk,
    by_hours,
    by_minutes,
    recounted,
)
from tests.builders import NOW, make_stage, make_ticket

TEXT = """
[category.development]
name = "Разработка и сопровождение"
coefficient = "1"
[category.content]
name = "Ассистент редактора"
coefficient = "0.6"
[[service]]
id = "2.9.1-restore"
name = "Восстановление курса"
section = "2.9.1"
category = "development"
billing = { kind = "actual" }
handling = "auto"
actions = ["restore-course"]
unattended_hours = "1"
"""
CATALOGUE = read_catalogue(TEXT, "c")
OTHER = read_catalogue(TEXT.replace("2.9.1-restore", "other"), "c")
RESTORE = {
    "service": "2.9.1-restore",
    "variant": "",
    "quantity": 1,
    "action": None,
    "params": {"shortname": "OT-1"},
}
SPENT = (Charge("разработчик", 90, 90, Decimal(1)),)


class Office:
    """A journal with one ticket; `desk` is an operator's, the other methods play what a pass leaves
    behind.
    """

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.version = 0
        self.told(make_ticket())

    def told(self, ticket: Ticket) -> None:
        """The portal tells of the ticket."""
        self.version += 1
        self.ticket = replace(ticket, version=self.version)
        with self.journal.transaction() as unit:
            unit.polling.merge("p", [self.ticket], str(self.version), None)

    @property
    def desk(self) -> Desk:
        with self.journal.transaction(read_only=True) as unit:
            record = unit.tickets.get("p", "t1")
        assert record is not None
        return Desk(self.journal, record, "anna@desk", NOW)

    def decided(self) -> list[tuple[str, dict[str, Any]]]:
        with self.journal.transaction(read_only=True) as unit:
            return [(one.kind, dict(one.document)) for one in unit.decisions.of("p", "t1")]

    def did(
        self, kind: str, request: dict[str, Any] | None = None, *, stage: str = "s1", revision: int = 1
    ) -> Effect:
        """An effect of the stage that happened."""
        effect = Effect.intent("p", "t1", kind, request or {}, stage_id=stage, revision=revision)
        with self.journal.transaction() as unit:
            unit.effects.sending(effect, NOW)
            return unit.effects.settle(effect.key, EffectState.DONE, {}, NOW)

    def sent(self, kind: str, *, stage: str = "s1") -> None:
        """An effect of the stage whose outcome is not known."""
        with self.journal.transaction() as unit:
            unit.effects.sending(Effect.intent("p", "t1", kind, {}, stage_id=stage, revision=1), NOW)

    def books(
        self,
        kind: str,
        hold: Effect | None = None,
        *,
        amount: str = "2",
        charges: tuple[Charge, ...] = (),
        name: str = "",
        order: dict[str, Any] | None = None,
    ) -> Effect:
        """An effect of the stage that happened, with its row of the ledger."""
        effect = self.did(
            name or kind, {"charges": charges_request(charges), "order": order, "unattended": True}
        )
        row = NewLedgerRow(
            portal="p",
            account_id="a1",
            ticket_id="t1",
            stage_id="s1",
            revision=1,
            kind=kind,  # type: ignore[arg-type]
            key=effect.key,
            hold_key=hold.key if hold else None,
            spent_minutes=0,
            charged_minutes=0,
            coefficient_milli=None,
            amount_mh=to_milli(Decimal(amount)),
            price_kopecks=None,
            at=NOW,
        )
        with self.journal.transaction() as unit:
            unit.ledger.append(row, NOW)
        return effect

    def wrote_off(self, charges: tuple[Charge, ...] = SPENT, amount: str = "1.5") -> Effect:
        """A stage that was worked on, accepted and captured; returns its hold."""
        hold = self.books("hold", order=RESTORE)
        self.did(Kind.OPERATE)
        self.did(Kind.FREEZE, {"entries": {}})
        self.books("capture", hold, amount=amount, charges=charges)
        return hold

    def status(self, state: str) -> None:
        """A pass leaves the ticket in this status."""
        with self.journal.transaction() as unit:
            claim = unit.queue.claim(
                "p", "w", now=NOW, ttl=timedelta(minutes=1), is_stale=lambda _: False, only="t1"
            )
            assert claim is not None
            unit.queue.release(claim, state=state, reason="", due_at=None, now=NOW)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("journal") / "j.sqlite3"
    migrate(f"sqlite:///{path}")
    return path.read_bytes()


@pytest.fixture
def office(tmp_path: Path, template: bytes) -> Iterator[Office]:
    path = tmp_path / "j.sqlite3"
    path.write_bytes(template)
    with Journal.open(f"sqlite:///{path}", clock=lambda: NOW) as journal:
        yield Office(journal)


def assign(office: Office, **changes: Any) -> Any:
    return office.desk.assign({**RESTORE, **changes}, CATALOGUE, lambda _: True)


def test_a_decision_says_who_made_it_and_why_and_wakes_the_ticket(office: Office) -> None:
    office.status("queued")
    decision = office.desk.pause("спросим заказчика")
    assert decision is not None
    assert (decision.kind, decision.document, decision.by, decision.at) == (
        "pause",
        {"reason": "спросим заказчика"},
        "anna@desk",
        NOW,
    )
    with office.journal.transaction(read_only=True) as unit:
        record = unit.tickets.get("p", "t1")
        assert record is not None
        assert record.dirty
        assert [(one.kind, one.text) for one in unit.events.latest("p", "t1")] == [
            ("decision:pause", "anna@desk: спросим заказчика")
        ]


def test_what_was_decided_is_not_decided_twice(office: Office) -> None:
    for decide in (
        lambda desk: desk.assign(RESTORE, CATALOGUE, lambda _: True),
        lambda desk: desk.pause("x"),
        lambda desk: desk.resume(""),
        lambda desk: desk.withdraw("x"),
    ):
        assert decide(office.desk) is not None
        assert decide(office.desk) is None
    assert [kind for kind, _ in office.decided()] == ["assign", "pause", "resume", "withdraw"]


def test_the_last_word_counts(office: Office) -> None:
    assign(office)
    assign(office, quantity=2)
    office.desk.pause("x")
    decisions = office.desk.standing().decisions
    assert decisions.assigned == {**RESTORE, "quantity": 2}
    assert decisions.paused is not None
    assert decisions.withdrawal is None
    office.desk.resume("")
    assert office.desk.standing().decisions.paused is None


def test_an_order_with_faults_is_not_assigned(office: Office) -> None:
    with pytest.raises(DecisionRefused) as refused:
        assign(office, service="2.9.1-restor", quantity=0)
    assert refused.value.problems == (
        "service: услуги «2.9.1-restor» нет в каталоге; похожие: 2.9.1-restore",
        "quantity: должно быть целым числом от 1 до 1000",
    )
    assert office.decided() == []


def test_no_order_is_assigned_while_hours_are_held(office: Office) -> None:
    hold = office.books("hold")
    with pytest.raises(DecisionRefused, match="hours are held for “Новая роль”"):
        assign(office)
    office.books("void", hold)
    assert assign(office) is not None


def test_a_hold_whose_answer_never_came_may_hold_hours(office: Office) -> None:
    office.sent("hold:2")
    with pytest.raises(DecisionRefused, match="hours are held"):
        assign(office)


def test_a_ticket_that_is_over_takes_no_decision(office: Office) -> None:
    office.status("done")
    for decide in (assign, lambda one: one.desk.pause("x"), lambda one: one.desk.withdraw("x")):
        with pytest.raises(DecisionRefused, match="accepted and written off"):
            decide(office)
    office.told(make_ticket(state=TicketState.WITHDRAWN, withdrawn_at=NOW))
    with pytest.raises(DecisionRefused, match="is withdrawn"):
        office.desk.pause("x")
    assert office.desk.withdraw("x") is None
    office.status("failed")
    assert office.desk.withdraw("nobody is left to agree") is not None, (
        "an operator may end what fails after the customer's withdrawal"
    )
    assert office.desk.withdraw("x") is None
    assert [kind for kind, _ in office.decided()] == ["withdraw"]


def test_a_ticket_that_an_operator_withdrew_is_over_before_the_next_pass(office: Office) -> None:
    office.desk.withdraw("x")
    with pytest.raises(DecisionRefused, match="is withdrawn"):
        assign(office)


def test_work_that_was_done_is_taken_back_once(office: Office) -> None:
    office.did(Kind.OPERATE)
    undone = office.desk.undo(None, "x")
    assert undone is not None
    assert undone.document == {"stage_id": "s1", "revision": 1, "reason": "x"}
    assert office.desk.undo("1", "again") is None


def test_a_new_attempt_is_taken_back_by_itself(office: Office) -> None:
    office.did(Kind.OPERATE)
    office.desk.undo(None, "x")
    with office.journal.transaction() as unit:
        unit.tickets.bump_revision("p", "t1", "s1", expected=1)
    with pytest.raises(DecisionRefused, match="has made nothing"):
        office.desk.undo(None, "x")
    office.did(Kind.OPERATE, revision=2)
    undone = office.desk.undo(None, "x")
    assert undone is not None
    assert undone.document["revision"] == 2


def test_work_that_was_never_done_cannot_be_taken_back(office: Office) -> None:
    office.sent(Kind.OPERATE)
    with pytest.raises(DecisionRefused, match="the bridge has made nothing for stage “Новая роль”"):
        office.desk.undo(None, "x")


def test_work_that_is_written_off_or_about_to_be_is_not_taken_back(office: Office) -> None:
    office.did(Kind.OPERATE)
    office.told(make_ticket(make_stage(state=StageState.ACCEPTED)))
    with pytest.raises(DecisionRefused, match="has accepted"):
        office.desk.undo(None, "x")
    office.sent(Kind.WRITE_OFF)
    with pytest.raises(DecisionRefused, match="is written off"):
        office.desk.undo(None, "x")


def test_a_stage_is_named_by_number_title_or_id(office: Office) -> None:
    office.told(make_ticket(make_stage(), make_stage(id="s2", title="Вторая")))
    assert {office.desk.stage(wanted).id for wanted in ("2", "Вторая", "s2")} == {"s2"}
    for wanted in (None, "3", "Третья"):
        with pytest.raises(DecisionRefused, match="name one stage of the ticket: 1 “Новая роль”, 2 “Вторая”"):
            office.desk.stage(wanted)


def test_a_write_off_is_corrected(office: Office) -> None:
    office.wrote_off()
    stage = office.desk.stage(None)
    correction = office.desk.correct(stage, by_hours(stage, Decimal(1), SPENT), "ошиблись")
    assert (correction.before, correction.after) == (Decimal("1.5"), Decimal(1))
    assert correction.decision is not None
    assert correction.decision.document == {
        "stage_id": "s1",
        "amount": "1",
        "reason": "ошиблись",
        "charges": [
            {"category": "correction", "spent_minutes": 90, "charged_minutes": 60, "coefficient": "1"}
        ],
        "entries": {},
    }


def test_a_correction_to_nothing_is_a_reversal_alone(office: Office) -> None:
    office.wrote_off()
    correction = office.desk.correct(office.desk.stage(None), (), "x")
    assert correction.decision is not None
    assert (correction.decision.document["charges"], correction.decision.document["amount"]) == ([], "0")


def test_time_that_came_late_is_taken_note_of_even_where_the_amount_stays(office: Office) -> None:
    office.wrote_off()
    office.told(
        replace(office.ticket, time_entries=(TimeEntry("late", "s1", "Анна", "development", 15, NOW),))
    )
    stage = office.desk.stage(None)
    correction = office.desk.correct(stage, by_hours(stage, Decimal("1.5"), SPENT), "не к оплате")
    assert correction.before == correction.after
    assert correction.decision is not None
    assert correction.decision.document["entries"] == {"late": 15}
    assert office.desk.correct(stage, SPENT, "x").decision is None
    assert office.desk.standing().unfinished_correction(stage) is None


def test_what_is_right_is_not_corrected(office: Office) -> None:
    office.wrote_off()
    stage = office.desk.stage(None)
    assert office.desk.correct(stage, by_hours(stage, Decimal("1.5"), SPENT), "x").decision is None
    assert office.decided() == []


def test_what_is_held_and_not_written_off_cannot_be_corrected(office: Office) -> None:
    office.books("hold")
    with pytest.raises(DecisionRefused, match="nothing was written off"):
        office.desk.correct(office.desk.stage(None), SPENT, "x")


def test_a_correction_beyond_what_is_agreed_needs_a_new_agreement(office: Office) -> None:
    office.wrote_off()
    stage = office.desk.stage(None)
    with pytest.raises(
        DecisionRefused, match=r"2\.05 norm-hours are more than the 2 agreed for stage “Новая роль”"
    ):
        office.desk.correct(stage, by_hours(stage, Decimal("2.05"), SPENT), "x")
    assert office.desk.correct(stage, by_hours(stage, Decimal(2), SPENT), "x").decision is not None


def test_a_correction_is_finished_when_it_is_booked_to_its_end(office: Office) -> None:
    hold = office.wrote_off()
    stage = office.desk.stage(None)
    lines = by_hours(stage, Decimal(1), SPENT)
    office.desk.correct(stage, lines, "x")
    assert office.desk.correct(stage, lines, "x").decision is None, "under way already"
    office.books("reversal", hold, amount="1.5", name="correct:1:reversal")
    with pytest.raises(DecisionRefused, match="not finished"):
        office.desk.correct(stage, (), "x")
    second = office.books("hold", name="correct:1:hold")
    office.books("capture", second, amount="1", charges=lines, name="correct:1:capture")
    assert office.desk.correct(stage, lines, "x").decision is None, "it is what stands there"
    assert office.desk.correct(stage, (), "x").before == Decimal(1)
    office.books("reversal", second, amount="1", name="correct:2:reversal")
    again = office.desk.correct(stage, SPENT, "x")
    assert (again.decision is not None, again.before, again.after) == (True, Decimal(0), Decimal("1.5"))


def test_minutes_are_corrected_by_category_at_its_coefficient() -> None:
    assert by_minutes(CATALOGUE, {"разработка и сопровождение": 30, "Ассистент редактора": 60}) == (
        Charge("Ассистент редактора", 60, 60, Decimal("0.6")),
        Charge("разработка и сопровождение", 30, 30, Decimal(1)),
    )
    with pytest.raises(
        DecisionRefused, match="no category “повар”; it has: Разработка и сопровождение, Ассистент редактора"
    ):
        by_minutes(CATALOGUE, {"повар": 1})


def test_hours_finer_than_a_minute_are_no_correction() -> None:
    with pytest.raises(InexactHours):
        by_hours(make_stage(), Decimal("0.001"), ())


def test_time_entries_are_counted_again_as_they_are_now(office: Office) -> None:
    office.wrote_off()
    entry = TimeEntry("e1", None, "Анна", "Разработка и сопровождение", 15, NOW)
    ticket = replace(office.ticket, time_entries=(entry,))
    lines = recounted(office.desk.standing(), office.desk.stage(None), ticket, CATALOGUE)
    assert sum(line.charged_minutes for line in lines) == 75


def test_a_recount_needs_a_write_off_and_a_service(office: Office) -> None:
    stage = office.desk.stage(None)
    with pytest.raises(DecisionRefused, match="nothing was written off"):
        recounted(office.desk.standing(), stage, office.ticket, CATALOGUE)
    office.wrote_off()
    with pytest.raises(DecisionRefused, match=r"no service “2\.9\.1-restore”: name the hours"):
        recounted(office.desk.standing(), stage, office.ticket, OTHER)
