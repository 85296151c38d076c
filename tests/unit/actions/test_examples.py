"""Each example order of docs/actions/ is an order: it is understood, planned, done in the embedded Moodle,
shown to the customer and taken back.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from bridge.actions import ACTIONS, Context, Policy, Site, TicketFile
from bridge.actions.planning import Wanted, carry_out, plan_order, take_back
from bridge.actions.registry import examples
from bridge.domain.tickets import Attachment, Order
from bridge.flow.orders import find_order
from bridge.moodle_ws import connect
from bridge.sandbox.moodle import SandboxMoodle
from bridge.settings import default_catalogue
from tests.builders import make_ticket, messages

EXAMPLES = [(name, file) for name in ACTIONS for file in examples(name)]


@pytest.fixture
def moodle(tmp_path: Path) -> Iterator[SandboxMoodle]:
    """A site with two living courses, a lost one, and two people."""
    with SandboxMoodle.start(tmp_path, restore_seconds=0.02) as started:
        started.delete_course(started.add_course(fullname="Охрана труда", shortname="OT-1"))
        activities = {"forum": 1, "quiz": 2, "resource": 1}
        demo = started.add_course(fullname="Демонстрационный курс", shortname="demo", activities=activities)
        started.add_course(fullname="Химия", shortname="chem")
        for username in ("ivanov", "petrov"):
            started.enrol(demo, started.add_user(username))
        yield started


class ExampleFiles:
    """A ticket that has every file an example names; each holds its own name, behind the head of a picture
    where it is called one.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._held: dict[str, TicketFile] = {}

    def get(self, name: str) -> TicketFile:
        head = b"\x89PNG\r\n\x1a\n" if name.endswith(".png") else b""
        content = head + name.encode()
        path = self._directory / name
        path.write_bytes(content)
        file = TicketFile(name, hashlib.sha256(content).hexdigest(), len(content), path)
        return self._held.setdefault(file.sha256, file)

    def by_digest(self, sha256: str) -> TicketFile:
        return self._held[sha256]


@pytest.mark.parametrize("transport", ["rest", "soap"])
@pytest.mark.parametrize(("name", "file"), EXAMPLES)
def test_an_example_order_comes_to_its_end_and_back(
    moodle: SandboxMoodle, tmp_path: Path, name: str, file: str, transport: Literal["rest", "soap"]
) -> None:
    text = examples(name)[file]
    attachment = Attachment("a1", "order.toml", len(text.encode()), "", "text/plain")
    ticket = make_ticket(attachments=(attachment,))
    order = find_order(ticket, default_catalogue(), files={"a1": text}, unattended=lambda _: True)
    assert isinstance(order, Order), order
    assert order.action == name
    opkey, files = str(uuid.uuid4()), ExampleFiles(tmp_path)
    with connect(moodle.url, moodle.token, transport=transport) as client:
        site = Site(client, Policy(), patience=20.0)
        frozen = plan_order(
            [Wanted(name, order.params)], Context(client, files=files), site, ACTIONS, ticket.number
        ).frozen()
        evidence = carry_out(frozen, opkey, site, files.by_digest, ACTIONS)
        told = messages().render(
            "ready",
            ticket,
            {
                "stage": "Работа",
                "evidence": evidence,
                "write_off": "1",
                "unasked": False,
                "silent_until": None,
            },
        )
        assert ACTIONS[name].words.evidence(evidence).count("–") <= 1
        assert len(told.splitlines()) > 3
        gone = take_back(evidence, str(uuid.uuid4()), opkey, site, ACTIONS)
        assert gone["kind"].endswith(("-deleted", "-restored", "-kept"))
        context = Context(client, files=files, taken_back=(gone,))
        assert plan_order([Wanted(name, order.params)], context, site, ACTIONS).program.steps
