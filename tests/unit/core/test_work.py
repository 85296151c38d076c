"""Work in Moodle: files of a ticket, calls that an earlier version froze, waiting at the end of a pass."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.actions import OrderRefused, Policy, Site, StillRunning
from bridge.domain.effects import Effect
from bridge.domain.lifecycle import Kind, Reason, Status, is_operators_turn
from bridge.domain.tickets import Attachment
from bridge.flow import ticket_files, waiting
from bridge.flow.perform import _next_look
from bridge.flow.report import PassReport, TicketReport
from bridge.flow.scope import Exit
from bridge.flow.work import Work, refusal
from bridge.settings import default_catalogue
from tests.builders import make_ticket
from tests.unit.actions.fake_moodle import FakeMoodle, operation

GET = "local_otbridge_get_operation"


class Portal:
    """A portal that only gives files."""

    def __init__(self, **contents: bytes) -> None:
        self.contents, self.asked = contents, []  # type: ignore[var-annotated]

    def download(self, _ticket: str, attachment: Attachment, target: Any) -> None:
        self.asked.append(attachment.id)
        target.write(self.contents[attachment.id])


def attached(id_: str, name: str, content: bytes, *, told: bool = True) -> Attachment:
    digest = hashlib.sha256(content).hexdigest() if told else ""
    return Attachment(id_, name, len(content), digest, "text/plain")


def test_of_several_files_of_one_name_the_newest_counts() -> None:
    portal: Any = Portal(a=b"old", b=b"new")
    ticket = make_ticket(
        attachments=(attached("a", "Вопросы.GIFT", b"old"), attached("b", "вопросы.gift", b"new"))
    )
    with ticket_files.opened(portal, ticket) as files:
        found = files.get("Вопросы.gift")
        assert (found.size, found.path.read_bytes()) == (3, b"new")
        assert found.sha256 == hashlib.sha256(b"new").hexdigest()
        assert files.get("вопросы.gift") is found
    assert portal.asked == ["b"]
    assert not found.path.exists(), "what was fetched is gone"


@pytest.mark.parametrize("told", [True, False])
def test_a_program_s_file_is_found_by_its_content(told: bool) -> None:
    portal: Any = Portal(a=b"old", b=b"new")
    both = (attached("a", "x", b"old", told=told), attached("b", "y", b"new", told=told))
    with ticket_files.opened(portal, make_ticket(attachments=both)) as files:
        assert files.by_digest(hashlib.sha256(b"new").hexdigest()).name == "y"
        with pytest.raises(OrderRefused) as caught:
            files.by_digest("0" * 64)
    assert caught.value.code == "file-changed"


def test_files_that_are_missing_or_too_many_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    portal: Any = Portal(a=b"a", b=b"bb")
    ticket = make_ticket(attachments=(attached("a", "a", b"a"), attached("b", "b", b"bb")))

    def code(name: str, **limits: int) -> str:
        for limit, value in limits.items():
            monkeypatch.setattr(ticket_files, limit, value)
        with ticket_files.opened(portal, ticket) as files, pytest.raises(OrderRefused) as caught:
            files.get("a")
            files.get(name)
        assert caught.value.outcome()["customers"] is True
        return caught.value.code

    assert code("нет") == "file-missing"
    assert code("b", LARGEST=1) == "file-too-large"
    assert code("b", LARGEST=2, LARGEST_IN_ALL=2) == "file-too-large"
    assert code("b", LARGEST_IN_ALL=9, MOST_FILES=1) == "too-many-files"


def work(moodle: FakeMoodle) -> Work:
    site = Site(moodle, Policy())
    portal: Any = Portal()
    return Work(make_ticket(), portal, default_catalogue(), lambda: site)


def older(kind: str = Kind.OPERATE) -> Effect:
    request = {"action": "create-role", "call": {"shortname": "methodist"}}
    return Effect.intent("p", "t1", kind, request, stage_id="s1", revision=1)


@pytest.mark.parametrize(("status", "said"), [("none", "knows nothing"), ("done", "Moodle says: done")])
def test_a_call_of_an_earlier_version_is_not_sent_but_told(status: str, said: str) -> None:
    moodle = FakeMoodle(**{GET: operation(status)})
    with pytest.raises(OrderRefused, match=said) as caught:
        work(moodle).operate(older())
    assert moodle.written == []
    told = refusal(older(), caught.value)
    assert (told["code"], told["customers"], told["action"]) == ("older-version", False, "create-role")
    assert is_operators_turn(Status.FAILED, Reason("refused", {"what": Kind.OPERATE, **told}))


def test_a_call_of_an_earlier_version_that_still_runs_is_waited_for() -> None:
    with pytest.raises(StillRunning):
        work(FakeMoodle(**{GET: operation("running")})).operate(older())


def test_an_undo_names_the_operation_of_its_attempt() -> None:
    moodle = FakeMoodle(local_otbridge_undo=operation("done", {}, kind="undo"))
    request = {"action": "create-role", "evidence": {"kind": "role", "role_id": 9, "shortname": "m"}}
    undo = Effect.intent("p", "t1", Kind.UNDO, request, stage_id="s1", revision=1)
    assert work(moodle).undo(undo) == {"kind": "role-deleted", "role_id": 9, "shortname": "m"}
    assert moodle.calls("local_otbridge_undo") == [{"opkey": undo.key, "undoes": older().key}]


@pytest.mark.parametrize(
    ("code", "customers"), [("shortnametaken", True), ("roleassigned", False), ("dberror", False)]
)
def test_a_refusal_says_whose_turn_it_is(code: str, customers: bool) -> None:
    told = refusal(older(), OrderRefused(code, "said"))
    assert told["customers"] is customers


def test_a_running_operation_is_looked_at_ever_more_seldom() -> None:
    seconds = [_next_look(attempt).total_seconds() for attempt in range(1, 9)]
    assert seconds == [5, 10, 20, 40, 80, 160, 300, 300]
    told = [_next_look(1, left).total_seconds() for left in (0.01, 3.0, 1000.0)]
    assert told == [0.5, 3.0, 300.0], "it is told when to look again"
    assert _next_look(30, 0.01).total_seconds() > 20, "but not for ever at that pace"


# --- waiting at the end of a pass

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def reported(*due: float, status: Status = Status.RUNNING) -> PassReport:
    ticket = TicketReport("t1", "1", "x", status, Reason("still-running"), done=["hold"])
    return PassReport([ticket], due=[NOW + timedelta(seconds=one) for one in due])


def waited(
    monkeypatch: pytest.MonkeyPatch, *later: PassReport, patience: float = 900
) -> tuple[PassReport, list[float]]:
    passes, slept = iter(later), list[float]()

    class Pass:
        def __init__(self, _bridge: Any) -> None:
            pass

        def run(self, number: str | None, *, poll: bool) -> PassReport:
            assert (number, poll) == ("1", False)
            return next(passes)

    monkeypatch.setattr(waiting, "Pass", Pass)
    settings = SimpleNamespace(bridge=SimpleNamespace(operation_wait_seconds=patience))
    bridge: Any = SimpleNamespace(settings=settings, stopping=lambda: False, clock=lambda: NOW)
    report = waiting.wait_for_operations(
        bridge, reported(5), "1", sleep=slept.append, clock=lambda: sum(slept)
    )
    return report, slept


def test_a_single_pass_looks_again_until_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    end = replace(reported(status=Status.AWAITING_ACCEPTANCE), exit=Exit.OPERATOR)
    report, slept = waited(monkeypatch, reported(10), end)
    (ticket,) = report.tickets
    assert (ticket.status, ticket.done) == (Status.AWAITING_ACCEPTANCE, ["hold"] * 3)
    assert (report.exit, slept) == (Exit.OPERATOR, [5, 10])


def test_a_single_pass_says_what_is_still_running(monkeypatch: pytest.MonkeyPatch) -> None:
    report, slept = waited(monkeypatch, reported(10), reported(20), patience=12)
    assert report.tickets[0].status is Status.RUNNING
    assert slept == [5, 7]
