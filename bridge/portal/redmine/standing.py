"""What a Redmine says of itself: the clock, what the bridge's roles may do, and whether all that the
convention names is there.
"""

from __future__ import annotations

from itertools import islice

from bridge.domain.hours import ROUNDING_UNIT
from bridge.portal.errors import PortalNotContract
from bridge.portal.port import CAPABILITIES, Meta
from bridge.portal.redmine.client import MOST, Client
from bridge.portal.redmine.convention import RedmineConvention
from bridge.portal.redmine.reader import Reader

ABILITIES = frozenset({"ledger", "reversals", "private_notes", "tacit_acceptance"})
"""What Redmine can do by the convention; what else the bridge needs is made up for."""

PERMISSIONS = {
    "tickets:read": {"view_issues", "view_private_notes"},
    "tickets:write": {"edit_issues", "add_issue_notes", "set_notes_private"},
    "ledger:read": {"view_time_entries"},
    "ledger:write": {"log_time", "edit_own_time_entries"},
}
"""Permissions of a role that come to a scope of the contract."""


def standing(portal: str, client: Client, reader: Reader, convention: RedmineConvention) -> Meta:
    """See `Portal.meta`.

    Raises:
        PortalNotContract: with everything that the convention names and Redmine lacks.
        PortalForbidden: the bridge's role does not see the norm-hours of one of the newest rows of a ledger.
    """
    now = reader.introduce()
    lists = (
        (
            "trackers",
            "/trackers.json",
            {f"trackers.{kind}": id_ for kind, id_ in vars(convention.trackers).items()},
        ),
        (
            "issue_statuses",
            "/issue_statuses.json",
            {f"ticket_states.{state}": id_ for state, id_ in convention.ticket_states.items()}
            | {f"stage_states.{state}": id_ for state, id_ in convention.stage_states.items()},
        ),
        (
            "time_entry_activities",
            "/enumerations/time_entry_activities.json",
            {f"activities.{kind}": id_ for kind, id_ in vars(convention.activities).items()},
        ),
    )
    problems: list[str] = []
    for what, path, needed in lists:
        there = client.listed(what, path)
        problems += [f"{name} = {id_}" for name, id_ in needed.items() if id_ not in there]
    if problems:
        detail = (
            f"[portal.redmine] names what this Redmine does not have: {', '.join(problems)}; "
            "otbridge init-redmine prints what it has"
        )
        raise PortalNotContract("convention", detail, portal=portal)
    ids = convention.activities
    for entry in islice(
        client.newest_entries({"activity_id": f"{ids.top_up}|{ids.capture}|{ids.reversal}"}), MOST
    ):
        if not reader.sees_hours(entry):
            raise reader.blind(entry.project)
    granted = client.permissions()
    scopes = frozenset(scope for scope, needed in PERMISSIONS.items() if granted is None or needed <= granted)
    return Meta("1.0", "Redmine", now, ABILITIES, scopes, ROUNDING_UNIT, CAPABILITIES - ABILITIES)
