"""What a real Moodle answered, kept as JSON: one case a line, and what several answers hold stands once,
under a name with `*`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "moodle_4_5.json"
WORTH_A_NAME = 60
"""Characters."""
Answers = dict[str, dict[str, Any]]


def read() -> Answers:
    """The answers by group and case."""
    document = json.loads(FILE.read_text(encoding="utf-8"))
    named = {name: document.pop(name) for name in list(document) if name.startswith("*")}

    def whole(one: Any) -> Any:
        return whole(named[one]) if isinstance(one, str) and one in named else _each(one, whole)

    return {group: whole(cases) for group, cases in document.items()}


def write(answers: Answers) -> None:
    """Keep the answers."""
    seen = Counter(_parts(answers))
    names: dict[str, str] = {}
    named: dict[str, Any] = {}

    def short(one: Any) -> Any:
        text = _json(one)
        if not isinstance(one, (dict, list)) or len(text) < WORTH_A_NAME or seen[text] == 1:
            return _each(one, short)
        if text not in names:
            names[text] = f"*{len(names) + 1}"
            named[names[text]] = _each(one, short)
        return names[text]

    groups = {group: {name: short(one) for name, one in cases.items()} for group, cases in answers.items()}
    lines = [f"{_json(name)}: {_json(one)}" for name, one in named.items()]
    for group, cases in groups.items():
        inner = ",\n".join(f"{_json(name)}: {_json(one)}" for name, one in cases.items())
        lines.append(f"{_json(group)}: {{\n{inner}\n}}")
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _json(one: Any) -> str:
    return json.dumps(one, ensure_ascii=False)


def _parts(one: Any) -> Iterator[str]:
    if isinstance(one, (dict, list)):
        yield _json(one)
        for inner in one.values() if isinstance(one, Mapping) else one:
            yield from _parts(inner)


def _each(one: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(one, dict):
        return {key: change(inner) for key, inner in one.items()}
    return [change(inner) for inner in one] if isinstance(one, list) else one
