"""A statement as one HTML page, ready to be printed: from config/templates/statement.html.j2, or from a
site's own template of that name (docs/statement.md).
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PackageLoader, StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment
from markupsafe import Markup

from bridge.domain import in_words
from bridge.domain.statement import Statement
from bridge.errors import UserError
from bridge.operators.statement import charts, labels
from bridge.operators.statement.labels import Parties

TEMPLATE = "statement.html.j2"


def render(statement: Statement, parties: Parties, directory: Path | None = None) -> str:
    """The page.

    Parameters:
        directory: a site's own templates; the one that comes with the bridge where it has none.

    Raises:
        UserError: the template cannot be read, or asks for something that is not there.
    """
    loaders: list[BaseLoader] = [FileSystemLoader(directory)] if directory else []
    loaders.append(PackageLoader("bridge.defaults", "templates"))
    environment = SandboxedEnvironment(
        loader=ChoiceLoader(loaders),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    environment.filters.update(
        hours=labels.hours,
        money=labels.money,
        roubles=labels.roubles,
        coefficient=labels.coefficient,
        clock=labels.clock,
        day=labels.day,
        month=labels.month,
        clean=labels.clean,
        stage=labels.stage,
        hours_in_words=in_words.hours,
        roubles_in_words=in_words.roubles,
        days_in_words=lambda days: f"{days}{labels.NBSP}{in_words.form(days, in_words.DAYS)}",
        capitalised=lambda text: text[:1].upper() + text[1:],
    )
    try:
        return environment.get_template(TEMPLATE).render(
            statement=statement,
            parties=parties,
            title=labels.title(statement),
            span=labels.span(statement.period),
            # Its texts are escaped by the module that draws it.
            chart_by_month=Markup(charts.by_month(statement.months)),  # noqa: S704
            chart_by_service=Markup(charts.by_service(statement.services)),  # noqa: S704
        )
    except (TemplateError, UnicodeDecodeError, TypeError, ValueError, ArithmeticError) as error:
        raise UserError(f"template {TEMPLATE} cannot be rendered", [str(error)]) from error
