"""The contract's calls: each one's name, method, path and scope, in the order of docs/portal-api.md."""

from __future__ import annotations

from dataclasses import dataclass

BASE = "/api/otbridge/v1"


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. `name` is that of the Portal protocol's method and of the OpenAPI operation; `scope` is
    None where any token will do.
    """

    name: str
    method: str
    path: str
    scope: str | None

    @property
    def rule(self) -> str:
        """The path as Flask writes it."""
        return BASE + self.path.replace("{", "<").replace("}", ">")


OPERATIONS = (
    Operation("meta", "GET", "/meta", None),
    Operation("changed_tickets", "GET", "/tickets", "tickets:read"),
    Operation("ticket", "GET", "/tickets/{id}", "tickets:read"),
    Operation("download", "GET", "/tickets/{id}/attachments/{aid}", "tickets:read"),
    Operation("account", "GET", "/accounts/{id}", "ledger:read"),
    Operation("ledger", "GET", "/ledger", "ledger:read"),
    Operation("find", "GET", "/keys/{key}", None),
    Operation("note", "POST", "/tickets/{id}/notes", "tickets:write"),
    Operation("attach", "POST", "/tickets/{id}/attachments", "tickets:write"),
    Operation("set_ticket_state", "POST", "/tickets/{id}/state", "tickets:write"),
    Operation("set_stage_state", "POST", "/tickets/{id}/stages/{sid}/state", "tickets:write"),
    Operation("hold", "POST", "/accounts/{id}/holds", "ledger:write"),
    Operation("capture", "POST", "/holds/{hold_id}/capture", "ledger:write"),
    Operation("void", "POST", "/holds/{hold_id}/void", "ledger:write"),
    Operation("reverse", "POST", "/ledger/{id}/reversal", "ledger:write"),
)
