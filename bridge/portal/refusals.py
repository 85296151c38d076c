"""Problem documents (RFC 9457) of the portal, as the errors that they mean."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from bridge.domain.hours import from_milli
from bridge.portal.errors import (
    AnotherBridge,
    InsufficientBalance,
    KeyInProgress,
    KeyReused,
    PortalForbidden,
    PortalNotFound,
    PortalRefused,
    PortalUnauthorized,
    StateConflict,
)

_LONGEST = 1000
_BY_CODE: Mapping[str, type[PortalRefused]] = {
    "another_bridge": AnotherBridge,
    "unauthorized": PortalUnauthorized,
    "forbidden": PortalForbidden,
    "not_found": PortalNotFound,
    "in_progress": KeyInProgress,
    "key_reused": KeyReused,
}
_BY_STATUS: Mapping[int, type[PortalRefused]] = {
    401: PortalUnauthorized,
    403: PortalForbidden,
    404: PortalNotFound,
}
"""For codes that a newer contract may bring."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A believable problem document: its media type, its status and its code are what the contract says."""

    status: int
    code: str
    detail: str
    members: Mapping[str, Any]

    @classmethod
    def read(cls, status: int, media_type: str, body: bytes) -> Problem | None:
        """The problem document in an answer, None when it is none."""
        if media_type.partition(";")[0].strip().lower() != "application/problem+json":
            return None
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            return None
        if not isinstance(document, dict) or document.get("status") != status:
            return None
        code = document.get("code")
        if not isinstance(code, str) or not code:
            return None
        return cls(status, readable(code), _detail(document), document)

    def error(self, endpoint: str, *, request_id: str, portal: str) -> PortalRefused:
        """The error that it means."""
        common: dict[str, Any] = {
            "status": self.status,
            "code": self.code,
            "request_id": request_id,
            "portal": portal,
        }
        if self.code == "insufficient_balance":
            available, needed = self.members.get("available_mh"), self.members.get("needed_mh")
            if _is_int(available) and _is_int(needed):
                return InsufficientBalance(
                    endpoint,
                    self.detail,
                    available=from_milli(available),
                    needed=from_milli(needed),
                    **common,
                )
        if self.code == "state_conflict" or self.status == 412:
            return StateConflict(
                endpoint, self.detail, actual=readable(str(self.members.get("actual", ""))), **common
            )
        kind = _BY_CODE.get(self.code) or _BY_STATUS.get(self.status, PortalRefused)
        return kind(endpoint, self.detail, **common)


def readable(text: str) -> str:
    """`text` on one line, printable, of a length that people read."""
    line = " ".join(
        "".join(character if character.isprintable() else " " for character in text[: 4 * _LONGEST]).split()
    )
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _detail(document: Mapping[str, Any]) -> str:
    errors = document.get("errors")
    parts = [str(document.get("detail") or document.get("title") or "refused")]
    parts += [str(error) for error in errors] if isinstance(errors, list) else []
    return readable("; ".join(parts))


def _is_int(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
