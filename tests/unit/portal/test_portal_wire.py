"""From the wire to values: strict about what counts, deaf to what is new, and nothing unreadable is
dropped.
"""

from __future__ import annotations

import copy
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.hours import to_milli
from bridge.domain.tickets import StageState, TicketState
from bridge.portal import wire
from bridge.portal.wire import NotTheContract
from tests.unit.portal.portal_fakes import ACCOUNT, META, STAGE, TICKET, entry, page


def with_change(document: Any, path: str, value: Any) -> Any:
    """A copy with one member changed, or taken away where the value is `...`."""
    copied = copy.deepcopy(document)
    *way, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
    place = copied
    for step in way:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return copied


def test_a_ticket_becomes_a_value() -> None:
    ticket = wire.ticket(TICKET)
    assert (ticket.id, ticket.number, ticket.customer_name, ticket.state) == (
        "t1",
        "77",
        "Школа",
        TicketState.OPEN,
    )
    assert ticket.agreed_at == datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    assert (ticket.stages[0].estimate, ticket.stages[0].coefficient, ticket.stages[0].state) == (
        1,
        Decimal("0.6"),
        StageState.PLANNED,
    )
    assert (ticket.time_entries[0].minutes, ticket.attachments[0].size, ticket.thread[0].text) == (
        30,
        3,
        "Прошу",
    )


def test_members_of_a_newer_contract_are_ignored() -> None:
    assert wire.ticket({**TICKET, "colour": "red", "stages": [{**STAGE, "mood": 1.5}]}) == wire.ticket(TICKET)


MEMBERS = [
    *(member for member in TICKET if member != "thread"),  # a page may come without it
    "customer.id",
    "customer.name",
    *(
        f"{name}.0.{member}"
        for name in ("thread", "attachments", "stages", "time_entries")
        for member in TICKET[name][0]
    ),
]


@pytest.mark.parametrize("path", MEMBERS)
def test_a_ticket_that_lacks_a_member_is_told_with_its_path(path: str) -> None:
    read = wire.ticket_page(page(with_change(TICKET, path, ...), TICKET), None)
    assert len(read.tickets) == 1, "the readable one is told"
    assert read.faults[0].problems == (f"{path}: missing",)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", ""),
        ("id", "."),
        ("id", ".."),
        ("id", "x" * 201),
        ("id", 7),
        ("id", "\x00"),
        ("number", 77),
        ("number", ""),
        ("number", None),
        ("version", "2"),
        ("version", 2.0),
        ("version", True),
        ("version", -1),
        ("version", 2**53),
        ("state", "on_fire"),
        ("state", 1),
        ("created_at", "2026-03-01T09:30:00"),
        ("created_at", 1772357400),
        ("created_at", "2026-02-30T09:30:00Z"),
        ("created_at", "2026-03-01"),
        ("created_at", "0001-01-01T00:00:00+14:00"),
        ("agreement_required", 1),
        ("agreement_required", "yes"),
        ("fields.service", 1),
        ("fields", []),
        ("fields.service", None),
        ("subject", "\x00"),
        ("subject", "\ud800"),
        ("stages.0.estimate_mh", 1000.0),
        ("stages.0.estimate_mh", 333),
        ("stages.0.estimate_mh", -50),
        ("stages.0.coefficient_milli", 0),
        ("stages.0.revision", 0),
        ("stages.0.state", "boiling"),
        ("stages.0.accepted_at", ""),
        ("stages", {}),
        ("stages", None),
        ("attachments.0.sha256", "ABC"),
        ("attachments.0.size", -1),
        ("time_entries.0.minutes", 30.5),
        ("thread.0.visibility", "everybody"),
        ("customer", "Школа"),
        ("account_id", None),
    ],
)
def test_a_member_that_is_not_the_contracts_is_a_fault_with_its_path(path: str, value: Any) -> None:
    read = wire.ticket_page(page(with_change(TICKET, path, value)), None)
    assert read.tickets == ()
    (fault,) = read.faults
    assert len(fault.problems) == 1
    assert fault.problems[0].startswith(f"{path}: ")


def test_all_faults_of_a_ticket_are_told_at_once() -> None:
    broken = with_change(with_change(TICKET, "number", ...), "stages.0.estimate_mh", 1.5)
    (fault,) = wire.ticket_page(page(broken), None).faults
    assert fault.ref == "t1"
    number, estimate = fault.problems
    assert number == "number: missing"
    assert estimate.startswith("stages.0.estimate_mh: must be ")
    del broken["thread"]
    assert json.loads(fault.payload) == broken, "but for the messages, which nobody reads"


@pytest.mark.parametrize(
    ("page", "id_"),
    [
        (
            {
                "has_more": True,
                "gone": [],
                "tickets": [{"subject": 'a "{" b', "fields": {"id": "x"}, "id": "t1", "text": "…"}],
            },
            "t1",
        ),
        ({"tickets": [{"text": "…", "id": "t1"}]}, ""),
        ({"tickets": [{"id": 7, "text": "…"}]}, ""),
        ({"tickets": []}, ""),
        ({"text": "…"}, ""),
    ],
)
def test_a_page_that_was_not_read_to_its_end_names_its_first_ticket(page: Any, id_: str) -> None:
    begun = json.dumps(page, ensure_ascii=False, indent=2).partition("…")[0]
    assert wire.first_ticket_id(begun.encode()) == id_
    for end in range(len(begun)):
        assert wire.first_ticket_id(begun[:end].encode()) in (id_, "")


@pytest.mark.parametrize("begun", [b"", b"\xff{", b"[1, 2", b'{1: 2, "tickets": {"id": "t1', b"<html>"])
def test_what_is_no_page_names_no_ticket(begun: bytes) -> None:
    assert wire.first_ticket_id(begun) == ""


GONE = {"id": "t7", "reason": "merged", "at": "2026-03-01T10:00:00Z", "into": "88"}


@pytest.mark.parametrize(
    "broken", [{**GONE, "reason": "archived"}, {**GONE, "at": "yesterday"}, {"id": "t7"}, None, "t7"]
)
def test_an_entry_of_gone_that_cannot_be_read_is_a_fault_and_hides_no_other(broken: Any) -> None:
    read = wire.ticket_page({**page(TICKET), "gone": [broken, {**GONE, "id": "t8"}]}, None)
    assert ([one.id for one in read.tickets], [(one.id, one.reason, one.into) for one in read.gone]) == (
        ["t1"],
        [("t8", "merged", "88")],
    )
    (fault,) = read.faults
    assert fault.ref == "t7" or broken in (None, "t7")
    assert fault.problems[0].startswith("gone: ")


def test_an_agreed_ticket_has_stages_of_its_own() -> None:
    assert wire.ticket_page(page({**TICKET, "stages": []}), None).faults[0].problems == (
        "stages: an agreed ticket has at least one",
    )
    assert wire.ticket_page(page({**TICKET, "stages": [STAGE, STAGE]}), None).faults[0].problems == (
        "stages: two have the same id",
    )
    assert wire.ticket({**TICKET, "agreed_at": None, "stages": []}).stages == ()


@pytest.mark.parametrize("broken", [None, 1, "ticket", [], {}, {"id": 7}, {"id": "x" * 201}, {"id": "a\nb"}])
def test_a_fault_without_a_usable_id_is_named_by_a_hash(broken: Any) -> None:
    (fault,) = wire.ticket_page(page(broken), None).faults
    assert re.fullmatch(r"sha256:[0-9a-f]{12}", fault.ref)
    assert fault.ref == wire.ticket_page(page(broken), None).faults[0].ref, (
        "the same fault comes under the same name again"
    )


def test_a_faults_payload_can_be_stored_whatever_stands_in_it() -> None:
    (fault,) = wire.ticket_page(page({"id": "t", "subject": "\ud800\x00 Роль"}), None).faults
    assert "Роль" in fault.payload
    assert "\x00" not in fault.payload
    fault.payload.encode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.sampled_from(MEMBERS), JSON)
def test_whatever_comes_a_ticket_is_either_read_or_a_fault(path: str, value: Any) -> None:
    read = wire.ticket_page(page(with_change(TICKET, path, value)), None)
    assert len(read.tickets) + len(read.faults) == 1
    for fault in read.faults:
        assert fault.problems
        "".join((fault.ref, fault.payload, *fault.problems)).encode()


@given(JSON)
def test_whatever_comes_as_a_ticket_stops_no_other(value: Any) -> None:
    read = wire.ticket_page(page(value, TICKET), None)
    assert (len(read.tickets), len(read.faults)) == (1, 1)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"tickets": {}},
        {**page(), "next_cursor": ""},
        {**page(), "next_cursor": 2},
        {**page(), "has_more": 0},
    ],
)
def test_a_page_that_is_no_page_is_an_error(value: Any) -> None:
    with pytest.raises(NotTheContract):
        wire.ticket_page(value, None)


@given(st.integers(0, 2**53 - 1))
def test_hours_come_through_unchanged(milli: int) -> None:
    assert to_milli(wire.ledger_entry(entry(amount_mh=milli)).amount) == milli


def test_a_moment_with_another_zone_is_the_same_moment() -> None:
    assert wire.meta({**META, "time": "2026-03-01T12:30:00.5+03:00"}).time == datetime(
        2026, 3, 1, 9, 30, 0, 500_000, UTC
    )


def test_an_account_whose_sums_do_not_agree_is_not_believed() -> None:
    assert wire.account(ACCOUNT).hour_price == 2500
    with pytest.raises(NotTheContract, match="granted"):
        wire.account({**ACCOUNT, "available_mh": 9000})


def test_a_ledger_entry_that_cannot_be_read_spoils_its_page() -> None:
    with pytest.raises(NotTheContract, match=r"entries\.1\.amount_mh: missing"):
        wire.ledger_page(
            {
                "entries": [entry(), with_change(entry(), "amount_mh", ...)],
                "next_cursor": "c",
                "has_more": False,
            }
        )
