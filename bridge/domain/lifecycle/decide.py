"""`decide`: the gates in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from bridge.domain.lifecycle.case import Case
from bridge.domain.lifecycle.ending import (
    all_time_written_off,
    closed,
    corrected,
    earlier_holds_released,
    gone,
    is_gone,
    is_owed,
    stage_given_up,
    withdrawn,
)
from bridge.domain.lifecycle.gates import Gate, StageGate, TicketGate
from bridge.domain.lifecycle.history import Attempt
from bridge.domain.lifecycle.order import agreed, not_paused, ordered, paid
from bridge.domain.lifecycle.stage import STAGE_GATES
from bridge.domain.lifecycle.steps import Step
from bridge.domain.lifecycle.values import Kind
from bridge.domain.lifecycle.writing_off import written_off


def decide(case: Case) -> Step:
    """Say what comes next for a ticket.

    Never asks for an effect that the history shows as settled, so that the same case always gives the same
    step.
    """
    return judge(case)[1]


def judge(case: Case) -> tuple[Gate[..., Step | None], Step]:
    """`decide`, and the gate that answered."""
    return next(_answers(case))


def _answers(case: Case) -> Iterator[tuple[Gate[..., Step | None], Step]]:
    """Every gate that has something to say, the first one first.

    The gates `gone`, `withdrawn` and `closed` always have: what stands below one of them is for tickets that
    are not gone, and not withdrawn.
    """
    yield from _of_ticket((not_paused, earlier_holds_released), case)
    for attempt in case.attempts_at_removed_stages():
        yield from _of_stage(_gates_of_removed(attempt), case, attempt)
    if is_gone(case):
        yield from _of_ticket((corrected,), case)
        for attempt in case.attempts():
            owed = is_owed(attempt) and attempt.refused(Kind.WRITE_OFF) is None
            yield from _of_stage(_ending_gates(attempt, owed=owed), case, attempt)
        yield from _of_ticket((gone,), case)
    yield from _of_ticket((paid, corrected), case)
    if case.is_withdrawn:
        for attempt in case.attempts():
            yield from _of_stage(_ending_gates(attempt, owed=is_owed(attempt)), case, attempt)
        yield from _of_ticket((withdrawn,), case)
    yield from _of_ticket((ordered, agreed), case)
    for attempt in case.attempts():
        yield from _of_stage(_stage_gates(attempt), case, attempt)
    yield from _of_ticket((all_time_written_off, closed), case)


def _stage_gates(attempt: Attempt) -> tuple[StageGate, ...]:
    """Gates of a stage that goes its way; one that is written off has only its message left."""
    return (written_off,) if attempt.done(Kind.WRITE_OFF) is not None else STAGE_GATES


def _ending_gates(attempt: Attempt, *, owed: bool) -> tuple[StageGate, ...]:
    """Gates of a stage whose ticket ends early: what is owed goes its way, the rest is given up."""
    return _stage_gates(attempt) if owed else (stage_given_up,)


def _gates_of_removed(attempt: Attempt) -> tuple[StageGate, ...]:
    """Gates of a stage that the ticket no longer has: a write-off that may have been sent is settled."""
    return (written_off,) if attempt.sent(Kind.WRITE_OFF) else (stage_given_up,)


def _of_ticket(gates: Iterable[TicketGate], case: Case) -> Iterator[tuple[Gate[..., Step | None], Step]]:
    for gate in gates:
        step = gate.ask(case)
        if step is not None:
            yield gate, step


def _of_stage(
    gates: Iterable[StageGate], case: Case, attempt: Attempt
) -> Iterator[tuple[Gate[..., Step | None], Step]]:
    for gate in gates:
        step = gate.ask(case, attempt)
        if step is not None:
            yield gate, step
