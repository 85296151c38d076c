"""What every portal has to keep: the rules of docs/portal-api.md as far as the Portal protocol tells them,
rule by rule.

They are played on servers of the contract and on adapters inside the bridge alike; what only a server can
show is in test_portal_server.py.
"""

from __future__ import annotations

import hashlib
import io
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.domain.tickets import StageState, TicketState
from bridge.portal import (
    InsufficientBalance,
    KeyReused,
    PortalError,
    PortalForbidden,
    PortalNotFound,
    PortalRefused,
    PortalUnauthorized,
    StateConflict,
)
from bridge.portal.port import CAPABILITIES, CONTRACT, SCOPES
from tests.contract.engine import PAID
from tests.contract.portal_world import HOUR, PORTALS, World, charge, in_parallel


@pytest.fixture(params=PORTALS, ids=lambda engine: engine.__name__)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with request.param.start(tmp_path) as engine, closing(World(engine)) as one:
        yield one


# Who may ask


def test_meta_tells_contract_abilities_scopes_and_clock(world: World) -> None:
    meta = world.bridge.meta()
    assert meta.contract.startswith(CONTRACT)
    assert meta.scopes >= SCOPES
    assert meta.capabilities | meta.made_up >= CAPABILITIES
    assert abs(meta.time.timestamp() - time.time()) < 60
    assert meta.rounding_unit == Decimal("0.01")


def test_an_unknown_token_is_refused_and_not_told(world: World) -> None:
    with pytest.raises(PortalUnauthorized) as caught:
        world.client("sesame-of-the-thief").meta()
    assert "sesame" not in str(caught.value)


# Exactly once


def test_a_repeated_write_gets_the_first_answer_and_does_nothing(world: World) -> None:
    ticket, _, hold = world.held()
    first = world.bridge.capture("c", hold, [charge(30)], Decimal("0.5"), {"курс": 7})
    world.engine.top_up("school", "5")
    again = world.bridge.capture("c", hold, [charge(30)], Decimal("0.5"), {"курс": 7})
    assert again == first
    assert world.kinds().count("capture") == 1
    notes = [world.bridge.note("n", ticket, "готово") for _ in range(3)]
    assert len(set(notes)) == 1
    assert [one.text for one in world.bridge.ticket(ticket).thread if one.author == "bridge"] == ["готово"]


def test_a_key_belongs_to_one_request(world: World) -> None:
    ticket, (stage,) = world.agreed()
    world.bridge.note("k", ticket, "a")
    with pytest.raises(KeyReused):
        world.bridge.note("k", ticket, "b")
    with pytest.raises(KeyReused):
        world.bridge.hold("k", world.school, ticket, stage, HOUR)
    assert world.kinds() == ["top_up"]


def test_the_key_of_a_top_up_is_used_as_any_other(world: World) -> None:
    ticket, (stage,) = world.agreed()
    (top_up,) = world.bridge.ledger(world.school).entries
    with pytest.raises(KeyReused):
        world.bridge.hold(top_up.key, world.school, ticket, stage, HOUR)
    assert world.balance() == (10, 0, 0, 10)


def test_attachments_of_one_key_are_compared_with_name_and_type(world: World) -> None:
    ticket = world.ticket()
    world.bridge.attach("k", ticket, "a.txt", "text/plain", b"x")
    assert world.bridge.attach("k", ticket, "a.txt", "text/plain", b"x").name == "a.txt"
    for name, media_type, content in [
        ("b.txt", "text/plain", b"x"),
        ("a.txt", "text/html", b"x"),
        ("a.txt", "text/plain", b"y"),
    ]:
        with pytest.raises(KeyReused):
            world.bridge.attach("k", ticket, name, media_type, content)


def test_a_refused_write_leaves_its_key_free(world: World) -> None:
    ticket, (stage,) = world.agreed()
    with pytest.raises(InsufficientBalance):
        world.bridge.hold("k", world.school, ticket, stage, Decimal("10.001"))
    assert world.bridge.find("k") is None
    world.engine.top_up("school", "1")
    assert world.bridge.hold("k", world.school, ticket, stage, Decimal("10.001")).key == "k"


def test_a_key_finds_the_stored_answer(world: World) -> None:
    ticket, (stage,) = world.agreed()
    entry = world.bridge.hold("k", world.school, ticket, stage, HOUR)
    found = world.bridge.find("k")
    assert found is not None
    assert found["body"]["id"] == entry.id
    assert world.bridge.find("other") is None


def test_parallel_identical_captures_make_one_row(world: World) -> None:
    _, _, hold = world.held()
    clients = [world.client(world.engine.token) for _ in range(8)]
    results = in_parallel(
        8, lambda number: clients[number].capture("c", hold, [charge(30)], Decimal("0.5"), {})
    )
    assert {type(result).__name__ for result in results} <= {"LedgerEntry", "KeyInProgress"}
    assert len({result.id for result in results if not isinstance(result, PortalError)}) == 1
    assert world.kinds().count("capture") == 1
    assert world.balance() == (10, Decimal("0.5"), 0, Decimal("9.5"))


def test_parallel_captures_of_one_hold_under_other_keys_make_one_row(world: World) -> None:
    _, _, hold = world.held()
    clients = [world.client(world.engine.token) for _ in range(8)]
    results = in_parallel(
        8, lambda number: clients[number].capture(f"c{number}", hold, [charge(30)], Decimal("0.5"), {})
    )
    assert sum(not isinstance(result, PortalError) for result in results) == 1
    assert sum(isinstance(result, StateConflict) for result in results) == 7
    assert world.kinds().count("capture") == 1


def test_parallel_holds_never_exceed_the_balance(world: World) -> None:
    ticket, (stage,) = world.agreed()
    clients = [world.client(world.engine.token) for _ in range(8)]
    results = in_parallel(
        8, lambda number: clients[number].hold(f"h{number}", world.school, ticket, stage, Decimal(3))
    )
    assert sum(not isinstance(result, PortalError) for result in results) == 3
    assert sum(isinstance(result, InsufficientBalance) for result in results) == 5
    assert world.balance() == (10, 0, 9, 1)


# Tickets


def test_a_ticket_tells_all_that_the_customer_gave(world: World) -> None:
    ticket, stages = world.agreed(
        ("Роль", "1.5", "1"),
        ("Курс", "2", "0.6"),
        text="Прошу роль – срочно",
        fields={"param_name": "Методист"},
    )
    world.engine.log_time(ticket, minutes=30, category="development", stage=2)
    told = world.bridge.ticket(ticket)
    assert told.number
    assert told.customer_name.startswith("Школа № 7")
    assert (told.account_id, told.installation) == (world.school, "AAAABBBBCCCCDDDD")
    assert told.fields == {"param_name": "Методист"}
    assert [(one.title, one.estimate, one.coefficient, one.state) for one in told.stages] == [
        ("Роль", Decimal("1.5"), Decimal(1), StageState.PLANNED),
        ("Курс", Decimal(2), Decimal("0.6"), StageState.PLANNED),
    ]
    assert [(one.author, one.visibility, one.text) for one in told.thread] == [
        ("customer", "customer", "Прошу роль – срочно")
    ]
    assert [(one.stage_id, one.minutes, one.category) for one in told.time_entries] == [
        (stages[1], 30, "development")
    ]
    assert told.created_at <= told.agreed_at <= told.updated_at  # type: ignore[operator]


def test_the_page_holds_the_paid_category_and_what_is_below_it(world: World) -> None:
    paid = [
        world.later_ticket(category=category)
        for category in (PAID, f"{PAID} / Контент", f"{PAID}/Разработка/Отчёты")
    ]
    for category in ("Техническая поддержка", f"{PAID}-2", f"Архив / {PAID}"):
        world.ticket(category=category)
    page = world.bridge.changed_tickets(None)
    assert page is not None
    assert [one.id for one in page.tickets] == paid
    everything = world.client(world.engine.token, prefix="").changed_tickets(None)
    assert everything is not None
    assert len(everything.tickets) == 6


@pytest.mark.parametrize(
    ("category", "told"),
    [
        (f"{PAID}/Настройка", True),
        (f" {PAID.replace(' ', '  ')} /  Настройка/", True),
        (PAID.replace(" ", "\N{NO-BREAK SPACE}"), True),
    ],
)
def test_a_category_is_the_same_however_its_spaces_and_slashes_are_written(
    world: World, category: str, told: bool
) -> None:
    ticket = world.ticket(category=category)
    page = world.bridge.changed_tickets(None)
    assert page is not None
    assert [one.id for one in page.tickets] == ([ticket] if told else [])


GONE = ["move", "merge", "delete"]


def test_a_token_that_the_portal_does_not_know_is_shown_no_page_however_old_its_cursor(world: World) -> None:
    world.ticket()
    page = world.bridge.changed_tickets(None)
    assert page is not None
    stranger = world.client("0" * 40)
    for cursor in (None, page.cursor):
        with pytest.raises(PortalUnauthorized):
            stranger.changed_tickets(cursor)


def leave(world: World, how: str, ticket: str, other: str) -> None:
    """Let a ticket leave the filter as people do it, where the engine knows the way."""
    if not hasattr(world.engine, how):
        pytest.skip(f"this engine does not {how} tickets")
    more = {"move": ("Техническая поддержка",), "merge": (other,), "delete": ()}[how]
    getattr(world.engine, how)(ticket, *more)


@pytest.mark.parametrize("how", GONE)
def test_a_ticket_that_leaves_the_filter_is_told_once_more_as_gone(world: World, how: str) -> None:
    unforgotten = how == "delete" and getattr(world.engine, "forgets", False)
    ticket = world.held(state="planned")[0] if unforgotten else world.ticket()
    other = world.later_ticket()
    world.pause()
    page = world.bridge.changed_tickets(None)
    assert page is not None
    world.pause()
    leave(world, how, ticket, other)
    later = world.bridge.changed_tickets(page.cursor)
    assert later is not None
    assert ticket not in [one.id for one in later.tickets]
    (gone,) = [one for one in later.gone if one.id == ticket]
    assert gone.reason == {"move": "moved", "merge": "merged", "delete": "deleted"}[how]
    assert gone.into == (world.bridge.ticket(other).number if how == "merge" else None)
    if how == "move":
        assert "Техническая поддержка" in world.bridge.ticket(ticket).category
        return
    with pytest.raises(PortalNotFound):
        world.bridge.ticket(ticket)


@pytest.mark.parametrize("how", GONE)
def test_what_is_held_for_a_ticket_that_is_gone_can_be_returned(world: World, how: str) -> None:
    ticket, _, hold = world.held(state="planned")
    leave(world, how, ticket, world.later_ticket())
    assert world.balance()[2] == 1
    world.bridge.void("void", hold)
    assert world.balance()[2:] == (0, 10)
    assert world.kinds() == ["top_up", "hold", "void"]


@pytest.mark.parametrize("how", GONE)
def test_what_was_written_off_for_a_ticket_that_is_gone_can_be_taken_back(world: World, how: str) -> None:
    ticket, _, hold = world.held()
    captured = world.bridge.capture("capture", hold, [charge(60)], HOUR, {})
    leave(world, how, ticket, world.later_ticket())
    world.bridge.reverse("reverse", captured.id, "ошибка")
    assert world.balance()[1] == 0


def test_a_ticket_that_comes_back_is_told_as_any_other(world: World) -> None:
    ticket = world.ticket()
    leave(world, "move", ticket, "")
    world.pause()
    page = world.bridge.changed_tickets(None)
    assert page is not None
    world.pause()
    world.engine.move(ticket, PAID)
    later = world.bridge.changed_tickets(page.cursor)
    assert later is not None
    assert ([one.id for one in later.tickets], later.gone) == ([ticket], ())


def test_the_cursor_tells_every_change_once_more_and_in_order(world: World) -> None:
    first, second = world.ticket(), world.later_ticket()
    world.pause()
    page = world.bridge.changed_tickets(None)
    assert page is not None
    assert [one.id for one in page.tickets] == [first, second]
    world.pause()
    world.engine.edit_fields(first, {"param_name": "Куратор"})
    later = world.bridge.changed_tickets(page.cursor)
    assert later is not None
    assert [one.id for one in later.tickets] == [first]
    assert later.tickets[0].version > page.tickets[0].version
    again = world.bridge.changed_tickets(page.cursor)
    assert again is not None
    assert again.tickets == later.tickets


def test_the_oldest_change_comes_first(world: World) -> None:
    first, second, third = world.ticket(), world.ticket(), world.ticket()
    for ticket in (first, second):
        world.pause()
        world.engine.say(ticket, "?")
    page = world.bridge.changed_tickets(None)
    assert page is not None
    assert [one.id for one in page.tickets] == [third, first, second]


def test_no_change_is_lost_while_pages_are_read(world: World) -> None:
    tickets = [world.ticket() for _ in range(4)]
    seen: dict[str, int] = {}

    def change(number: int) -> None:
        client = world.client(world.engine.token)
        for turn in range(5):
            client.note(f"{number}-{turn}", tickets[number], str(turn))

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(change, number) for number in range(4)]
        cursor = None
        done = False
        while not done:
            done = all(one.done() for one in running)
            if done:
                world.pause()
            page = world.bridge.changed_tickets(cursor)
            assert page is not None
            for one in page.tickets:
                assert one.version >= seen.get(one.id, 0)
                seen[one.id] = one.version
            cursor = page.cursor
        for ended in running:
            ended.result()
    assert seen == {ticket: world.bridge.ticket(ticket).version for ticket in tickets}


def test_an_idle_poll_tells_nothing_until_something_changes(world: World) -> None:
    ticket = world.ticket()
    world.pause()
    page = world.bridge.changed_tickets(None)
    assert page is not None
    idle = world.bridge.changed_tickets(page.cursor)
    assert idle is not None, "only who names an ETag is answered that nothing has changed"
    assert idle.tickets == ()
    still = world.bridge.changed_tickets(idle.cursor, idle.etag)
    assert still is None or still.tickets == ()
    world.pause()
    world.engine.say(ticket, "?")
    later = world.bridge.changed_tickets(idle.cursor, idle.etag)
    assert later is not None
    assert [one.id for one in later.tickets] == [ticket]


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 40_000])
def test_an_attachment_comes_back_as_it_was(world: World, content: bytes) -> None:
    ticket = world.ticket()
    attached = world.bridge.attach("a", ticket, "Отчёт № 1.bin", "application/octet-stream", content)
    told = world.bridge.ticket(ticket).attachments
    assert told == (attached,)
    assert (attached.name, attached.size) == ("Отчёт № 1.bin", len(content))
    assert attached.sha256 in ("", hashlib.sha256(content).hexdigest())
    target = io.BytesIO()
    world.bridge.download(ticket, attached, target)
    assert target.getvalue() == content


@pytest.mark.parametrize("name", ["", "a/b", "..\\b", "line\nbreak", "x" * 256])
def test_an_attachment_has_a_file_name(world: World, name: str) -> None:
    with pytest.raises(PortalRefused) as caught:
        world.bridge.attach("a", world.ticket(), name, "text/plain", b"x")
    assert caught.value.code == "invalid"


def test_notes_keep_their_visibility(world: World) -> None:
    ticket = world.ticket()
    world.bridge.note("a", ticket, "для заказчика")
    world.bridge.note("b", ticket, "для специалиста", internal=True)
    told = [
        (one.author, one.visibility, one.text)
        for one in world.bridge.ticket(ticket).thread
        if one.author != "customer"
    ]
    assert told == [("bridge", "customer", "для заказчика"), ("bridge", "internal", "для специалиста")]


def test_a_ticket_state_is_compared_and_set(world: World) -> None:
    ticket = world.ticket()
    world.bridge.set_ticket_state(
        "a", ticket, TicketState.IN_PROGRESS, [TicketState.OPEN, TicketState.SUSPENDED]
    )
    version = world.bridge.ticket(ticket).version
    world.bridge.set_ticket_state("b", ticket, TicketState.IN_PROGRESS, [TicketState.OPEN])
    assert world.bridge.ticket(ticket).version == version, "what is set already is not a change"
    with pytest.raises(StateConflict) as caught:
        world.bridge.set_ticket_state("c", ticket, TicketState.DONE, [TicketState.AWAITING_ACCEPTANCE])
    assert caught.value.actual == "in_progress"
    assert world.bridge.ticket(ticket).state is TicketState.IN_PROGRESS


def test_a_withdrawn_ticket_stays_withdrawn_and_takes_no_hold(world: World) -> None:
    ticket, (stage,) = world.agreed()
    world.engine.withdraw(ticket)
    told = world.bridge.ticket(ticket)
    assert told.state is TicketState.WITHDRAWN
    assert told.withdrawn_at is not None
    with pytest.raises(StateConflict) as caught:
        world.bridge.set_ticket_state("a", ticket, TicketState.DONE, list(TicketState))
    assert caught.value.actual == "withdrawn"
    with pytest.raises(StateConflict):
        world.bridge.hold("b", world.school, ticket, stage, HOUR)


def test_what_is_the_customers_is_not_the_bridges(world: World) -> None:
    ticket, (stage,) = world.agreed()
    with pytest.raises(PortalForbidden):
        world.bridge.set_ticket_state("a", ticket, TicketState.WITHDRAWN, list(TicketState))
    for state in (StageState.ACCEPTED, StageState.REJECTED, StageState.WRITTEN_OFF):
        with pytest.raises(PortalForbidden):
            world.bridge.set_stage_state("b", ticket, stage, state, list(StageState))
    assert world.bridge.ticket(ticket).stages[0].state is StageState.PLANNED


def test_a_stage_goes_through_rejection_to_acceptance(world: World) -> None:
    ticket, (stage,) = world.agreed()
    world.bridge.set_stage_state("a", ticket, stage, StageState.IN_PROGRESS, [StageState.PLANNED])
    with pytest.raises(StateConflict) as caught:
        world.bridge.set_stage_state("b", ticket, stage, StageState.READY, [StageState.PLANNED])
    assert caught.value.actual == "in_progress"
    world.bridge.set_stage_state(
        "b", ticket, stage, StageState.READY, [StageState.IN_PROGRESS], {"url": "https://lms.example.ru"}
    )
    world.engine.reject(ticket, stage=1, comment="не та роль")
    rejected = world.bridge.ticket(ticket).stages[0]
    assert (rejected.state, rejected.portal_revision, rejected.comment) == (
        StageState.REJECTED,
        2,
        "не та роль",
    )
    assert rejected.rejected_at is not None
    world.bridge.set_stage_state("c", ticket, stage, StageState.READY, [StageState.REJECTED])
    world.engine.accept(ticket, stage=1)
    accepted = world.bridge.ticket(ticket).stages[0]
    assert (accepted.state, accepted.portal_revision) == (StageState.ACCEPTED, 2)
    assert accepted.accepted_at is not None


def test_a_new_agreement_changes_estimates_and_keeps_what_was_done(world: World) -> None:
    ticket, stage, _ = world.held()
    before = world.bridge.ticket(ticket)
    world.pause()
    world.engine.agree(ticket, [("Работа", "2", "1"), ("Ещё", "1", "0.6")])
    after = world.bridge.ticket(ticket)
    assert [(one.id == stage, one.estimate, one.state) for one in after.stages] == [
        (True, 2, StageState.ACCEPTED),
        (False, 1, StageState.PLANNED),
    ]
    assert after.agreed_at > before.agreed_at  # type: ignore[operator]


# Balance


def test_hold_and_capture_move_hours_and_the_rest_returns(world: World) -> None:
    ticket, stage, hold = world.held(Decimal(2))
    assert world.balance() == (10, 0, 2, 8)
    entry = world.bridge.capture("c", hold, [charge(30), charge(60, "0.6")], Decimal("1.1"), {"course": 7})
    assert (entry.kind, entry.amount, entry.price, entry.hold_id) == (
        "capture",
        Decimal("1.1"),
        Decimal(2750),
        hold,
    )
    assert (entry.ticket_id, entry.stage_id, entry.account_id) == (ticket, stage, world.school)
    assert world.balance() == (10, Decimal("1.1"), 0, Decimal("8.9"))
    assert world.bridge.ticket(ticket).stages[0].state is StageState.WRITTEN_OFF
    assert world.kinds() == ["top_up", "hold", "capture"]


@pytest.mark.parametrize(
    ("minutes", "k", "amount"),
    [
        (1, "1", "0.02"),
        (1, "0.6", "0.01"),
        (9, "0.5", "0.08"),
        (3, "0.1", "0.01"),
        (20, "1", "0.33"),
        (0, "1", "0"),
    ],
)
def test_the_amount_is_rounded_once_half_up_to_a_hundredth(
    world: World, minutes: int, k: str, amount: str
) -> None:
    _, _, hold = world.held()
    assert world.bridge.capture("c", hold, [charge(minutes, k)], Decimal(amount), {}).amount == Decimal(
        amount
    )


def test_many_lines_are_rounded_as_one(world: World) -> None:
    _, _, hold = world.held()
    assert world.bridge.capture("c", hold, [charge(1, "0.2")] * 3, Decimal("0.01"), {}).amount == Decimal(
        "0.01"
    )


def test_an_amount_that_the_charges_do_not_make_is_refused(world: World) -> None:
    _, _, hold = world.held()
    with pytest.raises(PortalRefused) as caught:
        world.bridge.capture("c", hold, [charge(30)], Decimal("0.51"), {})
    assert caught.value.code == "amount_mismatch"
    assert world.balance() == (10, 0, 1, 9)


def test_an_amount_above_the_hold_is_refused(world: World) -> None:
    _, _, hold = world.held()
    with pytest.raises(StateConflict):
        world.bridge.capture("c", hold, [charge(61)], Decimal("1.02"), {})
    assert world.kinds() == ["top_up", "hold"]


@pytest.mark.parametrize("state", ["planned", "ready"])
def test_only_an_accepted_stage_is_written_off(world: World, state: str) -> None:
    _, _, hold = world.held(state=state)
    with pytest.raises(StateConflict) as caught:
        world.bridge.capture("c", hold, [charge(30)], Decimal("0.5"), {})
    assert caught.value.actual == state


def test_a_hold_ends_once(world: World) -> None:
    _, _, hold = world.held()
    assert world.bridge.void("v", hold).amount == HOUR
    assert world.balance() == (10, 0, 0, 10)
    with pytest.raises(StateConflict) as caught:
        world.bridge.capture("c", hold, [charge(30)], Decimal("0.5"), {})
    assert caught.value.actual == "voided"
    with pytest.raises(StateConflict):
        world.bridge.void("w", hold)


def test_a_hold_that_does_not_fit_tells_what_is_there(world: World) -> None:
    ticket, (stage,) = world.agreed()
    world.bridge.hold("a", world.school, ticket, stage, Decimal("9.5"))
    with pytest.raises(InsufficientBalance) as caught:
        world.bridge.hold("b", world.school, ticket, stage, HOUR)
    assert (caught.value.available, caught.value.needed) == (Decimal("0.5"), HOUR)
    assert world.balance() == (10, 0, Decimal("9.5"), Decimal("0.5"))


def test_an_overdraft_limit_lets_the_balance_go_below_nothing(world: World) -> None:
    credit = world.open_account("credit", "Академия", granted="1", overdraft="2")
    ticket, (stage,) = world.agreed(account="credit")
    with pytest.raises(InsufficientBalance) as caught:
        world.bridge.hold("a", credit, ticket, stage, Decimal("3.01"))
    assert caught.value.available == 3
    world.bridge.hold("a", credit, ticket, stage, Decimal(3))
    account = world.bridge.account(credit)
    assert (account.available, account.overdraft_limit, account.hour_price) == (-2, 2, None)


def test_a_hold_is_for_a_stage_of_a_ticket_of_the_account(world: World) -> None:
    second = world.open_account("other", "Академия", granted="10")
    ticket, (stage,) = world.agreed()
    other, (others_stage,) = world.agreed(account="other")
    for account, ticket_id, stage_id in [
        (second, ticket, stage),
        (world.school, ticket, others_stage),
        (world.school, "none", stage),
        ("none", other, others_stage),
    ]:
        with pytest.raises(PortalNotFound):
            world.bridge.hold("a", account, ticket_id, stage_id, HOUR)


def test_a_capture_is_reversed_once(world: World) -> None:
    _, _, hold = world.held()
    capture = world.bridge.capture("c", hold, [charge(30)], Decimal("0.5"), {})
    reversal = world.bridge.reverse("r", capture.id, "написано дважды")
    assert (reversal.kind, reversal.reverses, reversal.amount) == ("reversal", capture.id, Decimal("0.5"))
    assert world.balance() == (10, 0, 0, 10)
    with pytest.raises(StateConflict):
        world.bridge.reverse("s", capture.id, "ещё раз")


def test_only_a_capture_is_reversed(world: World) -> None:
    world.held()
    for entry in world.bridge.ledger(world.school).entries:
        with pytest.raises(StateConflict):
            world.bridge.reverse("r", entry.id, "?")


def test_the_ledger_is_read_oldest_first(world: World) -> None:
    for hours in range(1, 6):
        world.engine.top_up("school", str(hours))
    page = world.bridge.ledger(world.school)
    assert ([entry.amount for entry in page.entries], page.has_more) == ([10, 1, 2, 3, 4, 5], False)
    moments = [entry.at for entry in page.entries]
    assert moments == sorted(moments)
    assert world.bridge.ledger(world.school, page.cursor).entries == ()
    world.engine.top_up("school", "6")
    assert [entry.amount for entry in world.bridge.ledger(world.school, page.cursor).entries] == [6]


# What is not there


def test_what_is_not_there_is_not_found(world: World) -> None:
    ticket = world.ticket()
    for call in (
        lambda: world.bridge.ticket("none"),
        lambda: world.bridge.account("none"),
        lambda: world.bridge.ledger("none"),
        lambda: world.bridge.note("k", "none", "?"),
        lambda: world.bridge.set_stage_state("k", ticket, "none", StageState.READY, [StageState.PLANNED]),
        lambda: world.bridge.capture("k", "none", [charge(1)], Decimal("0.02"), {}),
        lambda: world.bridge.void("k", "none"),
        lambda: world.bridge.reverse("k", "none", "?"),
    ):
        with pytest.raises(PortalNotFound):
            call()


# Acceptance without the customer's word, corrections, withdrawal


@pytest.mark.parametrize("accepted_by", ["silence", "policy"])
def test_silence_or_policy_accept_a_ready_stage_where_the_portal_can_that(
    world: World, accepted_by: str
) -> None:
    ticket, _, hold = world.held(state="ready")
    meta = world.bridge.meta()
    if "tacit_acceptance" in meta.capabilities | meta.made_up:
        assert world.bridge.capture(
            "c", hold, [charge(30)], Decimal("0.5"), {}, accepted_by
        ).amount == Decimal("0.5")
        stage = world.bridge.ticket(ticket).stages[0]
        assert (stage.state, stage.accepted_at is not None) == (StageState.WRITTEN_OFF, True)
    else:
        with pytest.raises(StateConflict) as caught:
            world.bridge.capture("c", hold, [charge(30)], Decimal("0.5"), {}, accepted_by)
        assert caught.value.actual == "ready"


@pytest.mark.parametrize("accepted_by", ["silence", "policy"])
def test_neither_silence_nor_policy_accepts_what_is_not_ready(world: World, accepted_by: str) -> None:
    _, _, hold = world.held(state="planned")
    with pytest.raises(StateConflict) as caught:
        world.bridge.capture("c", hold, [charge(30)], Decimal("0.5"), {}, accepted_by)
    assert caught.value.actual == "planned"


def test_a_reversed_stage_is_accepted_again_and_can_be_written_off_anew(world: World) -> None:
    ticket, stage, hold = world.held()
    capture = world.bridge.capture("c", hold, [charge(60)], HOUR, {})
    world.bridge.reverse("r", capture.id, "лишнее")
    assert world.bridge.ticket(ticket).stages[0].state is StageState.ACCEPTED
    again = world.bridge.hold("h2", world.school, ticket, stage, Decimal("0.5"))
    assert again.hold_id is not None
    world.bridge.capture("c2", again.hold_id, [charge(30)], Decimal("0.5"), {})
    assert world.bridge.ticket(ticket).stages[0].state is StageState.WRITTEN_OFF
    assert world.kinds() == ["top_up", "hold", "capture", "reversal", "hold", "capture"]
    assert world.balance() == (10, Decimal("0.5"), 0, Decimal("9.5"))


def test_a_repeated_reversal_gets_the_first_answer(world: World) -> None:
    _, _, hold = world.held()
    capture = world.bridge.capture("c", hold, [charge(30)], Decimal("0.5"), {})
    first = world.bridge.reverse("r", capture.id, "написано дважды")
    assert world.bridge.reverse("r", capture.id, "написано дважды") == first
    assert world.kinds().count("reversal") == 1


def test_parallel_reversals_under_other_keys_make_one_row(world: World) -> None:
    _, _, hold = world.held()
    capture = world.bridge.capture("c", hold, [charge(30)], Decimal("0.5"), {})
    clients = [world.client(world.engine.token) for _ in range(8)]
    results = in_parallel(8, lambda number: clients[number].reverse(f"r{number}", capture.id, "?"))
    assert sum(not isinstance(result, PortalError) for result in results) == 1
    assert world.balance() == (10, 0, 0, 10)


def test_an_accepted_stage_of_a_withdrawn_ticket_is_still_held_and_written_off(world: World) -> None:
    ticket, stage, hold = world.held()
    world.bridge.void("v", hold)
    world.engine.withdraw(ticket)
    again = world.bridge.hold("h2", world.school, ticket, stage, HOUR)
    assert again.hold_id is not None
    assert world.bridge.capture("c", again.hold_id, [charge(30)], Decimal("0.5"), {}).amount == Decimal("0.5")


def test_a_specialist_reports_a_stage_ready(world: World) -> None:
    ticket, (stage,) = world.agreed()
    world.bridge.set_stage_state("a", ticket, stage, StageState.IN_PROGRESS, [StageState.PLANNED])
    world.engine.report_ready(ticket, stage=1)
    assert world.bridge.ticket(ticket).stages[0].state is StageState.READY


# What its owner can check


@pytest.mark.parametrize("accepted", [False, True], ids=["agreed", "accepted"])
def test_the_owners_check_finds_every_rule_kept(world: World, accepted: bool) -> None:
    faults = {one.rule: one.fault for one in world.owners_check(accepted=accepted) if one.fault}
    assert faults == {}
    assert world.balance() == (10, 0, 0, 10)
