"""All that can go wrong between the bridge and a portal.

PortalError
├── PortalUnreachable        nothing was done (not sent, or 429), or a read got no answer (5xx): try later
├── PortalOutcomeUnknown     a write was sent, no believable answer came: ask by key
│   └── StillUnderWay            an earlier sending may still arrive: nothing was sent now
├── PortalNotContract        an answer that the contract does not know (HTML, no JSON, a missing member)
│   └── PortalTooLarge           an answer to a read that is larger than the bridge takes
└── PortalRefused            the portal answered with a problem document
    ├── PortalUnauthorized       401: the token or the signature is wrong
    ├── PortalForbidden          403: the token lacks a scope, or the thing is another customer's
    │   └── AnotherBridge            409: another bridge, with another journal, works on this portal
    ├── PortalNotFound           404
    ├── InsufficientBalance      402: the hold does not fit; carries `available` and `needed`
    ├── StateConflict            409/412: the thing is not in the expected state; carries `actual`
    ├── KeyInProgress            409: the same key is being processed right now
    └── KeyReused                422: the same key came with another body

Other refusals (`invalid`, `amount_mismatch`, `too_large`, codes of a newer contract) are plain PortalRefused;
`code` distinguishes them.
"""

from __future__ import annotations

from decimal import Decimal

from bridge.errors import BridgeError


class PortalError(BridgeError):
    """A call of the portal failed.

    Attributes:
        endpoint: method and path, without query and without secrets.
        status: HTTP status, None where no answer came.
        code: the problem document's stable code, "" where there is none.
        detail: what the portal said, for the operator.
        request_id: the portal's X-Request-Id, "" where there is none.
        portal: the portal's name in the settings.
        outcome_known: False where a write may have happened.
        retry_after: seconds for which the portal asks to be left alone, None where it does not say.
    """

    outcome_known = True
    retry_after: float | None = None

    def __init__(
        self,
        endpoint: str,
        detail: str,
        *,
        status: int | None = None,
        code: str = "",
        request_id: str = "",
        portal: str = "",
    ) -> None:
        self.endpoint = endpoint
        self.detail = detail
        self.status = status
        self.code = code
        self.request_id = request_id
        self.portal = portal
        answered = " ".join(part for part in (str(status) if status else "", code) if part)
        where = f"portal {portal}" if portal else "portal"
        super().__init__(
            f"{where}: {endpoint}: "
            f"{f'{answered}: ' if answered else ''}{detail}{f' (request {request_id})' if request_id else ''}"
        )


class PortalUnreachable(PortalError):
    """The portal could not be reached, or a read got no answer; nothing was changed."""


class PortalOutcomeUnknown(PortalError):
    """A write was sent and no believable answer came back; it may have happened. Send the same key again."""

    outcome_known = False


class StillUnderWay(PortalOutcomeUnknown):
    """An earlier sending of the same write may still arrive, so that it was not sent again; waiting
    decides.
    """


class PortalNotContract(PortalError):
    """The portal's answer to a read is not what the contract says."""


class PortalTooLarge(PortalNotContract):
    """The portal's answer to a read is larger than the bridge takes.

    Attributes:
        next_cursor: the cursor behind a page that is too large, "" where the portal does not name it in a
            header.
        begun: what was read of the answer.
    """

    next_cursor = ""
    begun = b""


class PortalRefused(PortalError):
    """The portal refused the call with a problem document, or a read with a bare 401 or 403; nothing was
    changed.
    """


class PortalUnauthorized(PortalRefused):
    """The portal does not accept the bridge's token or signature."""


class PortalForbidden(PortalRefused):
    """The bridge's token lacks a scope, or the thing belongs to somebody else."""


class AnotherBridge(PortalForbidden):
    """Another bridge, which keeps another journal, writes to this portal: this one may not."""


class PortalNotFound(PortalRefused):
    """The portal does not know the thing."""


class StateConflict(PortalRefused):
    """The thing is not in the state that the write expected."""

    def __init__(self, *args: str, actual: str = "", **kwargs: object) -> None:
        self.actual = actual
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]


class KeyInProgress(PortalRefused):
    """The same key is being processed right now; the outcome is not known yet."""

    outcome_known = False


class KeyReused(PortalRefused):
    """The same key came with another body: the bridge or its journal is at fault, a person must look."""


class InsufficientBalance(PortalRefused):
    """The hold does not fit the balance. `available` and `needed` are norm-hours."""

    def __init__(self, *args: str, available: Decimal, needed: Decimal, **kwargs: object) -> None:
        self.available = available
        self.needed = needed
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
