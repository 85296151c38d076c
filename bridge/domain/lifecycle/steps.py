"""Steps: what `decide` can answer. A step that is an effect knows the effect's kind and the request that
the journal freezes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from bridge.domain.hours import Charge, text
from bridge.domain.lifecycle.values import Kind, Reason, Status, note_kind, numbered
from bridge.domain.tickets import Order, OrderPart, Stage, StageState, TicketState

_STAGE_BEFORE: Mapping[StageState, tuple[StageState, ...]] = {
    StageState.IN_PROGRESS: (StageState.PLANNED, StageState.REJECTED, StageState.IN_PROGRESS),
    StageState.READY: (StageState.IN_PROGRESS, StageState.READY),
}
"""From which states of a stage the bridge sets which."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until somebody moves: the customer, a specialist, an operator, or time.

    Attributes:
        until: when the ticket is looked at again even if nobody moves.
    """

    status: Status
    reason: Reason
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AskBalance:
    """Read the account, then decide again."""


@dataclass(frozen=True, slots=True)
class AskTime:
    """Read the portal's clock, then decide again: the days of silence are counted by it."""


@dataclass(frozen=True, slots=True)
class NewRevision:
    """Begin a new attempt at the stage."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class Note:
    """Send the customer a message, once: the name of its template (and what distinguishes it from others
    of that name), and the facts it needs.
    """

    message: str
    stage: Stage | None
    revision: int
    facts: Mapping[str, Any]

    @property
    def kind(self) -> str:
        """The effect's kind."""
        return note_kind(self.message)


@dataclass(frozen=True, slots=True)
class SetTicket:
    """Set the ticket's state on the portal, unless the customer has withdrawn it."""

    stage: Stage
    revision: int
    state: TicketState
    number: int = 1

    @property
    def kind(self) -> str:
        """The effect's kind."""
        return numbered(f"ticket:{self.state}", self.number)

    @property
    def request(self) -> dict[str, Any]:
        """What is sent."""
        return {
            "state": self.state.value,
            "expected": [state.value for state in TicketState if state is not TicketState.WITHDRAWN],
        }


@dataclass(frozen=True, slots=True)
class SetStage:
    """Set a stage's state on the portal; evidence goes with `READY`.

    Attributes:
        back: a stage that was reported ready is begun again, because what was made is taken back. The
            customer may accept it until that very moment, and then it stays accepted.
    """

    stage: Stage
    revision: int
    state: StageState
    evidence: Mapping[str, Any] = field(default_factory=dict)
    back: bool = False

    @property
    def kind(self) -> str:
        """The effect's kind."""
        return Kind.STAGE_BACK.value if self.back else f"stage:{self.state}"

    @property
    def request(self) -> dict[str, Any]:
        """What is sent."""
        before = (*_STAGE_BEFORE[self.state], *((StageState.READY,) if self.back else ()))
        expected = [state.value for state in before]
        return {"state": self.state.value, "expected": expected, "evidence": dict(self.evidence)}


@dataclass(frozen=True, slots=True)
class Examine:
    """Let the action plan the order: reads only.

    Attributes:
        taken_back: what came of undoing earlier work of the ticket.
    """

    stage: Stage
    revision: int
    order: Order
    taken_back: tuple[Mapping[str, Any], ...] = ()
    kind: str = Kind.EXAMINE.value

    @property
    def request(self) -> dict[str, Any]:
        """What is planned."""
        return {
            "action": self.order.action,
            "order": order_request(self.order),
            "taken_back": list(self.taken_back),
        }


@dataclass(frozen=True, slots=True)
class Hold:
    """Hold a stage's hours on the portal.

    Attributes:
        order: the order under which the stage is begun; what the ticket's form says later changes nothing for
            this attempt.
        unattended: whether an action does the work of the attempt.
    """

    stage: Stage
    revision: int
    kind: str
    account_id: str
    amount: Decimal
    order: Order | None = None
    unattended: bool = False

    @property
    def request(self) -> dict[str, Any]:
        """What is sent, and what the attempt is begun with."""
        begun = (
            {} if self.order is None else {"order": order_request(self.order), "unattended": self.unattended}
        )
        return {"account_id": self.account_id, "amount": text(self.amount), **begun}


@dataclass(frozen=True, slots=True)
class Operate:
    """Run the frozen program under the operation's key, or learn what became of it.

    Attributes:
        frozen: what the examination came to: the program, its hash, its parts.
    """

    stage: Stage
    revision: int
    action: str
    frozen: Mapping[str, Any]
    kind: str = Kind.OPERATE.value

    @property
    def request(self) -> dict[str, Any]:
        """What is sent."""
        return {"action": self.action, **self.frozen}


@dataclass(frozen=True, slots=True)
class Undo:
    """Let the action take back what it made."""

    stage: Stage
    revision: int
    action: str
    evidence: Mapping[str, Any]
    kind: str = Kind.UNDO.value

    @property
    def request(self) -> dict[str, Any]:
        """What is taken back."""
        return {"action": self.action, "evidence": dict(self.evidence)}


@dataclass(frozen=True, slots=True)
class Freeze:
    """Note, in the journal alone, what the stage's write-off will be.

    Attributes:
        entries: minutes of the time entries in it, by id.
        evidence: what there is to show for the work.
    """

    stage: Stage
    revision: int
    charges: tuple[Charge, ...]
    entries: Mapping[str, int]
    evidence: Mapping[str, Any]
    kind: str = Kind.FREEZE.value

    @property
    def request(self) -> dict[str, Any]:
        """What is noted; the stage's own revision distinguishes a later rejection from this one."""
        return {
            "charges": charges_request(self.charges),
            "entries": dict(self.entries),
            "evidence": dict(self.evidence),
            "stage_revision": self.stage.portal_revision,
        }


@dataclass(frozen=True, slots=True)
class Attach:
    """Add a file that the operation left to the ticket.

    Attributes:
        number: which of its files, from 1.
        text: its content.
    """

    stage: Stage
    revision: int
    number: int
    name: str
    media_type: str
    text: str

    @property
    def kind(self) -> str:
        """The effect's kind."""
        return numbered(Kind.ATTACH, self.number)

    @property
    def request(self) -> dict[str, Any]:
        """What is sent."""
        return {"name": self.name, "media_type": self.media_type, "text": self.text}


@dataclass(frozen=True, slots=True)
class WriteOff:
    """Write an accepted stage off.

    Attributes:
        hold_kind: kind of the hold that is captured.
        accepted_by: customer, silence or policy.
    """

    stage: Stage
    revision: int
    kind: str
    hold_kind: str
    hold_id: str
    charges: tuple[Charge, ...]
    amount: Decimal
    evidence: Mapping[str, Any]
    accepted_by: str

    @property
    def request(self) -> dict[str, Any]:
        """What is sent."""
        return {
            "hold_kind": self.hold_kind,
            "hold_id": self.hold_id,
            "amount": text(self.amount),
            "charges": charges_request(self.charges),
            "evidence": dict(self.evidence),
            "accepted_by": self.accepted_by,
        }


@dataclass(frozen=True, slots=True)
class Release:
    """Return a hold to the balance; `number` is the hold's."""

    stage: Stage
    revision: int
    hold_id: str
    number: int = 1

    @property
    def kind(self) -> str:
        """The effect's kind."""
        return numbered(Kind.RELEASE, self.number)

    @property
    def hold_kind(self) -> str:
        """Kind of the hold that is returned."""
        return numbered(Kind.HOLD, self.number)

    @property
    def request(self) -> dict[str, Any]:
        """What is sent."""
        return {"hold_id": self.hold_id}


@dataclass(frozen=True, slots=True)
class Reverse:
    """Take a write-off back; `hold_kind` is the kind of the hold that was captured by it."""

    stage: Stage
    revision: int
    kind: str
    hold_kind: str
    entry_id: str
    reason: str

    @property
    def request(self) -> dict[str, Any]:
        """What is sent."""
        return {"entry_id": self.entry_id, "reason": self.reason}


EffectStep = (
    Note
    | SetTicket
    | SetStage
    | Examine
    | Hold
    | Operate
    | Undo
    | Freeze
    | Attach
    | WriteOff
    | Release
    | Reverse
)
"""Steps that are effects: at most one outside call each."""

Step = Wait | AskBalance | AskTime | NewRevision | EffectStep


def booked_outcome(
    entry_id: str,
    account_id: str,
    hold_id: str | None,
    amount: Decimal,
    at: datetime,
    price: Decimal | None,
) -> dict[str, Any]:
    """What the journal keeps of an entry of the portal's ledger, as the outcome of the effect that made it.

    Parameters:
        amount: norm-hours.
        price: roubles, of write-offs only.
    """
    return {
        "entry_id": entry_id,
        "account_id": account_id,
        "hold_id": hold_id,
        "amount": text(amount),
        "at": at.isoformat(),
        "price": None if price is None else str(price),
    }


def order_request(order: Order) -> dict[str, Any]:
    """An order as the journal keeps it; `order_from` reads it back."""
    parts = [{"action": one.action, "params": dict(one.params)} for one in order.parts]
    return {
        "service": order.service,
        "variant": order.variant,
        "quantity": order.quantity,
        "action": order.action,
        "params": dict(order.params),
        **({"parts": parts} if parts else {}),
    }


def order_from(kept: Mapping[str, Any]) -> Order:
    """An order from what the journal kept."""
    return Order(
        kept["service"],
        kept["params"],
        "journal",
        kept["variant"],
        kept["quantity"],
        kept["action"],
        tuple(OrderPart(one["action"], one["params"]) for one in kept.get("parts", ())),
    )


def charges_request(charges: Iterable[Charge]) -> list[dict[str, Any]]:
    """The lines of a write-off as the journal keeps them; `charges_from` reads them back."""
    return [
        {
            "category": line.category,
            "spent_minutes": line.spent_minutes,
            "charged_minutes": line.charged_minutes,
            "coefficient": str(line.coefficient),
        }
        for line in charges
    ]


def charges_from(lines: Iterable[Mapping[str, Any]]) -> tuple[Charge, ...]:
    """The lines of a write-off from what the journal kept."""
    return tuple(
        Charge(line["category"], line["spent_minutes"], line["charged_minutes"], Decimal(line["coefficient"]))
        for line in lines
    )
