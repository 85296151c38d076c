"""Writes what follows from the folders of `bridge/actions/`: docs/actions/, docs/coverage.md, the schema of
documents for build-site, and parts of the example settings, of their page, and of the plugin's service.

`make actions` writes them; with `--check` it only says, by its exit code, whether they are as they would be
written.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import get_args

from pydantic_core import PydanticUndefined

from bridge.actions import ACTIONS, Action
from bridge.actions.base import Params
from bridge.actions.registry import examples, folder_of
from bridge.operators.doctor import ALWAYS_NEEDED
from bridge.sandbox.moodle.steps import kinds
from bridge.settings import default_catalogue

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
MADE = "Made by `make actions` from `bridge/actions/`; do not edit."
MADE_FROM = "made by `make actions` from bridge/actions/"
MOODLES = "3.9 to 5.2"
"""What the plugin says of every kind of step so far."""


FOR_TESTS = frozenset({"core_course_delete_courses", "core_files_upload"})
"""What the service holds beside: the contract tests ask a real site for them (docs/testing.md)."""

IN_A_PAGE = (f"<!-- {MADE_FROM} -->\n", "<!-- end -->")
IN_SETTINGS = (f"# Tables of single actions, {MADE_FROM}:\n", "# (end of the tables of single actions)")
IN_SERVICE = ("'functions' => [\n", "        ],")
SERVICES = ROOT / "plugin_php_stub" / "local_otbridge" / "db" / "services.php"


def pages() -> dict[Path, str]:
    """Every file as it ought to be, by its path."""
    made = {DOCS / "actions" / f"{name}.md": _page(action) for name, action in ACTIONS.items()}
    functions = sorted(_needed_functions().keys() | FOR_TESTS)
    core = textwrap.fill(
        ", ".join(f"`{one}`" for one in functions if one.startswith("core_")) + ".",
        110,
        break_on_hyphens=False,
    )
    settings = ROOT / "config" / "bridge.example.toml"
    return {
        **made,
        DOCS / "coverage.md": _coverage(),
        DOCS / "blueprint.schema.json": _blueprint_schema(),
        DOCS / "configuration.md": _with(DOCS / "configuration.md", IN_A_PAGE, _rules_page()),
        DOCS / "plugin-api.md": _with(DOCS / "plugin-api.md", IN_A_PAGE, core + "\n"),
        settings: _with(settings, IN_SETTINGS, _rules_toml()),
        SERVICES: _with(SERVICES, IN_SERVICE, "".join(f"            '{one}',\n" for one in functions)),
    }


def _with(path: Path, around: tuple[str, str], part: str) -> str:
    """The file with a part that is made: what stands between two marks."""
    before, after = map(re.escape, around)
    text, places = re.subn(
        f"({before}).*?({after})",
        lambda found: found[1] + part + found[2],
        path.read_text("utf-8"),
        flags=re.DOTALL,
    )
    if places != 1:
        sys.exit(f"{path}: the marks of the part that is made from bridge/actions/ are there {places} times")
    return text


def _needed_functions() -> dict[str, list[str]]:
    """Web service functions, each with the actions that need it; none for what the bridge itself needs."""
    names = ALWAYS_NEEDED.union(*(one.functions for one in ACTIONS.values()))
    return {
        name: [one.name for one in ACTIONS.values() if name in one.functions and name not in ALWAYS_NEEDED]
        for name in sorted(names)
    }


def _rules_page() -> str:
    lines = ["| key | meaning | default |", "|---|---|---|"]
    for name, action in ACTIONS.items():
        for key, one in action.rules.model_fields.items() if action.rules else ():
            lines.append(f"| `policy.{name}.{key}` | {one.description} | {_default(one)} |")
    return "\n".join(lines) + "\n"


def _rules_toml() -> str:
    lines = []
    for name, action in ACTIONS.items():
        lines += [f"[policy.{name}]"] if action.rules else []
        for key, one in action.rules.model_fields.items() if action.rules else ():
            about = (one.description or "").replace("`", "")
            text = about[:1].upper() + about[1:] + "."
            lines += textwrap.wrap(
                text, 108, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
            )
            value = one.get_default(call_default_factory=True)
            unset = "# " if value is None else ""
            lines.append(f"{unset}{key} = {json.dumps('…' if unset else value, ensure_ascii=False)}")
    return "\n".join(lines) + "\n"


def _page(action: Action) -> str:
    services = [one for one in default_catalogue() if action.name in one.actions]
    about = (import_module(f"bridge.actions.{folder_of(action.name)}").__doc__ or "").strip()
    lines = [f"# {action.name}: {action.words.title['en']}", "", MADE, ""]
    for paragraph in about.split("\n\n"):
        lines += [textwrap.fill(" ".join(paragraph.split()), 110, break_on_hyphens=False), ""]
    lines += ["| parameter | on a form | needed |", "|---|---|---|"]
    for name, field in action.params.model_fields.items():
        label = action.words.labels.get(name) or f"`param_{name}`"
        needed = "yes" if field.is_required() else f"no ({_default(field)})"
        if name in action.specialists_only:
            needed += "; a specialist's word only"
        lines.append(f"| `{name}` | {label} | {needed} |")
        lines += _tables(name, field.annotation)
    lines += ["", "Services: " + ", ".join(f"{one.id} ({one.handling})" for one in services) + "."]
    limits = [
        f"- {one.id}: " + ", ".join(f"{name} {most}" for name, most in one.limits.items())
        for one in services
        if one.limits
    ]
    lines += ["", "Limits of one order:", *limits] if limits else []
    lines += ["", f"Steps: {', '.join(f'`{one}`' for one in sorted(action.steps))}.", ""]
    lines += ["| refusal | whose turn |", "|---|---|"]
    lines += [f"| `{code}` | the customer's |" for code in sorted(action.words.customers)]
    lines += [f"| `{code}` | an operator's |" for code in sorted(action.words.operators)]
    for name, text in examples(action.name).items():
        lines += ["", f"An order (`{name}`):", "", "```toml", text.strip(), "```"]
    return "\n".join(lines) + "\n"


def _tables(name: str, annotation: object) -> Iterator[str]:
    """Rows for what stands in each table of a parameter, and in the tables within."""
    for inner in (annotation, *get_args(annotation)):
        if isinstance(inner, type) and issubclass(inner, Params):
            for key, field in inner.model_fields.items():
                needed = "yes" if field.is_required() else f"no ({_default(field)})"
                yield f"| `{name}.{key}` | in each `[[params.{name}]]` | {needed} |"
                yield from _tables(f"{name}.{key}", field.annotation)


def _blueprint_schema() -> str:
    """JSON Schema of an order file for build-site, by which editors complete it."""
    params = ACTIONS["build-site"].params.model_json_schema()
    kinds_of = params.pop("$defs")
    text = {"type": "string"}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Order file for build-site",
        "description": MADE,
        "type": "object",
        "required": ["service", "params"],
        "additionalProperties": False,
        "properties": {
            "service": text,
            "variant": text,
            "quantity": {"type": ["integer", "string"]},
            "action": text,
            "params": params,
        },
        "$defs": kinds_of,
    }
    return json.dumps(schema, ensure_ascii=False, indent=1) + "\n"


def _default(field: object) -> str:
    value = getattr(field, "default", PydanticUndefined)
    if value is PydanticUndefined or value in ("", (), None):
        return "nothing"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _coverage() -> str:
    return "\n".join(_coverage_lines()) + "\n"


def _coverage_lines() -> Iterator[str]:
    yield from ("# What the actions need", "", MADE, "")
    yield from (
        "| action | steps | capabilities of the token's user | functions beside the plugin's | Moodle |",
    )
    yield "|---|---|---|---|---|"
    for name, action in ACTIONS.items():
        functions = sorted(one for one in action.reads if not one.startswith("local_otbridge_"))
        yield (
            f"| [{name}](actions/{name}.md) | {', '.join(f'`{one}`' for one in sorted(action.steps))} "
            f"| {', '.join(f'`{one}`' for one in sorted(action.capabilities))} "
            f"| {', '.join(f'`{one}`' for one in functions) or '–'} | {MOODLES} |"
        )
    yield from ("", "| step | done | capabilities | used by |", "|---|---|---|---|")
    for name, kind in sorted(kinds().items()):
        users = [one.name for one in ACTIONS.values() if name in one.steps]
        yield (
            f"| `{name}` | {'by cron' if kind.heavy else 'in the call'} "
            f"| {', '.join(f'`{one}`' for one in kind.needs)} | {', '.join(users) or '–'} |"
        )
    wanted = {action for service in default_catalogue() for action in service.actions} - ACTIONS.keys()
    yield from ("", "Actions that the catalogue names and a specialist still does:", "")
    yield textwrap.fill(", ".join(sorted(wanted)) + ".", 110, break_on_hyphens=False)
    yield from (
        "",
        "## What `otbridge doctor` looks for in Moodle",
        "",
        "What the actions need that `[policy] unattended` comes to, and no others: their steps, which the",
        "site must have and let run, and these functions and capabilities.",
        "",
        "| function of the token's service | asked for by |",
        "|---|---|",
    )
    for function, users in _needed_functions().items():
        yield f"| `{function}` | {_everybody(users) if users else 'the bridge itself'} |"
    yield from ("", "| capability of the token's user | asked for by |", "|---|---|")
    for capability in sorted(frozenset().union(*(one.capabilities for one in ACTIONS.values()))):
        users = [one.name for one in ACTIONS.values() if capability in one.capabilities]
        yield f"| `{capability}` | {_everybody(users)} |"


def _everybody(users: list[str]) -> str:
    return "every action" if len(users) == len(ACTIONS) else ", ".join(users)


def main() -> None:
    """Write the files, or compare them."""
    made = pages()
    strange = set((DOCS / "actions").glob("*.md")) - made.keys()
    if "--check" in sys.argv[1:]:
        old = [one for one, text in made.items() if not one.exists() or one.read_text("utf-8") != text]
        told = ", ".join(sorted(str(one.relative_to(ROOT)) for one in (*old, *strange)))
        sys.exit(f"not up to date: {told}: run make actions" if told else 0)
    (DOCS / "actions").mkdir(exist_ok=True)
    for one in strange:
        one.unlink()
    for one, text in made.items():
        one.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
