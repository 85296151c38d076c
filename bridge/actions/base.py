"""What an action is: validated parameters, `plan` (reads only), `apply` (under an operation key), `undo`,
evidence.

ActionError
├── OrderRefused        the order cannot be carried out as it is; what the customer reads is named by a code
├── OperationFailed     Moodle took the operation and ended it as failed; another attempt needs a new revision
└── StillRunning        the operation is under way; ask again with the same key
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from bridge.errors import BridgeError
from bridge.moodle_ws.port import Moodle

Progress = Callable[[float, str], None]
"""Told while an operation runs: the share done (0 … 1) and Moodle's word for the step."""


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


@dataclass(frozen=True, slots=True)
class Policy:
    """What the site lets orders do.

    Attributes:
        capabilities_allowed: patterns of capabilities that may be granted although they are guarded by
            default.
        restore_category: category id for a course whose own category is not known or gone, None: ask the
            customer.
    """

    capabilities_allowed: tuple[str, ...] = ()
    restore_category: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What an order will do: lines for people, and the call, frozen, that `apply` will make."""

    summary: tuple[str, ...]
    call: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Site:
    """Where an action works: the Moodle site, the site's policy, and how long a running operation is waited
    for.

    Attributes:
        patience: seconds.
        progress: told between two looks at a running operation.
        stopping: asked between two looks; True ends the waiting, the operation goes on in Moodle.
    """

    moodle: Moodle
    policy: Policy
    patience: float = 900.0
    progress: Progress = lambda _share, _step: None
    stopping: Callable[[], bool] = lambda: False
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


class Params(BaseModel):
    """Base of the parameters of an order: texts as a form gives them, unknown ones refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Action(Protocol):
    """One kind of work in Moodle."""

    name: ClassVar[str]
    params: ClassVar[type[Params]]
    functions: ClassVar[frozenset[str]]
    capabilities: ClassVar[frozenset[str]]

    def plan(self, params: Any, site: Site, taken_back: Sequence[Mapping[str, Any]] = ()) -> Plan:
        """Say what the order will do; reads only.

        Parameters:
            taken_back: what `undo` returned for earlier work of the same ticket.

        Raises:
            OrderRefused: it cannot be carried out as it is.
            MoodleError: Moodle could not be asked.
        """

    def apply(self, call: Mapping[str, Any], opkey: str, site: Site) -> dict[str, Any]:
        """Do the work once under `opkey`, however often it is called; returns the evidence (JSON object).

        Raises:
            OrderRefused, OperationFailed: it surely did not happen.
            StillRunning: ask again later with the same key.
            MoodleError: with `outcome_known` False when it may have happened.
        """

    def undo(self, evidence: Mapping[str, Any], opkey: str, site: Site) -> dict[str, Any]:
        """Take back what `apply` made, once under `opkey`; returns what was taken back.

        Raises:
            OrderRefused: it cannot be taken back; the detail says why.
        """


def validate(model: type[Params], params: Mapping[str, Any]) -> Params:
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
    "less_than_equal": "слишком большое число: таких номеров в Moodle не бывает",
    "bool_parsing": "должно быть «да» или «нет»",
    "string_too_short": "не должно быть пустым",
    "too_short": "не должно быть пустым",
    "string_too_long": "слишком длинное значение",
    "too_long": "слишком длинное значение",
    "string_pattern_mismatch": "содержит недопустимые символы",
    "literal_error": "недопустимое значение",
}


def _fault(fault: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in fault["loc"] if part != "[key]")
    context = fault.get("ctx", {})
    if fault["type"] == "value_error":
        told = str(context["error"])
    else:
        told = _FAULTS.get(fault["type"], "недопустимое значение")
        if "expected" in context:
            told += f"; допустимо: {context['expected']}".replace(" or ", " или ")
        if "max_length" in context:
            told += f" (не более {context['max_length']} знаков)"
    return f"{where}: {told}" if where else told
