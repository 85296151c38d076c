"""Gates: each rule of the vendor's terms is one function. It gives a step as long as something is to be done,
and None once its goal is reached.

`decide` asks them in order. A gate declares its answers, so that docs/lifecycle.md can be generated and a
test can hold it to them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, ParamSpec, TypeVar

from bridge.domain.lifecycle.case import Case
from bridge.domain.lifecycle.history import Attempt
from bridge.domain.lifecycle.steps import Step, Wait

P = ParamSpec("P")
S_co = TypeVar("S_co", bound="Step | None", covariant=True)


@dataclass(frozen=True, slots=True)
class Gate(Generic[P, S_co]):
    """One rule of the vendor's terms, or one of the bridge's own.

    Attributes:
        rule: the rules of the terms that it carries out, R1 to R9; a dash: the bridge's own.
        answers: what it may say: names of steps, and "status: reason" of waits.
        ask: the function; None once its goal is reached.
    """

    rule: str
    answers: tuple[str, ...]
    ask: Callable[P, S_co]

    @property
    def name(self) -> str:
        """The function's name."""
        return self.ask.__name__

    @property
    def goal(self) -> str:
        """What it is about, in a sentence or two."""
        return " ".join((self.ask.__doc__ or "").split())


TicketGate = Gate[[Case], Step | None]
StageGate = Gate[[Case, Attempt], Step | None]


def ticket_gate(rule: str, *answers: str) -> Callable[[Callable[[Case], Step | None]], TicketGate]:
    """A gate that is asked once about a ticket."""
    return lambda ask: Gate(rule, answers, ask)


def stage_gate(rule: str, *answers: str) -> Callable[[Callable[[Case, Attempt], Step | None]], StageGate]:
    """A gate that is asked about each stage, one stage after another (R4)."""
    return lambda ask: Gate(rule, answers, ask)


def answer(step: Step) -> str:
    """A step as gates declare it."""
    return f"{step.status}: {step.reason.code}" if isinstance(step, Wait) else type(step).__name__
