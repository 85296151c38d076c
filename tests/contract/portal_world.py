"""The world that the contract's suite plays in: an engine, its people, and the bridge's clients.

An engine joins by a class like `Sandbox` or `OsTicket`: `start` opens it for a directory of the test's own;
`token` is the bridge's, `connect` makes a client with one, `account_id` tells the portal's id of an account,
`tick` is the coarsest step of its clock in seconds; what the customer's and the specialist's side do is named
as in `bridge.sandbox.portal.customer`. A server of the contract has its clients from `HttpEngine`, and makes
further tokens, installations and busy keys (`add_token`, `add_installation`, `processing`) as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
import requests

from bridge.domain.hours import Charge
from bridge.domain.tickets import StageState
from bridge.flow.context import utc_now
from bridge.portal import HttpPortal, Portal, PortalError
from bridge.portal.check import Finding, Reads
from bridge.portal.check_writes import Writes
from bridge.sandbox.portal import SandboxPortal
from tests.contract.engine import PAID, HttpEngine
from tests.contract.osticket import OsTicket
from tests.contract.redmine import Redmine

HOUR = Decimal(1)


class Sandbox(HttpEngine, SandboxPortal):
    """The embedded portal: every test has one of its own."""

    def account_id(self, name: str) -> str:
        """The portal's id of an account that a test opened under this name."""
        return name


SERVERS = [Sandbox, pytest.param(OsTicket, marks=pytest.mark.live)]
"""Engines that serve the contract over HTTP. Each is started for a directory of its own, and plays its
people: see `World`.
"""

PORTALS = [
    *SERVERS,
    pytest.param(Redmine, marks=pytest.mark.live),
]
"""All that keep the Portal protocol."""


class World:
    """An engine with a customer of ten hours, and the bridge's client."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine
        self.clients: list[Any] = []
        engine.open_account("school", "Школа № 7", granted="10", hour_price="2500")
        self.school = engine.account_id("school")
        self.bridge = self.client(engine.token)

    def open_account(self, name: str, customer: str, **terms: str) -> str:
        """A further account, which the bridge may use as well; returns the portal's id of it."""
        self.engine.open_account(name, customer, **terms)
        self.bridge = self.client(self.engine.token)
        return str(self.engine.account_id(name))

    def client(self, token: str = "", *, auth: Any = None, prefix: str = PAID) -> Portal:
        """A further client, which the world closes."""
        client: Portal = self.engine.connect(token, auth=auth, prefix=prefix)
        self.clients.append(client)
        return client

    def pause(self) -> None:
        """Let the engine's clock move on: what comes next is later than what was."""
        time.sleep(self.engine.tick)

    def ticket(self, **given: Any) -> str:
        told = {
            "account": "school",
            "category": f"{PAID} / Настройка",
            "subject": "Роль",
            "installation": "AAAABBBBCCCCDDDD",
            **given,
        }
        return str(self.engine.open_ticket(**told))

    def later_ticket(self, **given: Any) -> str:
        """A ticket that is opened later than all before it, by the engine's clock too."""
        self.pause()
        return self.ticket(**given)

    def agreed(self, *stages: tuple[str, str, str], **given: Any) -> tuple[str, list[str]]:
        """An agreed ticket and the ids of its stages."""
        ticket = self.ticket(**given)
        self.engine.agree(ticket, stages or [("Работа", "1", "1")])
        return ticket, [stage.id for stage in self.bridge.ticket(ticket).stages]

    def held(
        self, amount: Decimal = HOUR, *, key: str = "hold", state: str = "accepted"
    ) -> tuple[str, str, str]:
        """Ticket, stage and hold; the stage is in `state`."""
        ticket, (stage,) = self.agreed()
        hold = self.bridge.hold(key, self.school, ticket, stage, amount)
        if state != "planned":
            self.bridge.set_stage_state(f"{key}-ready", ticket, stage, StageState.READY, [StageState.PLANNED])
        if state == "accepted":
            self.engine.accept(ticket, stage=1)
        assert hold.hold_id
        return ticket, stage, hold.hold_id

    def balance(self) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        account = self.bridge.account(self.school)
        return account.granted, account.written_off, account.held, account.available

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.bridge.ledger(self.school).entries]

    def owners_check(self, *, accepted: bool) -> list[Finding]:
        """What the owner's check finds, on a ticket whose stage is agreed or accepted."""
        ticket, _ = self.agreed(("Работа", "1", "1"))
        if accepted:
            self.engine.report_ready(ticket, stage=1)
            self.engine.accept(ticket, stage=1)
        self.pause()
        return [
            *Reads(self.bridge, self.client("nobody's"), utc_now).findings(),
            *Writes(self.bridge).findings(ticket),
        ]

    def close(self) -> None:
        for client in self.clients:
            client.close()


class ServerWorld(World):
    """A world whose engine serves the contract: tests speak HTTP with it themselves."""

    def __init__(self, engine: Any) -> None:
        self.session: requests.Session = engine.session()
        super().__init__(engine)

    def raw(self, method: str, path: str, **given: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.engine.token}", **given.pop("headers", {})}
        return self.session.request(method, self.engine.url + path, headers=headers, timeout=20, **given)

    def bridge_of(self, instance: str) -> HttpPortal:
        """A client of the bridge with this name."""
        client: HttpPortal = self.engine.connect(self.engine.token, instance=instance)
        self.clients.append(client)
        return client

    def close(self) -> None:
        super().close()
        self.session.close()


def charge(minutes: int, k: str = "1") -> Charge:
    return Charge("developer", minutes, minutes, Decimal(k))


def in_parallel(count: int, do: Callable[[int], Any]) -> list[Any]:
    """The results of `count` simultaneous calls; errors of the portal are results too."""

    def attempt(number: int) -> Any:
        try:
            return do(number)
        except PortalError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(attempt, range(count)))
