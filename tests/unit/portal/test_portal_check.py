"""otbridge portal check: the embedded portal keeps every rule, and each rule that a portal breaks is
named.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bridge.cli import main
from bridge.domain.tickets import StageState
from bridge.portal.port import CAPABILITIES
from bridge.sandbox.portal import SandboxPortal, routes
from bridge.sandbox.portal.documents import Documents
from bridge.sandbox.portal.keys import Keys, Stored
from bridge.sandbox.portal.ledger import Ledger
from bridge.sandbox.portal.problems import Problem
from bridge.sandbox.portal.tickets import Tickets


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[SandboxPortal]:
    with SandboxPortal.start(tmp_path) as one:
        one.open_account("school", "Школа", granted="10", hour_price="2500")
        yield one


def a_ticket(portal: SandboxPortal, *, accepted: bool) -> str:
    ticket = portal.open_ticket(
        account="school", category="Выделенный специалист (н.часы)", subject="Проверка", text="!"
    )
    portal.agree(ticket, [("Этап", "2", "1")])
    if accepted:
        portal.report_ready(ticket)
        portal.accept(ticket)
    return ticket


def check(portal: SandboxPortal, *arguments: str, token: str | None = None) -> tuple[int, dict[str, str]]:
    """Exit code, and the rules that are broken with what the portal does instead."""
    ran = CliRunner().invoke(
        main,
        ["portal", "check", portal.url, "--json", *arguments],
        env={"OTBRIDGE_PORTAL_TOKEN": portal.token if token is None else token},
    )
    rules = json.loads(ran.stdout)["rules"] if ran.stdout.startswith("{") else []
    return ran.exit_code, {one["rule"]: one["fault"] for one in rules if not one["ok"]}


@pytest.mark.parametrize("accepted", [False, True], ids=["agreed", "accepted"])
def test_the_embedded_portal_keeps_every_rule_and_its_ledger(portal: SandboxPortal, accepted: bool) -> None:
    ticket = a_ticket(portal, accepted=accepted)
    assert check(portal, "--ticket", ticket) == (0, {})
    account = portal.account("school")
    assert (account.written_off, account.held) == (0, 0)
    assert portal.ticket(ticket).stages[0].state is (StageState.ACCEPTED if accepted else StageState.PLANNED)


def test_without_a_ticket_nothing_is_written(portal: SandboxPortal) -> None:
    a_ticket(portal, accepted=False)
    before = portal.tickets()
    assert check(portal) == (0, {})
    assert portal.tickets() == before


def test_a_portal_that_is_not_there_and_a_missing_token_are_told(
    portal: SandboxPortal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.wire.retries.Retries.pause", lambda _self, _number: 0.0)
    assert check(portal, token="")[0] == 2
    assert check(portal, token="wrong")[0] == 2
    portal.stop()
    assert check(portal)[0] == 3


def forget_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    def once(_self: Keys, key: str, request: str, do: Callable[[], Any]) -> Stored:
        status, document = do()
        return Stored(status, json.dumps(document, ensure_ascii=False), replayed=False)

    monkeypatch.setattr(Keys, "once", once)


def ignore_the_balance(monkeypatch: pytest.MonkeyPatch) -> None:
    def hold(self: Ledger, key: str, account_id: str, ticket_id: str, stage_id: str, amount_mh: int) -> Any:
        asked = {
            "account_id": account_id,
            "ticket_id": ticket_id,
            "stage_id": stage_id,
            "amount_mh": amount_mh,
        }
        return self._append(key=key, kind="hold", hold_id=f"h{self._next()}", **asked)

    monkeypatch.setattr(Ledger, "hold", hold)


def accept_for_the_customer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.sandbox.portal.tickets.CUSTOMERS_OWN", frozenset())


def set_states_blindly(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Tickets.set_state
    every = ["open", "in_progress", "suspended"]
    monkeypatch.setattr(
        Tickets, "set_state", lambda self, ticket, state, _expected: real(self, ticket, state, every)
    )


def escape_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Tickets.note

    def note(self: Tickets, ticket: str, text: str, *rest: Any, **named: Any) -> Any:
        return real(self, ticket, text.replace("<", "&lt;"), *rest, **named)

    monkeypatch.setattr(Tickets, "note", note)


def let_holds_be_voided_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Ledger.void

    def void(self: Ledger, key: str, hold_id: str) -> Any:
        try:
            return real(self, key, hold_id)
        except Problem:
            row = self._store.row("SELECT * FROM ledger WHERE hold_id = ? AND kind = 'void'", hold_id)
            assert row is not None
            return {
                "id": f"l{row['n']}",
                "key": key,
                "kind": "void",
                "account_id": row["account_id"],
                "ticket_id": row["ticket_id"],
                "stage_id": row["stage_id"],
                "amount_mh": row["amount_mh"],
                "hold_id": hold_id,
                "reverses": None,
                "price_kopecks": None,
                "at": row["at"],
                "charges": [],
            }

    monkeypatch.setattr(Ledger, "void", void)


def tell_a_wrong_balance(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Documents.account

    def account(self: Documents, id_: str) -> Any:
        told = real(self, id_)
        return {**told, "granted_mh": told["granted_mh"] + 1000, "available_mh": told["available_mh"] + 1000}

    monkeypatch.setattr(Documents, "account", account)


def show_what_was_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    def ticket_row(self: Documents, id_: str) -> Any:
        return self._store.row("SELECT * FROM ticket WHERE id = ?", id_)

    monkeypatch.setattr(Documents, "ticket_row", ticket_row)


def lack_an_ability(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "CAPABILITIES", tuple(CAPABILITIES - {"reversals"}))


@pytest.mark.parametrize(
    ("break_it", "rule", "word"),
    [
        (forget_keys, "the same key and body give the first answer, and do nothing", "the answer was"),
        (forget_keys, "the same key with another body is refused as key_reused", "KeyReused was expected"),
        (
            ignore_the_balance,
            "a hold beyond the balance is refused with both numbers, and its key stays free",
            "11 norm-hours were held where 10 are",
        ),
        (ignore_the_balance, "8 parallel holds never exceed the balance", "available fell to"),
        (
            accept_for_the_customer,
            "what is the customer's is refused to the bridge",
            "PortalForbidden was expected",
        ),
        (set_states_blindly, "states are compared and set", "StateConflict was expected"),
        (escape_notes, "a note comes back as it was written", "&lt;"),
        (
            let_holds_be_voided_twice,
            "8 parallel holds of one key are one hold, and it ends once",
            "StateConflict was expected",
        ),
        (tell_a_wrong_balance, "each account's sums are those of its ledger", "its ledger makes 10, 0, 0"),
        (
            show_what_was_deleted,
            "a ticket that was merged or deleted is listed in gone, and is not there",
            "PortalNotFound was expected",
        ),
        (lack_an_ability, "GET /meta names contract 1, scopes, abilities and the time", "reversals"),
    ],
)
def test_a_portal_that_breaks_a_rule_is_told_which(
    portal: SandboxPortal,
    monkeypatch: pytest.MonkeyPatch,
    break_it: Callable[[pytest.MonkeyPatch], None],
    rule: str,
    word: str,
) -> None:
    portal.delete(a_ticket(portal, accepted=False))
    ticket = a_ticket(portal, accepted=False)
    break_it(monkeypatch)
    code, broken = check(portal, "--ticket", ticket)
    assert code == 1
    assert word in broken[rule]
