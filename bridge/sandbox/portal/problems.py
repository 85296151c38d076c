"""Problem documents (RFC 9457): what the embedded portal refuses, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STATUS: Mapping[str, int] = {
    "unauthorized": 401,
    "insufficient_balance": 402,
    "forbidden": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "in_progress": 409,
    "another_bridge": 409,
    "state_conflict": 409,
    "too_large": 413,
    "invalid": 422,
    "key_reused": 422,
    "amount_mismatch": 422,
    "internal": 500,
}
"""HTTP status of every code that the embedded portal uses."""


class Problem(Exception):
    """A refusal. `members` are the document's extra members, such as `actual`."""

    def __init__(self, code: str, detail: str, **members: Any) -> None:
        self.code = code
        self.status = STATUS[code]
        self.detail = detail
        self.members = members
        super().__init__(f"{code}: {detail}")

    def document(self) -> dict[str, Any]:
        """The document's JSON."""
        return {
            "type": f"urn:otbridge:problem:{self.code}",
            "title": self.code.replace("_", " "),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            **self.members,
        }


def not_found(what: str, id_: str) -> Problem:
    """There is no such thing."""
    return Problem("not_found", f"there is no {what} {id_}")


def conflict(detail: str, actual: str) -> Problem:
    """The thing is in another state."""
    return Problem("state_conflict", detail, actual=actual)


def invalid(*errors: str) -> Problem:
    """The request is not what the contract says; `errors` names every fault."""
    return Problem("invalid", "the request is not valid", errors=list(errors))
