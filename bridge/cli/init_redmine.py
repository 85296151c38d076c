"""otbridge init-redmine: the script that sets a Redmine up as a portal, for Redmine's own rails runner.
Needs no settings file.
"""

from __future__ import annotations

from typing import Any

import click

from bridge.cli.common import reports_errors
from bridge.i18n import tr

_ONE_LINE = 255
"""Characters that a field of one line takes."""


@click.command(
    "init-redmine",
    help=tr(
        "Print the Ruby script that gives a Redmine the fields, statuses and roles of the "
        "convention; pipe it into `rails runner -` there."
        " It prints the table [portal.redmine] for bridge.toml."
    ),
)
@click.option(
    "--project",
    "projects",
    metavar="IDENTIFIER",
    multiple=True,
    required=True,
    help=tr("A customer's project; may be given again."),
)
@click.option(
    "--category",
    default="Выделенный специалист (н.часы)",
    show_default=True,
    help=tr("Issue category of paid tickets."),
)
@click.option(
    "--customer-role",
    default="Заказчик",
    show_default=True,
    help=tr("Role of customers; made if it is missing."),
)
@click.option(
    "--specialist-role",
    default="Специалист",
    show_default=True,
    help=tr("Role of specialists; made if it is missing."),
)
@click.option(
    "--accountant-role",
    default="Бухгалтер",
    show_default=True,
    help=tr("Role of those who top balances up; made if it is missing."),
)
@click.option(
    "--bridge-user",
    metavar="LOGIN",
    default="otbridge",
    show_default=True,
    help=tr("The bridge's own user; made if it is missing."),
)
@reports_errors
def command(
    projects: tuple[str, ...],
    category: str,
    customer_role: str,
    specialist_role: str,
    accountant_role: str,
    bridge_user: str,
) -> None:
    from bridge.actions import ACTIONS
    from bridge.portal.redmine.setup import LONGEST_NAME, OrderField, Setup
    from bridge.settings import default_catalogue

    fields = [
        OrderField(name, action.words.field(name), "text" if _is_long(schema) else "string", action.name)
        for action in ACTIONS.values()
        for name, schema in action.params.model_json_schema()["properties"].items()
        if name in action.words.labels  # the others stand in the field `params`
    ]
    categories = [
        next(
            (name for name in (one.name, *one.aliases) if len(name) <= LONGEST_NAME and not name.isascii()),
            one.id,
        )
        for one in default_catalogue().categories
    ]
    setup = Setup(
        projects,
        category,
        customer_role,
        specialist_role,
        accountant_role,
        bridge_user,
        categories,
        sorted(fields, key=lambda one: one.param),
    )
    click.echo(setup.script())


def _is_long(schema: dict[str, Any]) -> bool:
    """Whether a parameter wants a field of several lines."""
    return schema.get("type") == "object" or schema.get("maxLength", 0) > _ONE_LINE
