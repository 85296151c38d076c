"""Parameters of orders, checked, and how an action says that it cannot go on.

ActionError
├── OrderRefused        the order cannot be carried out as it is; what the customer reads is named by a code
├── OperationFailed     Moodle took the operation and ended it as failed; another attempt needs a new revision
└── StillRunning        the operation is under way; ask again with the same key
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from bridge.actions.fields import LARGEST_ID
from bridge.errors import BridgeError


class ActionError(BridgeError):
    """An action cannot go on.

    Attributes:
        code: which sentence of the template `cannot` the customer reads.
        facts: what that sentence needs; JSON values, never debug information.
        detail: what the operator reads.
    """

    def __init__(self, code: str, detail: str, **facts: Any) -> None:
        self.code = code
        self.detail = detail
        self.facts = facts
        super().__init__(detail)

    def outcome(self) -> dict[str, Any]:
        """What the journal keeps."""
        return {"code": self.code, "detail": self.detail, **self.facts}


class OrderRefused(ActionError):
    """The order cannot be carried out as it is; nothing was done."""


class OperationFailed(ActionError):
    """Moodle took the operation and ended it as failed."""


class StillRunning(ActionError):
    """The operation is under way in Moodle; its outcome is not known yet."""


class Params(BaseModel):
    """Base of the parameters of an order: texts as a form gives them, unknown ones refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


P = TypeVar("P", bound=Params)


def validate(model: type[P], params: Mapping[str, Any]) -> P:
    """The parameters of an order as a model.

    Raises:
        OrderInvalid: with every fault, in the customer's words.
    """
    try:
        return model.model_validate(dict(params))
    except ValidationError as error:
        raise OrderInvalid(tuple(_fault(fault) for fault in error.errors(include_url=False))) from None


class OrderInvalid(BridgeError):
    """Parameters of an order have faults; `problems` tells them in Russian, for the customer."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


_FAULTS = {
    "missing": "параметр не указан",
    "extra_forbidden": "такого параметра у этой услуги нет",
    "int_parsing": "должно быть целым числом",
    "int_type": "должно быть целым числом",
    "int_parsing_size": "должно быть целым числом",
    "greater_than": "должно быть больше нуля",
    "greater_than_equal": "слишком маленькое число",
    "less_than_equal": "слишком большое число",
    "bool_parsing": "должно быть «да» или «нет»",
    "string_too_short": "не должно быть пустым",
    "too_short": "не должно быть пустым",
    "string_too_long": "слишком длинное значение",
    "too_long": "слишком длинное значение",
    "list_type": "должно быть списком",
    "tuple_type": "должно быть списком",
    "model_type": "должно быть таблицей «имя – значение»",
    "dict_type": "должно быть таблицей «имя – значение»",
    "string_pattern_mismatch": "содержит недопустимые символы",
    "literal_error": "недопустимое значение",
}


def _fault(fault: Mapping[str, Any]) -> str:
    where = ""
    for part in fault["loc"]:
        if isinstance(part, int):
            where += f" №{part + 1},"  # people count from 1
        elif part != "[key]":
            where += f" {part}" if where.endswith(",") else f".{part}" if where else part
    where = where.removesuffix(",")
    context = fault.get("ctx", {})
    if fault["type"] == "value_error":
        problem = str(context["error"])
    else:
        many = fault["type"] == "too_long" and not isinstance(fault["input"], str)
        problem = "слишком много значений" if many else _FAULTS.get(fault["type"], "недопустимое значение")
        if "expected" in context:
            problem += f"; допустимо: {context['expected']}".replace(" or ", " или ")
        if "max_length" in context:
            problem += f" (не более {context['max_length']}{'' if many else ' знаков'})"
        if context.get("le") == LARGEST_ID:
            problem += ": таких номеров в Moodle не бывает"
        elif "le" in context or "ge" in context:
            problem += f" (не более {context['le']})" if "le" in context else f" (не менее {context['ge']})"
    return f"{where}: {problem}" if where else problem
