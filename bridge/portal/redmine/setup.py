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


MADE_FOR_ALL = {
    "course": "Курс (param_course)",
    "name": "Название (param_name)",
    "shortname": "Краткое имя (param_shortname)",
}
"""Fields that earlier set-ups made for a parameter of all actions. Orders stand in them, so one that is there
stays the only one of its parameter.
"""


@dataclass(frozen=True, slots=True)
class OrderField:
    """A parameter's field on the form of a ticket.

    Attributes:
        param: name of the parameter.
        name: of the field; no other has it.
        format: string or text.
        action: whose parameter it is.
    """

    param: str
    name: str
    format: str
    action: str


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
        fields: of the parameters that actions take, in their order on the form.
    """

    projects: Sequence[str]
    category: str
    customer_role: str
    specialist_role: str
    accountant_role: str
    bridge_user: str
    categories: Sequence[str]
    fields: Sequence[OrderField]

    def script(self) -> str:
        """The script; run again it makes what is missing, and takes nothing away."""
        told = {**asdict(self), "made_for_all": MADE_FOR_ALL}
        given = base64.b64encode(json.dumps(told, ensure_ascii=False).encode()).decode()
        body = resources.files("bridge.portal.redmine").joinpath("setup.rb").read_text(encoding="utf-8")
        return f'GIVEN = "{given}"\n{body}'
