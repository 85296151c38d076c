"""The log: one line for each thing done, and no line that somebody's text could forge.

A line is `what=… name=value …`, the same in every language, so that it can be searched and counted.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from bridge import plain
from bridge.domain.effects import Effect, EffectState
from bridge.domain.tickets import Ticket

DONE = logging.getLogger("bridge.done")
"""Where the lines of things done go; the service shows them always, other commands with -v."""


class PlainFormatter(logging.Formatter):
    """Formats records so that each message is one line, and a traceback is set off from what follows it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (logging's own name)
        """The head and the message, on one line."""
        return plain.line(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 (logging's own name)
        """The traceback, each line indented, so that none looks like a record."""
        return _indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 (logging's own name)
        """A stack, each line indented."""
        return _indented(super().formatStack(stack_info))


def log_done(ticket: Ticket, effect: Effect, seconds: float) -> None:
    """Write the line of an effect that was settled.

    Parameters:
        ticket: whose effect it is.
        seconds: how long the call took.
    """
    DONE.info("%s", describe(ticket, effect, seconds))


def describe(ticket: Ticket, effect: Effect, seconds: float) -> str:
    """One line: what, ticket, stage, hours (norm-hours that were held, returned or written off), key,
    seconds; for a refusal its code.
    """
    outcome: Mapping[str, Any] = effect.outcome or {}
    number, title = next(
        (
            (str(place), stage.title)
            for place, stage in enumerate(ticket.stages, 1)
            if stage.id == effect.stage_id
        ),
        ("", ""),
    )
    facts = {
        "what": effect.kind,
        "state": "" if effect.state is EffectState.DONE else effect.state.value,
        "ticket": ticket.number,
        "stage": f"{number} {title}".strip(),
        "hours": outcome.get("amount", ""),
        "code": outcome.get("code", ""),
        "attempts": effect.attempts if effect.attempts > 1 else "",
        "key": effect.key,
        "seconds": f"{seconds:.2f}",
    }
    return " ".join(f"{name}={_value(value)}" for name, value in facts.items() if value != "")


def _value(value: Any) -> str:
    text = plain.line(value)
    bare = text and not any(char in ' "=' or char.isspace() for char in text)
    return text if bare else json.dumps(text, ensure_ascii=False)


def _indented(text: str) -> str:
    return "\n".join(f"  {one}" for one in plain.lines(text).split("\n"))
