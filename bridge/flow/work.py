"""Work in Moodle, from what the journal froze: an order is examined, its program run, its work undone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import tzinfo
from functools import cache
from typing import Any

from bridge.actions import ACTIONS, ActionError, Context, OrderRefused, Site, StillRunning
from bridge.actions.action import MOSCOW
from bridge.actions.engine import is_known
from bridge.actions.planning import Wanted, carry_out, customers_turn, plan_order, take_back
from bridge.domain.catalogue import Catalogue
from bridge.domain.effects import Effect, effect_key
from bridge.domain.lifecycle import Kind
from bridge.domain.tickets import Ticket
from bridge.errors import BridgeError
from bridge.flow import ticket_files
from bridge.moodle_ws import MoodleError, NotMoodle, OutcomeUnknown
from bridge.portal import Portal


@dataclass(frozen=True)
class Work:
    """Work in Moodle for one ticket.

    Parameters:
        site: where programs run, asked for when it is first needed.
        zone: by whose clock orders tell times.
    """

    ticket: Ticket
    portal: Portal
    catalogue: Catalogue
    site: Callable[[], Site]
    zone: tzinfo = MOSCOW

    def examine(self, effect: Effect) -> dict[str, Any]:
        """Plan the order as it was first intended; returns the frozen program and its summary.

        Raises:
            ActionError: it cannot be carried out as it is.
            MoodleError, PortalError: one of them could not be asked.
            BridgeError: what was done for it already stands in the way, and the journal does not know of it.
        """
        order = effect.request["order"]
        wanted = _wanted(effect.request)
        service = self.catalogue.get(order["service"])
        site = self.site()
        with ticket_files.opened(self.portal, self.ticket) as files, _believed(effect, NotMoodle):
            context = Context(
                moodle=site.moodle,
                policy=site.policy,
                files=files,
                service=order["service"],
                limits={} if service is None else service.limits,
                variant=order["variant"],
                quantity=order["quantity"],
                taken_back=tuple(effect.request["taken_back"]),
                zone=self.zone,
            )
            opkey = _key_of_operation(effect)
            asked = cache(lambda: is_known(site, opkey))
            try:
                return plan_order(wanted, context, site, ACTIONS, self.ticket.number, asked).frozen()
            except OrderRefused as error:
                if asked():
                    raise _lost(opkey, error) from error
                raise

    def operate(self, effect: Effect) -> dict[str, Any]:
        """Run the frozen program under the effect's key, or learn what became of it; returns the evidence.

        Raises:
            ActionError, MoodleError, PortalError: see `bridge.actions.planning.carry_out`.
        """
        site = self.site()
        if "program" not in effect.request:
            raise self._of_an_older_version(effect, site)
        with ticket_files.opened(self.portal, self.ticket) as files, _believed(effect, OutcomeUnknown):
            return carry_out(effect.request, effect.key, site, files.by_digest, ACTIONS)

    def undo(self, effect: Effect) -> dict[str, Any]:
        """Take back under the effect's key what the operation of the same attempt made.

        Raises:
            ActionError, MoodleError: see `bridge.actions.planning.take_back`.
        """
        undoes = _key_of_operation(effect)
        site = self.site()
        with _believed(effect, OutcomeUnknown):
            return take_back(effect.request["evidence"], effect.key, undoes, site, ACTIONS)

    @staticmethod
    def _of_an_older_version(effect: Effect, site: Site) -> ActionError:
        """What there is to say of a call that a version without programs froze."""
        operation = site.moodle.read("local_otbridge_get_operation", opkey=effect.key)
        standing = operation["status"]
        if standing in ("queued", "running"):
            return StillRunning("still-running", f"operation {effect.key} is {standing} in Moodle")
        did = "Moodle knows nothing of it" if standing == "none" else f"Moodle says: {standing}"
        return OrderRefused(
            "older-version",
            f"operation {effect.key} was begun by an earlier version of the bridge, which froze no program; "
            f"{did}: look whether its work is there, before it is done anew",
        )


def refusal(effect: Effect, error: ActionError) -> dict[str, Any]:
    """What the journal keeps of a refusal: whose turn it is, and the action whose words tell it."""
    outcome = error.outcome()
    wanted = _wanted(effect.request)
    told_by = [one.action for one in wanted if customers_turn(error.code, [one], ACTIONS)]
    outcome.setdefault("customers", bool(told_by))
    outcome["action"] = (told_by or [one.action for one in wanted])[0]
    return outcome


def _lost(opkey: str, error: OrderRefused) -> BridgeError:
    """What an operator reads of an operation that Moodle knows and the journal does not: the order is as good
    as it was.
    """
    return BridgeError(
        f"Moodle knows operation {opkey} of this ticket, and this journal does not: the journal was lost or"
        f" is a new one; what the operation made stands in the way of planning it anew: {error}"
    )


def _key_of_operation(effect: Effect) -> str:
    """The key of the operation at the same attempt."""
    return effect_key(effect.portal, effect.ticket_id, effect.stage_id, effect.revision, Kind.OPERATE)


def _wanted(request: Mapping[str, Any]) -> list[Wanted]:
    """The actions of an order, or of what was frozen from it."""
    if "parts" in request:
        return [Wanted(one["action"], {}) for one in request["parts"]]
    order = request.get("order", {})
    if order.get("parts"):
        return [Wanted(one["action"], one["params"]) for one in order["parts"]]
    return [Wanted(request["action"], order.get("params", {}))]


@contextmanager
def _believed(effect: Effect, otherwise: type[MoodleError]) -> Iterator[None]:
    """An answer of Moodle that lacks what an action looks for is no answer."""
    try:
        yield
    except (LookupError, TypeError, ValueError) as error:
        name = effect.request["action"]
        raise otherwise(name, f"an answer of Moodle is not what the plugin promises: {error!r}") from error
