"""What a site lets orders for accounts do."""

from __future__ import annotations

from pydantic import Field

from bridge.actions.action import Rules


class CreateUsersRules(Rules):
    """[policy.create-users]."""

    most_people: int = Field(
        default=500, ge=1, le=1500, description="people of one order at most; more is a specialist's decision"
    )
    auths: tuple[str, ...] = Field(
        default=("manual",),
        description="ways to log in that orders may name; the plugin's settings have to allow them, too",
    )
