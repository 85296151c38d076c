"""Finding the actions by their folders, and refusing one that is not whole.

A folder of bridge/actions/ that holds `ACTION` is an action. What it needs is checked when it is imported, so
that an unfinished action is found by whoever writes it and not by a customer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module, resources
from pathlib import PurePosixPath
from pkgutil import iter_modules

from bridge.actions.action import Action
from bridge.actions.base import Params

LANGUAGES = ("en", "ru")
TEMPLATES = ("cannot.txt.j2", "evidence.txt.j2")
FIRST_EXAMPLE = "order.toml"
LONGEST_FIELD = 30
"""Characters that Redmine takes for the name of a field."""
_NAME = re.compile(r"[a-z]+(-[a-z]+)+")
_KIND = re.compile(r"[a-z]+\.[a-z_]+")
_INCLUDE = re.compile(r'{% include "actions/([a-z]+\.txt\.j2)" %}')
"""Sentences that several actions share; the file stands beside their folders."""


class IncompleteAction(TypeError):
    """A folder of bridge/actions/ is no whole action."""

    def __init__(self, folder: str, problems: list[str]) -> None:
        self.problems = problems
        super().__init__(f"bridge/actions/{folder}: {'; '.join(problems)} (docs/new-action.md)")


def gather() -> dict[str, Action]:
    """All actions by name.

    Raises:
        IncompleteAction: one is not whole.
    """
    found: dict[str, Action] = {}
    fields: dict[str, str] = {}
    for module in iter_modules(import_module("bridge.actions").__path__):
        if module.ispkg:
            action = getattr(import_module(f"bridge.actions.{module.name}"), "ACTION", None)
            texts = {name: text(module.name, name) for name in (*TEMPLATES, FIRST_EXAMPLE)}
            problems = list(_problems(module.name, action, texts, fields))
            if problems or not isinstance(action, Action):
                raise IncompleteAction(module.name, problems)
            found[action.name] = action
            fields |= {action.words.field(one): action.name for one in action.words.labels}
    return found


def folder_of(action: str) -> str:
    """The folder of an action."""
    return action.replace("-", "_")


@cache
def text(folder: str, name: str) -> str | None:
    """A text file of an action's folder, None where there is none."""
    file = resources.files("bridge.actions").joinpath(folder, name)
    return file.read_text("utf-8") if file.is_file() else None


def examples(action: str) -> dict[str, str]:
    """The example orders of an action: texts by file name."""
    folder = resources.files("bridge.actions").joinpath(folder_of(action))
    names = sorted(one.name for one in folder.iterdir() if PurePosixPath(one.name).match("order*.toml"))
    return {name: text(folder_of(action), name) or "" for name in names}


def _problems(
    folder: str, action: object, texts: Mapping[str, str | None], taken: Mapping[str, str]
) -> Iterator[str]:
    yield from (f"{name} is missing" for name, found in texts.items() if found is None)
    if not isinstance(action, Action):
        yield "ACTION is missing"
        return
    if not _NAME.fullmatch(action.name) or folder_of(action.name) != folder:
        yield f"the name {action.name!r} is not the folder's"
    if not issubclass(action.params, Params):
        yield "its parameters are no Params"
        return
    if not action.steps or not all(_KIND.fullmatch(one) for one in action.steps):
        yield "it names no kinds of steps"
    words = action.words
    yield from (f"words.title has no {one!r}" for one in LANGUAGES if not words.title.get(one))
    known = action.params.model_fields
    yield from (
        f"words.labels names {one!r}, which is no parameter" for one in words.labels if one not in known
    )
    for field in map(words.field, words.labels):
        if field in taken:
            yield f"words.labels: the field “{field}” is one of {taken[field]}: take another label"
        if len(field) > LONGEST_FIELD:
            yield f"words.labels: “{field}” has {len(field)} characters, Redmine takes {LONGEST_FIELD}"
        if not re.fullmatch(r"(\w[\w ,.-]* \()?param_\w+\)?", field):
            yield f"words.labels: “{field}”: a label is letters, digits, spaces and , . -"
    if not words.evidence_kind:
        yield "words.evidence_kind is empty"
    both = sorted(words.customers & words.operators)
    if both:
        yield f"words: codes are the customer's and the operator's: {', '.join(both)}"
    sentences = texts["cannot.txt.j2"] or ""
    for shared in _INCLUDE.findall(sentences):
        sentences += text("", shared) or ""
    yield from (
        f"cannot.txt.j2 has no sentence for {code!r}"
        for code in sorted(words.customers)
        if f'"{code}"' not in sentences
    )
    if not action.specialists_only <= known.keys():
        yield "specialists_only names what is no parameter"
    rules = action.rules.model_fields if action.rules else {}
    yield from (
        f"rules: {key!r} needs a default and a description"
        for key, one in rules.items()
        if one.is_required() or not one.description
    )
