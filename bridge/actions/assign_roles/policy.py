"""What a site lets orders for roles do."""

from __future__ import annotations

from pydantic import Field

from bridge.actions.action import Rules


class AssignRolesRules(Rules):
    """[policy.assign-roles]."""

    system: bool = Field(
        default=False,
        description="whether orders may give roles in the whole system; the plugin's settings have to allow "
        "the role there, too",
    )
