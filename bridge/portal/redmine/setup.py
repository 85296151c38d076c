"""The script that sets a Redmine up by the convention: Ruby, for Redmine's own `rails runner`, because its
REST API makes no custom fields.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import resources

LONGEST_NAME = 30
"""Characters in a name that Redmine takes for an activity, a status or a field."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What the script is given.

    Attributes:
        projects: identifiers of the customers' projects.
        category: the issue category of paid tickets.
        customer_role, specialist_role, accountant_role: names of the roles of customers, specialists and
            those who top balances up; made where they are missing.
        bridge_user: login of the bridge's user; made where it is missing.
        categories: names of the specialists' categories, under which they log time.
        params: names of the parameters that actions take, each with the actions that take it, and the format
            of its field there, string or text.
    """

    projects: Sequence[str]
    category: str
    customer_role: str
    specialist_role: str
    accountant_role: str
    bridge_user: str
    categories: Sequence[str]
    params: Sequence[tuple[str, Sequence[tuple[str, str]]]]

    def script(self) -> str:
        """The script; run again it makes what is missing, and takes nothing away."""
        given = base64.b64encode(json.dumps(asdict(self), ensure_ascii=False).encode()).decode()
        body = resources.files("bridge.portal.redmine").joinpath("setup.rb").read_text(encoding="utf-8")
        return f'GIVEN = "{given}"\n{body}'
