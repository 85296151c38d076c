"""What a customer reads: Russian texts from templates (config/templates/), each of which a site can replace
by its own.

A site's directory is looked into first, template by template. Texts are plain text; the portal escapes them
for its pages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import Any

from bridge.actions import ACTIONS
from bridge.actions.registry import TEMPLATES, folder_of, text
from bridge.domain.tickets import Ticket
from bridge.errors import UserError

NAMES = (
    "order",
    "suspended",
    "taken",
    "beyond",
    "ready",
    "written_off",
    "corrected",
    "done",
    "withdrawn",
    "cannot",
    "undone",
)
"""The messages there are; `order:…` and the like use the template of the name before the colon."""

LONGEST = 8000
"""Characters of a message; a longer one is cut."""

_HEAD, _TAIL = 5500, 2000

RENAMED = {"held": "suspended"}
"""Templates that an earlier version had under another name."""

_TAKEN = ("write_off", "written_off")
"""Facts that an earlier version called `taken`; a site's own templates may still ask for it."""

_EVIDENCE = "evidence"
"""The part of a message that shows what an operation left."""

_CONTEXT_LEVELS = {
    "system": "система",
    "user": "пользователь",
    "coursecat": "категория",
    "course": "курс",
    "module": "элемент курса",
    "block": "блок",
}
_PERMISSIONS = {"allow": "разрешить", "prevent": "не разрешать", "prohibit": "запретить"}


class Messages:
    """Renders the messages.

    Parameters:
        directory: a site's own templates, None for the ones that come with the bridge.
        zone: by whose clock moments are told.

    Raises:
        UserError: a template of the directory cannot be read.
    """

    def __init__(self, directory: Path | None = None, zone: tzinfo = UTC) -> None:
        # Loaded here, for most commands send no message.
        from jinja2 import (
            BaseLoader,
            ChoiceLoader,
            FileSystemLoader,
            FunctionLoader,
            PackageLoader,
            StrictUndefined,
            TemplateError,
        )
        from jinja2.sandbox import SandboxedEnvironment

        loaders: list[BaseLoader] = [FileSystemLoader(directory)] if directory else []
        loaders += [PackageLoader("bridge.defaults", "templates"), FunctionLoader(_of_action)]
        self._environment = SandboxedEnvironment(
            loader=ChoiceLoader(loaders),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,
        )
        self._environment.filters.update(
            hours=hours,
            minutes=minutes,
            roubles=roubles,
            number=number,
            moment=lambda value: moment(value, zone),
            context_level=lambda level: _CONTEXT_LEVELS.get(level, level),
            permission=lambda word: _PERMISSIONS.get(word, word),
        )
        self._environment.globals["action_of"] = _action_of
        problems = [
            f"{_file(old)}: is called {_file(new)} now; rename it"
            for old, new in RENAMED.items()
            if directory is not None and (directory / _file(old)).exists()
        ]
        of_actions = [f"actions/{name}/{told}" for name in ACTIONS for told in TEMPLATES]
        for file in (*map(_file, (*NAMES, _EVIDENCE)), *of_actions):
            try:
                self._environment.get_template(file)
            except (TemplateError, UnicodeDecodeError) as error:
                problems.append(f"{file}: {error}")
        if problems:
            raise UserError(f"templates in {directory or 'the package'} have faults", problems)

    def render(self, message: str, ticket: Ticket, facts: Mapping[str, Any]) -> str:
        """The text of a message.

        Raises:
            UserError: the template asks for something that is not there.
        """
        from jinja2 import TemplateError

        name = _file(message.partition(":")[0])
        older = dict(zip(("taken",), (facts[fact] for fact in _TAKEN if fact in facts), strict=False))
        try:
            text = self._environment.get_template(name).render(ticket=ticket, **older, **facts)
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            raise UserError(f"template {name} cannot be rendered", [str(error)]) from error
        lines = "\n".join(line.rstrip() for line in text.strip().splitlines())
        return bounded(re.sub(r"\n{3,}", "\n\n", lines)) + "\n"


def bounded(text: str) -> str:
    """The text, or its beginning and its end with a word on how much of the middle was left out.

    What an order or Moodle says may be of any length. What the customer has to do stands at the beginning and
    at the end.
    """
    if len(text) <= LONGEST:
        return text
    head, tail = text[:_HEAD], text[-_TAIL:]
    head = head[: head.rfind("\n")] if "\n" in head[_HEAD // 2 :] else head
    tail = tail[tail.find("\n") + 1 :] if "\n" in tail[: _TAIL // 2] else tail
    out = len(text) - len(head) - len(tail)
    return f"{head}\n… пропущено знаков: {out}; полностью это есть у специалиста …\n{tail}"


def hours(value: str | Decimal) -> str:
    """Norm-hours as a customer reads them: 1,5 нормо-ч."""
    return f"{number(value)}\u00a0нормо-ч"


def minutes(value: int) -> str:
    """Minutes as hours and minutes: 1 ч 30 мин."""
    whole, rest = divmod(value, 60)
    return " ".join(
        part for part in (f"{whole} ч" if whole else "", f"{rest} мин" if rest or not whole else "") if part
    )


def roubles(value: str | Decimal) -> str:
    """Money: 3 750,00 ₽, with no-break spaces."""
    return f"{Decimal(value):,.2f}".replace(",", "\u00a0").replace(".", ",") + "\u00a0₽"


def number(value: str | Decimal) -> str:
    """A decimal number with a comma and without needless zeros."""
    text = f"{Decimal(value):f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace(".", ",")


def moment(value: str, zone: tzinfo = UTC) -> str:
    """An ISO moment by a zone's clock: 01.03.2026 12:30 MSK."""
    return datetime.fromisoformat(value).astimezone(zone).strftime("%d.%m.%Y %H:%M %Z")


def _of_action(file: str) -> str | None:
    """A template of an action's own folder, `actions/create-role/cannot.txt.j2`, or one that several share,
    `actions/places.txt.j2`.
    """
    kind, _, rest = file.partition("/")
    if kind == "actions" and "/" not in rest:
        return text("", rest)
    action, _, name = rest.partition("/")
    return text(folder_of(action), name) if kind == "actions" and action in ACTIONS else None


def _action_of(kind: str) -> str:
    """The action whose evidence is of this kind, "" where none is."""
    return next((one.name for one in ACTIONS.values() if one.words.evidence_kind == kind), "")


def _file(name: str) -> str:
    return f"{name}.txt.j2"
