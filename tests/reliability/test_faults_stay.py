"""A fault stays with the ticket that meets it: a good ticket behind it comes to its end, and the bad one
does when the fault is mended.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest

from bridge.domain.lifecycle import Kind
from bridge.flow.preview import preview
from bridge.flow.scope import LONGEST_PAUSE, PATIENCE, Exit
from bridge.moodle_ws import (
    AccessError,
    Maintenance,
    MoodleRefused,
    NotMoodle,
    OutcomeUnknown,
    ServerError,
    TokenError,
    UnknownFunction,
    Unreachable,
)
from bridge.portal import (
    AnotherBridge,
    PortalError,
    PortalForbidden,
    PortalNotContract,
    PortalOutcomeUnknown,
    PortalUnauthorized,
    PortalUnreachable,
)
from tests.reliability.world import PAID, RESTORE, ROLE, Disk, World

BAD, GOOD = "t1", "t2"
LONG = LONGEST_PAUSE.total_seconds() / 60


@dataclass(frozen=True)
class Poison:
    """A call that fails for one ticket.

    Attributes:
        of: "portal" or "moodle".
        call: a method of the portal or a function of Moodle.
        hits: tells from the call's arguments whether it is the bad ticket's.
        error: what the call raises instead.
        at_once: whether an operator is asked at the first fault.
    """

    of: str
    call: str
    hits: Callable[[World, tuple[Any, ...], dict[str, Any]], bool]
    error: Exception
    at_once: bool = False

    def apply(self, world: World) -> Callable[[], None]:
        """Poison the call; returns the cure."""
        if self.of == "portal":
            healthy = getattr(world.portal, self.call)
            setattr(world.portal, self.call, self._around(world, healthy))
            return lambda: world.portal.__dict__.pop(self.call)
        read, write = world.moodle.read, world.moodle.write

        def poisoned(healthy: Callable[..., Any]) -> Callable[..., Any]:
            around = self._around(world, healthy)
            return lambda function, **params: (around if function == self.call else healthy)(
                function, **params
            )

        world.moodle.read, world.moodle.write = poisoned(read), poisoned(write)
        return lambda: world.moodle.__dict__.pop("read") and world.moodle.__dict__.pop("write") and None

    def _around(self, world: World, healthy: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            if self.hits(world, args, more):
                raise self.error
            return healthy(*args, **more)

        return call

    def __str__(self) -> str:
        return f"{self.of}.{self.call}-{getattr(self.error, 'errorcode', '') or type(self.error).__name__}"


def _named(_world: World, _args: tuple[Any, ...], params: dict[str, Any]) -> bool:
    return params.get("shortname") == "OT-1"


def _of_ticket(_world: World, args: tuple[Any, ...], _more: dict[str, Any]) -> bool:
    return BAD in args


def _of_its_hold(world: World, args: tuple[Any, ...], _more: dict[str, Any]) -> bool:
    return args[1] in [entry.hold_id for entry in world.portal.entries if entry.ticket_id == BAD]


def _of_its_account(_world: World, args: tuple[Any, ...], _more: dict[str, Any]) -> bool:
    return "poisoned" in args


def _restores(_world: World, _args: tuple[Any, ...], params: dict[str, Any]) -> bool:
    return "course.restore" in params["program"]


FIND, RUN = "local_otbridge_find_backups", "local_otbridge_run"
MOODLE_ERRORS: tuple[Exception, ...] = (
    MoodleRefused(FIND, "Error reading from database", errorcode="dmlreadexception"),
    ServerError(FIND, "the server answered HTTP 504", status=504),
    NotMoodle(FIND, "text before the JSON"),
    Maintenance(FIND, "HTTP 503", status=503),
    Unreachable(FIND, "the answer broke off"),
    RuntimeError("a fault of the program"),
)
WRITE_ERRORS: tuple[Exception, ...] = (
    MoodleRefused(RUN, "Error writing to database", errorcode="dmlwriteexception"),
    OutcomeUnknown(RUN, "the server answered HTTP 504", status=504),
    RuntimeError("a fault of the program"),
)
PORTAL_ERRORS: tuple[Exception, ...] = (
    PortalUnreachable("GET /x", "the portal answered HTTP 500", status=500),
    PortalForbidden("GET /x", "not yours", status=403, code="forbidden"),
    PortalNotContract("GET /x", "no JSON"),
    KeyError("member"),
)
POISONS = [
    *(Poison("moodle", FIND, _named, error) for error in MOODLE_ERRORS),
    *(
        Poison("moodle", FIND, _named, kind(FIND, "said"), at_once=True)
        for kind in (AccessError, UnknownFunction)
    ),
    *(Poison("moodle", RUN, _restores, error) for error in WRITE_ERRORS),
    *(Poison("portal", "ticket", _of_ticket, error) for error in PORTAL_ERRORS),
    *(Poison("portal", "account", _of_its_account, error) for error in PORTAL_ERRORS),
    *(
        Poison("portal", call, hits, error)
        for call, hits in (
            ("hold", _of_ticket),
            ("note", _of_ticket),
            ("set_stage_state", _of_ticket),
            ("capture", _of_its_hold),
        )
        for error in (
            PortalOutcomeUnknown("POST /x", "HTTP 500", status=500),
            ZeroDivisionError("a fault of the program"),
        )
    ),
]


@pytest.mark.parametrize("poison", POISONS, ids=str)
def test_a_bad_ticket_waits_for_an_operator_and_the_good_one_behind_it_comes_to_its_end(
    disk: Disk, poison: Poison
) -> None:
    world = World(disk)
    world.portal.open_account("poisoned", "Академия", granted=10)
    world.order(RESTORE, account="poisoned")
    world.order(ROLE)
    cure = poison.apply(world)

    for _ in range(PATIENCE + 4):
        report = world.run_pass()
        assert report is not None
        for ticket in (BAD, GOOD):
            if world.statuses()[ticket] == "awaiting-acceptance":
                world.portal.accept(ticket)
        if poison.at_once:
            assert report.exit is Exit.OPERATOR
    assert world.statuses() == {BAD: "failed", GOOD: "done"}
    assert report is not None
    assert report.exit is Exit.OPERATOR
    assert report.operator == [world.portal.tickets[BAD].number]
    assert report.problems == [], "a fault of one ticket is not told as an outage"
    assert "cannot" not in str(world.trace()["effects"]), (
        "the customer was told of a fault that is not the order's"
    )

    cure()
    for _ in range(4):
        world.run_pass(minutes=LONG + 1)
        if world.statuses()[BAD] == "awaiting-acceptance":
            world.portal.accept(BAD)
    assert world.statuses() == {BAD: "done", GOOD: "done"}
    assert (world.taken(BAD), world.taken(GOOD)) == (1, Decimal("0.5"))
    world.check()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unreachable("x", "refused"), Exit.UNREACHABLE),
        (Maintenance("x", "maintenance"), Exit.UNREACHABLE),
        (NotMoodle("x", "a page"), Exit.UNREACHABLE),
        (TokenError("x", "invalid token", errorcode="invalidtoken"), Exit.CONFIGURATION),
        (MoodleRefused("x", "agree to the site policy", errorcode="sitepolicynotagreed"), Exit.OPERATOR),
        (AccessError("x", "web services are off"), Exit.OPERATOR),
    ],
    ids=str,
)
def test_a_moodle_that_refuses_every_call_stops_its_tickets_and_no_others(
    disk: Disk, error: Exception, code: Exit
) -> None:
    world = World(disk)
    world.order(RESTORE)
    world.order(ROLE)
    by_hand = world.order({"service": "2.6"})
    world.moodle.read = world.moodle.write = _raising(error)
    for _ in range(PATIENCE + 1):
        report = world.run_pass()
        assert report is not None
        assert (report.exit, len(report.problems)) == (code, 1), "an outage is told once"
    assert world.statuses() == {"t1": "queued", "t2": "queued", by_hand: "running"}
    forecasts, problems, foreseen = preview(world.bridge())
    assert (foreseen, problems) == (code, [str(error)])
    assert [one.status.value for one in forecasts] == ["queued", "queued"]

    del world.moodle.read, world.moodle.write
    world.rest()
    assert world.statuses() == {"t1": "awaiting-acceptance", "t2": "awaiting-acceptance", by_hand: "running"}
    world.check()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PortalUnreachable("x", "refused"), Exit.UNREACHABLE),
        (PortalNotContract("x", "a page"), Exit.UNREACHABLE),
        (PortalUnauthorized("x", "wrong token", status=401), Exit.CONFIGURATION),
    ],
    ids=str,
)
def test_a_portal_that_refuses_every_call_ends_the_pass(disk: Disk, error: PortalError, code: Exit) -> None:
    world = World(disk)
    world.order(RESTORE)
    world.run_pass()
    names = (
        "meta",
        "changed_tickets",
        "ticket",
        "account",
        "hold",
        "note",
        "set_ticket_state",
        "set_stage_state",
    )
    for name in names:
        setattr(world.portal, name, _raising(error))
    report = world.run_pass()
    assert report is not None
    assert (report.exit, report.problems, report.tickets) == (code, [str(error)], [])
    assert preview(world.bridge())[1:] == ([str(error)], code)

    for name in names:
        delattr(world.portal, name)
    world.rest()
    assert world.statuses() == {"t1": "awaiting-acceptance"}
    world.check()


def test_a_portal_on_which_another_bridge_works_ends_the_pass_and_every_intent_waits(disk: Disk) -> None:
    error = AnotherBridge(
        "POST /accounts/school/holds", "the bridge b2 works on this portal", status=409, code="another_bridge"
    )
    world = World(disk)
    world.order(RESTORE)
    world.order(ROLE)
    names = ("hold", "note", "set_ticket_state", "set_stage_state", "capture", "void")
    for name in names:
        setattr(world.portal, name, _raising(error))
    for _ in range(PATIENCE + 1):
        report = world.run_pass()
        assert report is not None
        assert (report.exit, report.problems) == (Exit.CONFIGURATION, [str(error)])
    assert world.statuses() == {"t1": "queued", "t2": "new"}, "it is nobody's fault but the bridge's"

    for name in names:
        delattr(world.portal, name)
    world.rest()
    assert world.statuses() == {"t1": "awaiting-acceptance", "t2": "awaiting-acceptance"}
    world.check()


WRONG: dict[str, Callable[[Any], Any]] = {
    "hold-of-another-account": lambda entry: replace(entry, account_id="school"),
    "hold-of-another-ticket": lambda entry: replace(entry, ticket_id=GOOD),
    "hold-of-another-stage": lambda entry: replace(entry, stage_id="s2-1"),
    "capture-of-another-account": lambda entry: replace(entry, account_id="school"),
    "capture-of-another-account-that-nobody-has": lambda entry: replace(entry, account_id="nobody"),
    "capture-of-another-ticket": lambda entry: replace(entry, ticket_id=GOOD),
    "capture-of-another-amount": lambda entry: replace(entry, amount=entry.amount + 7),
    "void-of-another-ticket": lambda entry: replace(entry, ticket_id=GOOD),
}
"""Answers that keep the contract, and are about something else than what was asked."""


@pytest.mark.parametrize("name", list(WRONG))
def test_an_answer_that_keeps_the_contract_and_is_wrong_stays_with_its_ticket(disk: Disk, name: str) -> None:
    world = World(disk)
    world.portal.open_account("poisoned", "Академия", granted=10)
    for account in ("poisoned", "school"):
        world.order({"service": "2.6"}, account=account)
    call = name.partition("-")[0]
    healthy = getattr(world.portal, call)

    def wrong(key: str, *args: Any, **more: Any) -> Any:
        entry = healthy(key, *args, **more)
        return WRONG[name](entry) if entry.ticket_id == BAD else entry

    setattr(world.portal, call, wrong)
    for _ in range(PATIENCE + 4):
        report = world.run_pass()
        assert report is not None
        for ticket in (BAD, GOOD):
            state = world.portal.tickets[ticket].stages[0].state.value
            if state == "in_progress":
                world.portal.log_time(ticket, 30)
                world.portal.report_ready(ticket)
            elif state == "ready" and (ticket == GOOD or call == "capture"):
                world.portal.accept(ticket)
            elif state == "ready" and world.portal.tickets[ticket].withdrawn_at is None:
                world.portal.withdraw(ticket)
    assert report is not None
    assert (world.statuses(), report.exit) == ({BAD: "failed", GOOD: "done"}, Exit.OPERATOR)
    kinds = [entry.kind for entry in world.portal.entries if entry.ticket_id == BAD]
    assert kinds == {"hold": ["hold"], "capture": ["hold", "capture"], "void": ["hold", "void"]}[call], (
        "nothing is booked twice"
    )

    delattr(world.portal, call)
    for _ in range(4):
        world.run_pass(minutes=LONG + 1)
    assert world.statuses()[BAD] in ("done", "running", "withdrawn")
    assert world.reconcile() == []


def test_pages_without_an_end_end_the_polling_and_not_the_pass(disk: Disk) -> None:
    world = World(disk)
    world.order({"service": "2.6"})
    pages = iter(range(1000))
    first = world.portal.changed_tickets(None)
    assert first is not None
    world.portal.changed_tickets = lambda *_: replace(first, cursor=f"c{next(pages) % 3}", has_more=True)
    report = world.run_pass()
    assert report is not None
    assert next(pages) < 6
    assert (report.exit, world.statuses()) == (Exit.UNREACHABLE, {"t1": "running"})
    assert "comes round again" in report.problems[0]


def test_a_token_without_a_scope_is_a_matter_of_settings_and_of_no_ticket(disk: Disk) -> None:
    world = World(disk)
    world.order(RESTORE)
    meta, hold = (
        world.portal.meta(),
        PortalForbidden("POST holds", "scope ledger:write is missing", status=403, code="forbidden"),
    )
    world.portal.meta = lambda: replace(meta, scopes=meta.scopes - {"ledger:write"})
    world.portal.hold = _raising(hold)
    report = world.run_pass()
    assert report is not None
    assert (report.exit, world.statuses()) == (Exit.CONFIGURATION, {"t1": "queued"})
    assert "ledger:write" in report.problems[0]


@pytest.mark.parametrize(
    "error", [ServerError(FIND, "HTTP 504", status=504), RuntimeError("a fault of the program")], ids=repr
)
def test_a_mended_order_takes_over_from_one_whose_examination_never_came_to_an_end(
    disk: Disk, error: Exception
) -> None:
    world = World(disk)
    ticket = world.order(RESTORE)
    world.moodle.lose_course("Физика", "OT-2")
    Poison("moodle", FIND, _named, error).apply(world)
    for _ in range(PATIENCE + 1):
        world.run_pass()
    assert world.statuses() == {ticket: "failed"}

    world.portal.edit_fields(ticket, {**RESTORE, "param_shortname": "OT-2"})
    world.rest()
    assert world.statuses() == {ticket: "awaiting-acceptance"}
    assert world.moodle.bearing("OT-2") == 1
    world.check()


def test_a_forecast_goes_on_behind_a_ticket_that_it_cannot_foresee(disk: Disk) -> None:
    world = World(disk)
    world.order(RESTORE)
    world.order(ROLE)
    Poison("moodle", FIND, _named, RuntimeError("a fault of the program")).apply(world)
    before = world.trace()
    forecasts, problems, code = preview(world.bridge())
    assert [(one.ticket.id, one.status.value) for one in forecasts] == [
        (BAD, "failed"),
        (GOOD, "awaiting-acceptance"),
    ]
    assert (problems, code) == ([], Exit.OPERATOR)
    assert world.trace() == before


def test_a_ticket_that_the_journal_cannot_take_is_parked_and_its_page_is_kept(disk: Disk) -> None:
    world = World(disk)
    bad = world.portal.open_ticket(account="school", category=PAID, subject="Заявка", fields={})
    world.portal.tickets[bad] = replace(world.portal.tickets[bad], version=10**30)
    good = world.order(ROLE)
    report = world.run_pass()
    assert report is not None
    assert [ref for ref, _ in report.faults] == [bad]
    assert world.statuses() == {good: "awaiting-acceptance"}
    assert Kind.OPERATE in report.tickets[0].done


def _raising(error: Exception) -> Callable[..., Any]:
    def call(*_args: Any, **_more: Any) -> Any:
        raise error

    return call


def test_each_thing_done_is_one_line_of_the_log(disk: Disk, caplog: pytest.LogCaptureFixture) -> None:
    world = World(disk)
    ticket = world.order(ROLE)
    logging.getLogger("bridge").setLevel(logging.INFO)
    world.run_pass()
    lines = [record.message for record in caplog.records if record.name == "bridge.done"]
    done = [one.kind for one in _effects(world, ticket)]
    assert [line.split()[0] for line in lines] == [f"what={kind}" for kind in done]
    assert all(
        f"ticket={world.portal.tickets[ticket].number}" in line and " key=" in line and " seconds=" in line
        for line in lines
    )
    assert [line for line in lines if " hours=" in line] == [
        line for line in lines if line.startswith("what=hold")
    ]


def _effects(world: World, ticket: str) -> list[Any]:
    with world.journal.transaction(read_only=True) as unit:
        return unit.effects.of("test", ticket)
