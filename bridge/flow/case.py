"""A case: all that the lifecycle looks at to decide about one ticket, put together from the journal, the
settings and the portal.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO

from bridge.domain.catalogue import Service
from bridge.domain.lifecycle import Case, Decisions, History, Terms
from bridge.domain.tickets import Attachment, Order, Ticket, is_paid
from bridge.flow.context import Bridge
from bridge.flow.orders import LARGEST_FILE, allowed_unattended, decode, find_order, order_attachments
from bridge.journal import TicketRecord, Unit
from bridge.portal import Portal
from bridge.settings import Settings


@dataclass(frozen=True, slots=True)
class Papers:
    """What the journal has about a ticket beside the ticket itself.

    Attributes:
        files: texts of attached order files by attachment id.
    """

    history: History
    decisions: Decisions
    files: Mapping[str, str]


def papers_of(unit: Unit, portal: str, ticket: Ticket) -> Papers:
    """Read a ticket's papers."""
    decided = unit.decisions.of(portal, ticket.id)
    return Papers(
        History(unit.effects.of(portal, ticket.id)),
        Decisions.of((one.kind, one.document, one.at) for one in decided),
        unit.order_files.of(portal, ticket.id) if order_attachments(ticket) else {},
    )


def build_case(bridge: Bridge, record: TicketRecord, papers: Papers) -> Case:
    """All that `decide` looks at, for a ticket of the journal, but for the account and its ledgers."""
    settings = bridge.settings
    catalogue, policy = settings.catalogue, settings.policy

    allowed = allowed_unattended(policy.unattended)

    def runs_unattended(service: Service) -> bool:
        return allowed(service) and len(record.ticket.stages) <= 1

    order = find_order(
        record.ticket,
        catalogue,
        assigned=papers.decisions.assigned,
        files=papers.files,
        unattended=runs_unattended,
    )
    service = catalogue.get(order.service) if isinstance(order, Order) else None
    unattended = (
        isinstance(order, Order)
        and order.action is not None
        and service is not None
        and runs_unattended(service)
    )
    return Case(
        ticket=record.ticket,
        paid=is_paid(record.ticket, settings.portal.category_prefix),
        order=order,
        unattended=unattended,
        catalogue=catalogue,
        history=papers.history,
        decisions=papers.decisions,
        now=bridge.clock(),
        terms=_terms(settings),
        revisions=record.revisions,
    )


def _terms(settings: Settings) -> Terms:
    policy, limit = settings.policy, timedelta(seconds=settings.bridge.clock_difference_seconds)
    after = None if policy.accept_after_days is None else timedelta(days=policy.accept_after_days)
    return Terms(after, frozenset(policy.accept_unasked), frozenset(policy.undo_rejected), limit)


def fetched_orders(portal: Portal, ticket: Ticket, known: Container[str]) -> Iterator[tuple[Attachment, str]]:
    """The ticket's newest order file with its text, where its id is not `known`; the last file counts, so
    that an older one is not asked for.

    A file that is too large to be an order is left out.

    Raises:
        PortalError: the portal could not give one.
    """
    for attachment in order_attachments(ticket)[-1:]:
        if attachment.id not in known and attachment.size <= LARGEST_FILE:
            content = BytesIO()
            portal.download(ticket.id, attachment, content)
            yield attachment, decode(content.getvalue())
