"""Rules that stand in a table of the ticket: a row for each course."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from bridge.actions.action import TicketFile
from bridge.actions.auto_enrol.params import COLUMNS, MOST_RULES, Rule
from bridge.actions.base import OrderInvalid, OrderRefused, validate
from bridge.actions.tables import LARGEST, MOST_FAULTS, Row, TableFault, read_table

OWN: Mapping[str, tuple[str, ...]] = {
    "course": ("курс",),
    "role": ("роль",),
    "group": ("группа",),
    "cohort": ("глобальная группа",),
    "name": ("название", "правило"),
    "leave": ("кто больше не подходит",),
}
_ASKED: Mapping[str, tuple[str, ...]] = {
    "country": ("страна",),
    "city": ("город",),
    "institution": ("организация", "учреждение"),
    "department": ("отдел", "подразделение"),
}
_WORDS = {"приостановить": "suspend", "оставить": "keep"}


def _further(cell: str) -> str:
    word = cell.strip()
    if re.fullmatch(r"profile_field_[A-Za-z0-9_]+", word, re.ASCII) or word in COLUMNS:
        return word
    return ""


def rules_of(file: TicketFile) -> tuple[Rule, ...]:
    """The rules of a table.

    Raises:
        OrderRefused: `rules-unusable`, with every fault by its line.
    """
    with file.path.open("rb") as content:
        found = content.read(LARGEST + 1)
    problems: list[str] = []
    rules: list[Rule] = []
    seen: dict[str, int] = {}
    try:
        for row in read_table(found, {**OWN, **_ASKED}, (), _further):
            try:
                rule = _rule(row)
            except OrderInvalid as error:
                problems += [f"строка {row.line}: {one}" for one in error.problems]
                continue
            first = seen.setdefault(repr(rule), row.line)
            if first != row.line:
                problems.append(f"строка {row.line}: такое правило уже есть в строке {first}")
            rules.append(rule)
    except TableFault as error:
        problems += error.problems
    if not problems and not rules:
        problems.append("в таблице нет правил")
    if len(rules) > MOST_RULES:
        problems.append(f"правил больше {MOST_RULES}: разделите таблицу на несколько заказов")
    if problems:
        raise OrderRefused(
            "rules-unusable",
            f"the table {file.name} cannot be used: {'; '.join(problems[:MOST_FAULTS])}",
            file=file.name,
            problems=problems[:MOST_FAULTS],
        )
    return tuple(rules)


def _rule(row: Row) -> Rule:
    given: dict[str, Any] = {name: value for name, value in row.cells.items() if name in OWN and value}
    if "leave" in given:
        given["leave"] = _WORDS.get(given["leave"].casefold(), given["leave"])
    given["when"] = {name: value for name, value in row.cells.items() if name not in OWN and value}
    if "course" not in given and "cohort" not in given:
        raise OrderInvalid(("курс (course) не указан",))
    rule = validate(Rule, given)
    assert isinstance(rule, Rule)
    return rule
