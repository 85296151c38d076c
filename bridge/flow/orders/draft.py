"""An order as somebody wrote it, and its check against the catalogue and the action's parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from bridge.actions import ACTIONS, OrderInvalid, validate
from bridge.domain.catalogue import Catalogue, Service
from bridge.domain.lifecycle import OrderFault
from bridge.domain.tickets import Order, OrderPart
from bridge.flow.orders.names import near, plain_name, recognised
from bridge.flow.orders.texts import Unreadable
from bridge.flow.orders.toml_texts import read_toml

PARAMETER_PREFIX = "param_"
ASSIGNED = "заказ, назначенный специалистом"
"""Source of an order that an operator gave."""
TABLE_FIELD = "params"
"""A form's field that holds parameters as TOML, for those that have no field of their own."""
_NAMES = ("service", "variant", "quantity", "action")
MOST = 1000
"""The largest quantity that one order may name."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An unchecked order: texts as a form gives them, "" where nothing is said; parameters may also be
    lists and maps of texts.
    """

    service: str
    variant: str = ""
    quantity: str = ""
    action: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    parts: tuple[tuple[str, Mapping[str, Any]], ...] = ()

    @classmethod
    def of_fields(cls, fields: Mapping[str, str]) -> Draft | None:
        """From a form's fields, whose names may be in another case or bear a remark; None where no service
        is named.
        """
        faults: list[str] = []
        plain = {name: name if name.startswith(PARAMETER_PREFIX) else plain_name(name) for name in fields}
        meant = [one for one in plain.values() if one.startswith(PARAMETER_PREFIX)]
        given = recognised({name: fields[name] for name, one in plain.items() if one in meant}, meant, faults)
        params = {name.removeprefix(PARAMETER_PREFIX): value for name, value in given.items()}
        others = {name: value for name, value in fields.items() if plain_name(name) in _NAMES}
        found = recognised(others, _NAMES, faults)
        service, variant, quantity, action = (found.get(name, "").strip() for name in _NAMES)
        tables = {name: value for name, value in fields.items() if plain_name(name) == TABLE_FIELD}
        table = _table(recognised(tables, (TABLE_FIELD,), faults).get(TABLE_FIELD, ""), faults)
        typed = {name: one for name, one in params.items() if str(one).strip()}
        faults += [
            f"{name}: указано и в своём поле, и в поле {TABLE_FIELD}: оставьте одно"
            for name in sorted(table.keys() & typed.keys())
        ]
        params = {**params, **table, **typed}
        return cls(service, variant, quantity, action, params, tuple(faults)) if service else None

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Draft:
        """From what the journal keeps of an operator's `assign`."""
        quantity = str(document.get("quantity", ""))
        return cls(
            document["service"],
            document.get("variant", ""),
            quantity,
            document.get("action") or "",
            document.get("params", {}),
            parts=tuple((one["action"], one["params"]) for one in document.get("parts", ())),
        )


def check(
    draft: Draft, source: str, catalogue: Catalogue, unattended: Callable[[Service], bool]
) -> Order | OrderFault:
    """The order that a draft comes to, or all its faults in Russian.

    Parameters:
        source: where the draft was found, for messages.
        unattended: whether a service runs unattended; parameters of others are kept as they are.
    """
    problems = list(draft.faults)
    quantity = _quantity(draft.quantity, problems)
    service = catalogue.get(draft.service)
    if service is None:
        return OrderFault(source, (_unknown_service(draft.service, catalogue), *problems))
    _check_variant(draft.variant, service, problems)
    runs = unattended(service)
    if draft.parts:
        return _several(draft, source, service, quantity, problems, runs=runs)
    action = _action(draft.action, service, problems)
    params = _given(draft.params)
    if action is not None and runs:
        params = _checked(action, params, source, problems)
    if problems:
        return OrderFault(source, tuple(problems))
    return Order(service.id, params, source, draft.variant, quantity, action)


def _several(
    draft: Draft, source: str, service: Service, quantity: int, problems: list[str], *, runs: bool
) -> Order | OrderFault:
    """An order that comes to several actions; where the bridge lacks one of them, people do all."""
    if draft.params or draft.action:
        problems.append("parts: действия перечислены, поэтому action и params вне перечня не нужны")
    parts: list[OrderPart] = []
    by_hand = False
    for number, (name, given) in enumerate(draft.parts):
        found: list[str] = []
        action, params = _action(name, service, found), _given(given)
        if action is None:
            by_hand = True
        elif runs:
            params = _checked(action, params, source, found)
        problems += [f"parts[{number}].{one}" for one in found]
        parts.append(OrderPart(action or name, params))
    if problems:
        return OrderFault(source, tuple(problems))
    if by_hand:
        kept = {f"{one.action}[{number}]": dict(one.params) for number, one in enumerate(parts)}
        return Order(service.id, kept, source, draft.variant, quantity, None)
    first = parts[0]
    return Order(service.id, first.params, source, draft.variant, quantity, first.action, tuple(parts))


def _given(params: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters without those that say nothing."""
    return {
        name: value for name, value in params.items() if not (isinstance(value, str) and not value.strip())
    }


def _checked(action: str, params: Mapping[str, Any], source: str, problems: list[str]) -> dict[str, Any]:
    """The parameters under their known names; their faults go into `problems`."""
    known = ACTIONS[action].params.model_fields
    named = recognised(params, known, problems)
    if source != ASSIGNED:
        problems += [
            f"{name}: это может указать только специалист"
            for name in sorted(ACTIONS[action].specialists_only & named.keys())
        ]
    try:
        validate(ACTIONS[action].params, named)
    except OrderInvalid as error:
        problems += [_with_near(problem, named, known) for problem in error.problems]
    return named


def _table(text: str, faults: list[str]) -> dict[str, Any]:
    """Parameters that stand in one field as TOML."""
    if not text.strip():
        return {}
    try:
        document = read_toml(text.replace("\r\n", "\n"))
    except Unreadable as error:
        faults += [f"{TABLE_FIELD}: {problem}" for problem in error.problems]
        return {}
    return document if isinstance(document, dict) else {}


def _with_near(problem: str, params: Mapping[str, Any], known: Collection[str]) -> str:
    """A problem about an unknown parameter, with the known ones that are close to its name."""
    name = problem.partition(":")[0]
    return problem + near(name, known) if name in params and name not in known else problem


def _quantity(text: str, problems: list[str]) -> int:
    if not text:
        return 1
    if re.fullmatch(r"[0-9]{1,4}", text) and 1 <= int(text) <= MOST:
        return int(text)
    problems.append(f"quantity: должно быть целым числом от 1 до {MOST}")
    return 1


def _unknown_service(wanted: str, catalogue: Catalogue) -> str:
    if not wanted:
        return "service: услуга не названа"
    message = f"service: услуги «{shown(wanted)}» нет в каталоге"
    close = get_close_matches(wanted[:80], [service.id for service in catalogue])
    return f"{message}; похожие: {', '.join(close)}" if close else message


def _check_variant(variant: str, service: Service, problems: list[str]) -> None:
    known = {one.id: one.name for one in service.variants}
    there_are = ", ".join(f"{id_} ({name})" for id_, name in known.items())
    if variant and not known:
        problems.append("variant: у этой услуги нет вариантов")
    elif variant and variant not in known:
        problems.append(f"variant: варианта «{shown(variant)}» у этой услуги нет; есть: {there_are}")
    elif known and not variant:
        problems.append(f"variant: назовите вариант услуги: {there_are}")


def _action(name: str, service: Service, problems: list[str]) -> str | None:
    """The action of the bridge that would carry the order out, None where people do."""
    if not name:
        return next((action for action in service.actions if action in ACTIONS), None)
    if name in service.actions:
        return name if name in ACTIONS else None
    if service.actions:
        problems.append(
            f"action: действия «{shown(name)}» у этой услуги нет; есть: {', '.join(service.actions)}"
        )
    else:
        problems.append("action: эту услугу выполняет специалист, действий у неё нет")
    return None


def shown(text: str) -> str:
    """Somebody's text as it may stand within a sentence: one line, not too long."""
    line = " ".join("".join(char if char.isprintable() else " " for char in text[:200]).split())
    return line if len(line) <= 60 else f"{line[:59]}…"
