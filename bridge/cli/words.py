"""Words for operators: statuses, reasons and kinds of effects as sentences in their language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.i18n import tr
from bridge.lifecycle import Reason

STATUSES: Mapping[str, str] = {
    "new": tr("new"),
    "not-paid": tr("not paid"),
    "needs-order": tr("needs an order"),
    "awaiting-agreement": tr("awaits agreement"),
    "queued": tr("queued"),
    "held": tr("held: balance"),
    "running": tr("running"),
    "awaiting-acceptance": tr("awaits acceptance"),
    "writing-off": tr("being written off"),
    "done": tr("done"),
    "withdrawn": tr("withdrawn"),
    "failed": tr("needs an operator"),
}

REASONS: Mapping[str, str] = {
    "not-paid": tr("category “{category}” is not a paid one"),
    "free-text": tr("there is free text only: a specialist works on it, or gives it an order"),
    "order-faults": tr("the order has faults ({source}): {problems}; the customer was told"),
    "by-hand": tr("service {service} does not run unattended here: a specialist works on it"),
    "not-agreed": tr("waits for the final agreement with the customer"),
    "no-stages": tr("is agreed, but has no stages: agree at least one on the portal"),
    "balance": tr("{needed} norm-hours are needed, {available} are available, {missing} are missing; goes on after a top-up"),
    "not-accepted": tr("stage “{stage}” waits for the customer's acceptance"),
    "rejected": tr(
        "the customer has rejected stage “{stage}”: {comment}; take back what was made, then: otbridge retry {number} (it is done anew)"
    ),
    "beyond-agreed": tr(
        "{spent} norm-hours were spent, {agreed} are agreed; move the entries beyond that to a ticket of their own, then: otbridge retry {number}"
    ),
    "withdrawn": tr("the customer has withdrawn the ticket"),
    "withdrawn-with-work": tr("the customer has withdrawn the ticket; work that was not accepted is left in Moodle: {stages}"),
    "done": tr("everything is accepted and written off"),
    "refused": tr("{detail}; once the cause is mended: otbridge retry {number}"),
    "queued": tr("waits for its turn"),
    "stopping": tr("the service was stopped before the work began; the next pass begins it"),
    "circles": tr("did not come to rest after {steps} steps; this is a fault of the program, please report it"),
    "no-installation": tr("no [[installation]] of the settings has the serial “{serial}”; add it, then: otbridge retry {number}"),
    "account": tr("account {account} of the portal cannot be read: {detail}; then: otbridge retry {number}"),
    "portal": tr("{detail}; the next pass tries again"),
    "moodle": tr("{detail}; the next pass tries again"),
    "still-running": tr("{detail}"),
    "unknown-outcome": tr("{detail}; the outcome is not known yet, the next pass asks with the same key"),
    "fault": tr("{detail}; then: otbridge retry {number}"),
}

EFFECTS: Mapping[str, str] = {
    "plan": tr("planned"),
    "hold": tr("hours held"),
    "operation": tr("work done in Moodle"),
    "capture": tr("hours written off"),
    "void": tr("hours returned"),
    "stage:in_progress": tr("stage begun"),
    "stage:ready": tr("stage reported ready"),
    "ticket:suspended": tr("ticket suspended"),
    "ticket:in_progress": tr("ticket in progress"),
    "ticket:awaiting_acceptance": tr("acceptance asked for"),
    "ticket:done": tr("ticket closed"),
}


def status(name: str) -> str:
    """A status; one that this program does not know under its own name."""
    return STATUSES.get(name, name)


def reason(reason: Reason, number: str) -> str:
    """A reason as a sentence."""
    facts = {key: _listed(value) for key, value in reason.facts.items()}
    sentence = REASONS.get(reason.code)
    if sentence is None:
        return f"{reason.code} {facts}"
    return sentence.format_map({"number": number, "detail": "", "comment": "", **facts})


def effect(kind: str) -> str:
    """A kind of effect."""
    if kind.startswith("note:"):
        return tr("customer told: {message}").format(message=kind.removeprefix("note:").partition(":")[0])
    return EFFECTS.get(kind, kind)


def evidence(found: Mapping[str, Any]) -> str:
    """What an operation left to show, on one line."""
    if found.get("kind") == "course":
        return tr("course {course_id} “{fullname}” from {backup_source} of {backup_at}: {url}").format_map(found)
    if found.get("kind") == "role":
        return tr("role {role_id} “{shortname}”, {count} capabilities").format_map({**found, "count": len(found["capabilities"])})
    return str(dict(found))


def _listed(value: Any) -> Any:
    return "; ".join(str(one) for one in value) if isinstance(value, list) else value
