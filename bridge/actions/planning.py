"""From an order to one frozen program, and from its operation to evidence.

An order may come to several actions: their steps are joined into one program, so that Moodle gets one call
and all of it is done or taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid5

from bridge.actions import engine
from bridge.actions.action import Action, Context, Plan, Policy, Results
from bridge.actions.base import OperationFailed, OrderRefused, validate
from bridge.actions.engine import Fetch, Site
from bridge.actions.limits import EACH, excesses
from bridge.actions.program import LONGEST_TICKET, Program, Ref, TooMuch, join, joined_labels
from bridge.errors import BridgeError

SEVERAL = "several"
"""`kind` of the evidence of an order that came to several actions; `parts` holds each one's."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One action of an order, and its parameters as the order gives them."""

    action: str
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Planned:
    """What an order came to.

    Attributes:
        summary: lines for people.
        parts: each action's name, and its labels with those in the program.
        remarks: of each action, for the customer (`Plan.remarks`).
    """

    summary: tuple[str, ...]
    program: Program
    parts: tuple[tuple[str, Mapping[str, str]], ...]
    remarks: tuple[tuple[str, ...], ...]

    def frozen(self) -> dict[str, Any]:
        """What the journal keeps, and what every repetition sends."""
        return {
            "summary": list(self.summary),
            "program": self.program.canonical(),
            "hash": self.program.digest,
            "parts": [
                {"action": action, "labels": dict(labels), **({"remarks": list(said)} if said else {})}
                for (action, labels), said in zip(self.parts, self.remarks, strict=True)
            ],
        }


def plan_order(
    wanted: Sequence[Wanted],
    context: Context,
    site: Site,
    actions: Mapping[str, Action],
    ticket: str = "",
    is_known: Callable[[], bool] = lambda: False,
) -> Planned:
    """Plan the actions of an order, one after the other, and let Moodle check the program they come to.

    Reads only. A later action may use what an earlier one will make.

    Parameters:
        is_known: whether Moodle knows the key under which the program will run; asked where the check
            refuses. If so, the journal that remembered the operation is lost, and what it made stands in the
            way of the check alone.

    Raises:
        OrderRefused: it cannot be carried out as it is.
        MoodleError: Moodle could not be asked.
    """
    plans: list[Plan] = []
    labels: list[str] = []
    for one in wanted:
        action = actions[one.action]
        found = action.plan(validate(action.params, one.params), context)
        names = joined_labels(found.part, labels)
        labels += names.values()
        made = {name: Ref(names[made.label], made.field, outside=True) for name, made in found.makes.items()}
        context = replace(context, made={**context.made, **made})
        plans.append(found)
    _refuse_excess(plans, context)
    try:
        program, named = join([one.part for one in plans], ticket[:LONGEST_TICKET])
        program.canonical()
    except TooMuch as fault:
        raise OrderRefused(
            "too-much", f"the order is too much for one program: {fault}", customers=True
        ) from None
    unknown = {step.kind for step in program.steps} - _steps(wanted, actions)
    if unknown:
        raise BridgeError(f"an action plans steps that it does not name: {', '.join(sorted(unknown))}")
    try:
        notes = engine.check(site, program, order_faults(wanted, actions))
    except OrderRefused:
        if not is_known():
            raise
        notes = ()
    summary = (*(line for one in plans for line in one.summary), *(f"Moodle: {one}" for one in notes))
    parts = tuple((one.action, names) for one, names in zip(wanted, named, strict=True))
    return Planned(summary, program, parts, tuple(one.remarks for one in plans))


def carry_out(
    frozen: Mapping[str, Any], opkey: str, site: Site, fetch: Fetch, actions: Mapping[str, Action]
) -> dict[str, Any]:
    """Run a frozen program once under `opkey`, however often it is called; returns the evidence.

    What goes beyond the site's policy, seen when it is read back, is taken back under a key that follows
    from `opkey`, so that a repetition comes to the same end.

    Raises:
        OrderRefused, OperationFailed: it surely did not happen, or was taken back.
        StillRunning: ask again later with the same key.
        MoodleError: with `outcome_known` False when it may have happened.
    """
    program = engine.thawed(frozen["program"], frozen["hash"])
    wanted = [Wanted(one["action"], {}) for one in frozen["parts"]]
    operation = engine.run(site, program, opkey, fetch, order_faults(wanted, actions))
    results = [
        {own: operation["result"][label] for own, label in one["labels"].items()} for one in frozen["parts"]
    ]
    given = {step.label: step.params for step in program.steps}
    asked = [{own: given[label] for own, label in one["labels"].items()} for one in frozen["parts"]]
    _judge(wanted, asked, results, opkey, site, actions)
    if operation["undone"]:
        raise OperationFailed(
            "vanished", f"what operation {opkey} made was taken back by operation {operation['undone']}"
        )
    both = [
        {label: {**order[label], **(result[label] or {})} for label in result}
        for order, result in zip(asked, results, strict=True)
    ]
    shown = [
        actions[one.action].evidence(found, site.moodle) for one, found in zip(wanted, both, strict=True)
    ]
    for one, found in zip(frozen["parts"], shown, strict=True):
        if one.get("remarks"):
            found["remarks"] = one["remarks"]
    return shown[0] if len(shown) == 1 else {"kind": SEVERAL, "parts": shown}


def take_back(
    evidence: Mapping[str, Any], opkey: str, undoes: str, site: Site, actions: Mapping[str, Action]
) -> dict[str, Any]:
    """Take back, once under `opkey`, what the operation `undoes` made; returns what was taken back.

    Raises:
        OrderRefused, OperationFailed: it cannot be taken back; the detail says why.
        StillRunning: ask again later with the same key.
        MoodleError: with `outcome_known` False when it may have happened.
    """
    engine.undo(site, opkey, undoes)
    gone = [_taken_back(one, actions) for one in parts_of(evidence)]
    return gone[0] if len(gone) == 1 else {"kind": SEVERAL, "parts": gone}


def parts_of(evidence: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The evidence of each action of an order."""
    return list(evidence["parts"]) if evidence.get("kind") == SEVERAL else [evidence]


def order_faults(wanted: Sequence[Wanted], actions: Mapping[str, Action]) -> frozenset[str]:
    """Errorcodes by which Moodle says that an order of these actions cannot be carried out."""
    words = [actions[one.action].words for one in wanted]
    return frozenset().union(*(one.customers | one.operators for one in words))


def customers_turn(code: str, wanted: Sequence[Wanted], actions: Mapping[str, Action]) -> bool:
    """Whether the customer can mend a refusal of this code in the order."""
    return any(code in actions[one.action].words.customers for one in wanted)


def _taken_back(evidence: Mapping[str, Any], actions: Mapping[str, Action]) -> dict[str, Any]:
    for action in actions.values():
        if action.words.evidence_kind == evidence.get("kind"):
            return action.taken_back(evidence)
    return {"kind": "taken-back"}


def _judge(
    wanted: Sequence[Wanted],
    asked: Sequence[Results],
    results: Sequence[Results],
    opkey: str,
    site: Site,
    actions: Mapping[str, Action],
) -> None:
    policy: Policy = site.policy
    for one, order, result in zip(wanted, asked, results, strict=True):
        try:
            actions[one.action].judge(order, result, policy)
        except OrderRefused:
            engine.undo(site, str(uuid5(UUID(opkey), "guarded")), opkey)
            raise


def _refuse_excess(plans: Sequence[Plan], context: Context) -> None:
    counts: dict[str, int] = {}
    for one in plans:
        for name, count in one.counts.items():
            before = counts.get(name, 0)
            counts[name] = max(before, count) if name in EACH else before + count
    found = excesses(counts, context.limits, context.service, context.quantity)
    if found:
        raise OrderRefused(
            "over-limits",
            f"the order goes beyond the limits of service {context.service}: {'; '.join(found)}",
            customers=True,
            excesses=found,
        )


def _steps(wanted: Sequence[Wanted], actions: Mapping[str, Action]) -> frozenset[str]:
    return frozenset().union(*(actions[one.action].steps for one in wanted))
