"""Tables as operators read them: rows apart from each other, long words folded rather than cut, text from outside never markup."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from bridge.cli import words
from bridge.lifecycle import Reason


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table with these columns."""
    made = Table(show_lines=True, title=title)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def standing(status: str, reason: Reason | None, number: str) -> str:
    """A cell: where a ticket stands, and why."""
    why = escape(words.reason(reason, number)) if reason else ""
    return f"[bold]{words.status(status)}[/bold]\n{why}"


def fault(title: str, told: str) -> str:
    """A line that something is wrong."""
    return f"[bold red]{title}[/bold red]: {escape(told)}"
