"""Tables as operators read them: rows apart from each other, long words folded rather than cut, text from
outside never markup.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from bridge import plain
from bridge.cli import technical, words
from bridge.domain.lifecycle import Reason


class Screen(Console):
    """A console that obeys nothing that stands in a printed text."""

    def print(self, *objects: Any, **options: Any) -> None:
        """Print as rich does."""
        super().print(*(plain.lines(one) if isinstance(one, str) else one for one in objects), **options)


class Rows(Table):
    """A table that obeys nothing that stands in its cells."""

    def add_row(self, *renderables: RenderableType | None, **options: Any) -> None:
        """Add a row as rich does."""
        super().add_row(
            *(plain.lines(one) if isinstance(one, str) else one for one in renderables), **options
        )


def table(*columns: str, title: str | None = None, show_header: bool = True) -> Table:
    """An empty table with these columns."""
    made = Rows(show_lines=show_header, title=title, show_header=show_header)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def cell(text: object) -> str:
    """Text from outside within a cell or a sentence: one line, no markup."""
    return escape(plain.line(text))


def standing(status: str, reason: Reason | None, number: str) -> str:
    """A cell: where a ticket stands, and why."""
    why = escape(words.reason(reason, number)) if reason else ""
    return f"[bold]{words.status(status, reason)}[/bold]\n{why}"


def fault(title: str, text: str) -> str:
    """A line that something is wrong."""
    return f"[bold red]{title}[/bold red]: {escape(technical.shown(text))}"
