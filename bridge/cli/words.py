"""Words for operators: statuses, reasons and kinds of effects as sentences in their language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge import plain
from bridge.cli import technical
from bridge.domain.lifecycle import Reason, is_operators_turn, message_name, without_correction
from bridge.i18n import tr

STATUSES: Mapping[str, str] = {
    "new": tr("new"),
    "not-paid": tr("not paid"),
    "needs-order": tr("needs an order"),
    "awaiting-agreement": tr("awaits agreement"),
    "queued": tr("queued"),
    "suspended": tr("suspended: balance"),
    "paused": tr("paused by an operator"),
    "running": tr("running"),
    "awaiting-acceptance": tr("awaits acceptance"),
    "writing-off": tr("being written off"),
    "done": tr("done"),
    "withdrawn": tr("withdrawn"),
    "failed": tr("needs an operator"),
}

REASONS: Mapping[str, str] = {
    "not-paid": tr("category “{category}” is not a paid one"),
    "free-text": tr("there is free text only; otbridge assign {number} SERVICE gives it an order"),
    "order-faults": tr("the order has faults; the customer was told: “{source}: {problems}”"),
    "no-service": tr(
        "the catalogue has no service {service}; add it, then: otbridge retry {number}; or: "
        "otbridge assign {number} SERVICE"
    ),
    "paused": tr("an operator has paused it: {why}; goes on after: otbridge resume {number}"),
    "price-differs": tr(
        "{agreed} norm-hours are agreed, the terms of service {service} say {price}; agree "
        "anew on the portal, then: otbridge retry {number}"
    ),
    "by-hand": tr("a specialist works on stage “{stage}” and reports it ready on the portal"),
    "unknown-category": tr(
        "time is logged for categories that the catalogue does not have: {categories}; add "
        "them as aliases, then: otbridge retry {number}"
    ),
    "not-agreed": tr("waits for the final agreement with the customer"),
    "no-stages": tr("is agreed, but has no stages: agree at least one on the portal"),
    "balance": tr(
        "{needed} norm-hours are needed, {available} are available, {missing} are missing; "
        "goes on after a top-up"
    ),
    "not-accepted": tr("stage “{stage}” waits for the customer's acceptance"),
    "clocks-differ": tr(
        "stage “{stage}” waits: the days of silence are over, but this machine's clock "
        "({here}) and the portal's ({portal}) differ; set them right"
    ),
    "rejected": tr(
        "the customer has rejected stage “{stage}”: {comment}; otbridge undo {number} takes "
        "back what was made and does it anew"
    ),
    "undone": tr(
        "what was made for stage “{stage}” is taken back; otbridge assign {number} SERVICE "
        "gives it another order, otbridge retry {number}"
        " does it anew"
    ),
    "beyond-agreed": tr(
        "{spent} norm-hours were spent on stage “{stage}”, {agreed} are agreed: a new "
        "agreement with the customer is needed"
    ),
    "drift": tr("the ledger of account {account} differs from the portal's: otbridge reconcile"),
    "late-time": tr(
        "{minutes} minutes were logged or changed after the last stage was reported ready: "
        "otbridge correct {number}"
    ),
    "withdrawn": tr("the ticket is withdrawn"),
    "withdrawn-with-work": tr(
        "the ticket is withdrawn; work that was not accepted is left in Moodle: {stages}; "
        "otbridge undo {number} takes it back"
    ),
    "gone": tr("the ticket has left the paid category ({how}); what was held is returned"),
    "gone-with-work": tr(
        "the ticket has left the paid category ({how}); what was held is returned, work that "
        "was not accepted is left in Moodle: "
        "{stages}; otbridge undo {number} takes it back"
    ),
    "done": tr("everything is accepted and written off"),
    "refused": tr("{detail}; once the cause is mended: otbridge retry {number}"),
    "queued": tr("waits for its turn"),
    "stopping": tr("the service was stopped before the work began; the next pass begins it"),
    "circles": tr(
        "did not come to rest after {steps} steps; this is a fault of the program, please report it"
    ),
    "no-installation": tr(
        "no [[installation]] of the settings has the serial “{serial}”; add it, then: otbridge retry {number}"
    ),
    "account": tr(
        "account {account} of the portal cannot be read: {detail}; once it can be: otbridge retry {number}"
    ),
    "portal": tr("{detail}; the next pass tries again"),
    "moodle": tr("{detail}; the next pass tries again"),
    "still-running": tr("{detail}"),
    "still-reading": tr("{detail}"),
    "unknown-outcome": tr("{detail}; the outcome is not known yet, the next pass asks with the same key"),
    "fault": tr("{detail}; tried again by itself after a while; once it is mended: otbridge retry {number}"),
    "own-portal": tr(
        "{detail}; the portal answers otherwise, so only this ticket waits (failed {times} "
        "times); tried again by itself after a while, "
        "at once after: otbridge retry {number}"
    ),
    "own-moodle": tr(
        "{detail}; Moodle answers otherwise, so only this ticket waits (failed {times} times); "
        "tried again by itself after a while, "
        "at once after: otbridge retry {number}"
    ),
    "bridge-refused": tr(
        "Moodle refuses the bridge, not the order: {detail}; tried again by itself after a "
        "while, at once after: otbridge retry {number}"
    ),
}

REFUSED_ORDER = tr(
    "{detail}; the customer was told, and it goes on when the order is changed, or after: "
    "otbridge retry {number}"
)
"""The reason `refused` of an order whose fault is the customer's."""

EFFECTS: Mapping[str, str] = {
    "plan": tr("planned"),
    "hold": tr("hours held"),
    "operation": tr("work done in Moodle"),
    "undo": tr("work taken back"),
    "freeze": tr("write-off frozen"),
    "attach": tr("file attached"),
    "capture": tr("hours written off"),
    "reversal": tr("write-off taken back"),
    "void": tr("hours returned"),
    "stage:in_progress": tr("stage begun"),
    "stage:ready": tr("stage reported ready"),
    "stage:in_progress:back": tr("stage set back to work"),
    "ticket:suspended": tr("ticket suspended"),
    "ticket:in_progress": tr("ticket in progress"),
    "ticket:awaiting_acceptance": tr("acceptance asked for"),
    "ticket:done": tr("ticket closed"),
}


STATES: Mapping[str, str] = {
    "intended": tr("outcome not known"),
    "done": tr("happened"),
    "refused": tr("refused"),
}


class _Facts(dict[str, Any]):
    """Facts of a sentence; one that an older program did not write down is a dash."""

    def __missing__(self, key: str) -> str:
        return "–"


def status(name: str, reason: Reason | None = None) -> str:
    """A status; one that this program does not know under its own name. Only what waits for an operator is
    said to need one.
    """
    if name == "failed" and reason is not None and not is_operators_turn(name, reason):
        return tr("waits for a changed order")
    return STATUSES.get(name, name)


def reason(reason: Reason, number: str) -> str:
    """A reason as a sentence."""
    facts = {
        key: plain.lines(technical.shown(str(value))) if key == "detail" else plain.line(_listed(value))
        for key, value in reason.facts.items()
    }
    if "how" in facts:
        facts["how"] = f"{WAYS.get(facts['how'], facts['how'])} {facts.get('into', '')}".strip()
    of_order = reason.code == "refused" and not is_operators_turn("failed", reason)
    sentence = REFUSED_ORDER if of_order else REASONS.get(reason.code)
    if sentence is None:
        return f"{reason.code} {facts}"
    return sentence.format_map(_Facts({"number": plain.line(number), **facts}))


def effect(kind: str) -> str:
    """A kind of effect."""
    if kind.startswith("note:"):
        return tr("message sent: {message}").format(message=message_name(kind))
    plain = kind.rstrip("0123456789").rstrip(":")
    return EFFECTS.get(without_correction(plain), kind)


def evidence(found: Mapping[str, Any]) -> str:
    """What an operation left to show, on one line."""
    from bridge.actions import ACTIONS
    from bridge.actions.planning import SEVERAL

    if found.get("kind") == SEVERAL:
        return "; ".join(evidence(one) for one in found["parts"])
    for action in ACTIONS.values():
        if action.words.evidence_kind == found.get("kind"):
            return action.words.evidence(found)
    return str(dict(found))


WAYS: Mapping[str, str] = {
    "moved": tr("moved to another category"),
    "merged": tr("merged into ticket"),
    "deleted": tr("deleted"),
}
"""How a ticket left the paid category."""


def _listed(value: Any) -> Any:
    return "; ".join(str(one) for one in value) if isinstance(value, list) else value
