"""The rules of item 1 of the vendor's terms as one pure function: `decide(case)` says what comes next for a
ticket.

It is called again after every step until it answers `Wait`. docs/lifecycle.md is generated from its gates;
the rules stand in the order of the terms, each with the place that decides it:

- R1  only tickets of the paid category are worked on: `order.paid`, `tickets.is_paid`;
- R2  what is written off is time really spent, or fixed by the service's terms: `billing.charges`;
- R3  work starts after the final agreement, where one is required, and with enough norm-hours on the balance:
      `order.agreed`, `holding.held`;
- R4  stages are worked on, accepted and written off one after another: `stage.STAGE_GATES`;
- R5  a stage that the balance does not cover suspends the ticket until a top-up: `holding.held`. For a larger
      hold it is `lines.beyond`, for a correction's `ending.corrected`, and each asks
      `tickets.Account.covers`. What the portal says to a hold counts in the end (bridge/flow/sync.py);
- R6  tickets are worked on in the order of final agreement: `tickets.Ticket.queued_at`;
- R7  the customer may withdraw a ticket; what was accepted is written off, and nothing else is:
  `ending.stage_given_up`;
- R8  price = hours × K × price of a norm-hour: `hours.write_off`, `hours.price`;
- R9  the category decides: the same wish under basic support is not the bridge's business: `order.paid`.
"""

from bridge.domain.lifecycle.case import Case, OrderFault, Terms, service_of
from bridge.domain.lifecycle.decide import decide, judge
from bridge.domain.lifecycle.decisions import Correction, Decisions, Withdrawal
from bridge.domain.lifecycle.gates import Gate, answer
from bridge.domain.lifecycle.history import Attempt, History
from bridge.domain.lifecycle.lines import recounted
from bridge.domain.lifecycle.steps import (
    AskBalance,
    AskTime,
    Attach,
    EffectStep,
    Examine,
    Freeze,
    Hold,
    NewRevision,
    Note,
    Operate,
    Release,
    Reverse,
    SetStage,
    SetTicket,
    Step,
    Undo,
    Wait,
    WriteOff,
    booked_outcome,
    charges_from,
    charges_request,
    order_request,
)
from bridge.domain.lifecycle.values import (
    Kind,
    Reason,
    Status,
    is_operators_turn,
    is_reversal,
    is_write_off,
    message_name,
    note_kind,
    without_correction,
)
from bridge.domain.lifecycle.work import Work

__all__ = [
    "AskBalance",
    "AskTime",
    "Attach",
    "Attempt",
    "Case",
    "Correction",
    "Decisions",
    "EffectStep",
    "Examine",
    "Freeze",
    "Gate",
    "History",
    "Hold",
    "Kind",
    "NewRevision",
    "Note",
    "Operate",
    "OrderFault",
    "Reason",
    "Release",
    "Reverse",
    "SetStage",
    "SetTicket",
    "Status",
    "Step",
    "Terms",
    "Undo",
    "Wait",
    "Withdrawal",
    "Work",
    "WriteOff",
    "answer",
    "booked_outcome",
    "charges_from",
    "charges_request",
    "decide",
    "is_operators_turn",
    "is_reversal",
    "is_write_off",
    "judge",
    "message_name",
    "note_kind",
    "order_request",
    "recounted",
    "service_of",
    "without_correction",
]
