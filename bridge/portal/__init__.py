"""The client portal: the Portal protocol, its HTTP client, typed errors. The contract is
docs/portal-api.md.
"""

from bridge.portal.auth import BearerAuth, OtserialAuth, otserial_hash
from bridge.portal.errors import (
    AnotherBridge,
    InsufficientBalance,
    KeyInProgress,
    KeyReused,
    PortalError,
    PortalForbidden,
    PortalNotContract,
    PortalNotFound,
    PortalOutcomeUnknown,
    PortalRefused,
    PortalTooLarge,
    PortalUnauthorized,
    PortalUnreachable,
    StateConflict,
    StillUnderWay,
)
from bridge.portal.http import HttpPortal, connect
from bridge.portal.pages import changed_pages, ledger_entries
from bridge.portal.port import Gone, LedgerEntry, LedgerPage, Meta, Portal, TicketFault, TicketPage
from bridge.wire.retries import Retries

__all__ = [
    "AnotherBridge",
    "BearerAuth",
    "Gone",
    "HttpPortal",
    "InsufficientBalance",
    "KeyInProgress",
    "KeyReused",
    "LedgerEntry",
    "LedgerPage",
    "Meta",
    "OtserialAuth",
    "Portal",
    "PortalError",
    "PortalForbidden",
    "PortalNotContract",
    "PortalNotFound",
    "PortalOutcomeUnknown",
    "PortalRefused",
    "PortalTooLarge",
    "PortalUnauthorized",
    "PortalUnreachable",
    "Retries",
    "StateConflict",
    "StillUnderWay",
    "TicketFault",
    "TicketPage",
    "changed_pages",
    "connect",
    "ledger_entries",
    "otserial_hash",
]
