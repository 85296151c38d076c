"""What an action is: parameters, words, a plan of steps, and what its operation leaves to show.

An action changes nothing itself. `plan` reads and returns steps; one engine runs them in Moodle
(bridge/actions/engine.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from bridge.actions.base import OrderRefused, Params
from bridge.actions.program import Part, Ref

Results = Mapping[str, Mapping[str, Any]]
"""What the steps of an action were asked for, or returned, by its own labels."""

MOSCOW = ZoneInfo("Europe/Moscow")


class Reader(Protocol):
    """Moodle, for reading only."""

    base_url: str

    def read(self, function: str, /, **params: Any) -> Any:
        """Call a function that changes nothing."""


class Rules(BaseModel):
    """What a site lets the orders of one action do: the table `[policy.create-role]` of its settings.

    Each key has a default, which lets least through, and a `description` in words of an administrator.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


R = TypeVar("R", bound=Rules)


@dataclass(frozen=True, slots=True)
class Policy:
    """What the site lets orders do.

    Attributes:
        rules: of those actions that have a table in the settings.
        restore_category: category id for a course whose own category is not known or gone, None: ask the
            customer.
    """

    rules: tuple[Rules, ...] = ()
    restore_category: int | None = None

    def of(self, kind: type[R]) -> R:
        """The rules of an action, by its class of them; the defaults where the settings say nothing."""
        return next((one for one in self.rules if isinstance(one, kind)), kind())


@dataclass(frozen=True, slots=True)
class TicketFile:
    """A file of the ticket on this machine's disk, as long as the order is planned or carried out.

    Attributes:
        sha256: of its content, hex.
        size: bytes.
    """

    name: str
    sha256: str
    size: int
    path: Path


class TicketFiles(Protocol):
    """The files of a ticket, fetched when they are first asked for."""

    def get(self, name: str) -> TicketFile:
        """The file that is called so; of several the newest.

        Raises:
            OrderRefused: there is none (`file-missing`), or it is too large (`file-too-large`), or there are
                too many (`too-many-files`).
        """


class NoFiles:
    """A ticket without files."""

    def get(self, name: str) -> TicketFile:
        """See `TicketFiles.get`."""
        raise OrderRefused("file-missing", f"the ticket has no file {name}", customers=True, file=name)


@dataclass(frozen=True, slots=True)
class Context:
    """What a plan may look at.

    Attributes:
        moodle: for reading.
        service: id of the ordered service, for messages.
        limits: what one order of it may ask for at most, by name.
        variant: the ordered variant, "" for services without.
        quantity: how many were ordered.
        taken_back: what came of undoing earlier work of the ticket.
        made: what actions before this one in the same order will have made: `course` for a course's id,
            `questions` for the ids of imported questions.
        zone: the site's time zone: an order's times are told by its clock.
        applied_again: whether what is planned may be there already, and has to be known again: texts go into
            the program rather than files.
    """

    moodle: Reader
    policy: Policy = field(default_factory=Policy)
    files: TicketFiles = field(default_factory=NoFiles)
    service: str = ""
    limits: Mapping[str, int] = field(default_factory=dict)
    variant: str = ""
    quantity: int = 1
    taken_back: tuple[Mapping[str, Any], ...] = ()
    made: Mapping[str, Ref] = field(default_factory=dict)
    zone: tzinfo = MOSCOW
    applied_again: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What an order will do.

    Attributes:
        summary: lines for people.
        part: the steps and their files.
        counts: how much of what a service limits, by the limits' names.
        makes: what later actions of the same order may use, by name: `course`, `questions`, and the names of
            bridge/actions/accounts.py.
        remarks: what the customer shall read beside the result, in Russian: what was mended in a file.
    """

    summary: tuple[str, ...]
    part: Part
    counts: Mapping[str, int] = field(default_factory=dict)
    makes: Mapping[str, Ref] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Words:
    """How people read of an action. Customers' sentences stand in its templates `cannot.txt.j2` and
    `evidence.txt.j2`.

    Attributes:
        title: by language (`ru`, `en`).
        labels: short Russian names of the parameters that have a field of their own on forms, as `field` says
            them; "": the field goes by the parameter's name. One that is not here stands in the field of all
            others.
        evidence_kind: the `kind` of its evidence.
        evidence: one line for operators about what an operation left, in their language.
        customers: codes of refusals that the customer can mend in the order.
        operators: codes of refusals that an operator has to look into.
    """

    title: Mapping[str, str]
    labels: Mapping[str, str]
    evidence_kind: str
    evidence: Callable[[Mapping[str, Any]], str]
    customers: frozenset[str]
    operators: frozenset[str]

    def field(self, parameter: str) -> str:
        """The name of a parameter's field on a form: `Курс групп (param_course)`. No other action has it."""
        label = self.labels[parameter]
        return f"{label} (param_{parameter})" if label else f"param_{parameter}"


def _all_well(_asked: Results, _results: Results, _policy: Policy) -> None:
    """Nothing to object to."""


@dataclass(frozen=True, slots=True)
class Action:
    """One kind of work in Moodle.

    Attributes:
        name: as the catalogue calls it.
        steps: kinds of steps that its programs may hold.
        reads: web service functions that it reads with, beyond the plugin's own.
        capabilities: what the token's user needs.
        plan: reads only; raises `OrderRefused` where the order cannot be carried out as it is.
        evidence: from what the steps were asked for and returned (the latter wins), by the action's own
            labels; may read; raises `OperationFailed` where Moodle does not have what it reported.
        taken_back: what an undo leaves of the evidence.
        judge: looks at what was asked for and at the results; raises `OrderRefused` where what was made goes
            beyond the policy; it is then taken back.
        specialists_only: parameters that only an operator may set.
        rules: what a site may set for it, None where there is nothing.
    """

    name: str
    params: type[Params]
    words: Words
    steps: frozenset[str]
    capabilities: frozenset[str]
    plan: Callable[[Any, Context], Plan]
    evidence: Callable[[Results, Reader], dict[str, Any]]
    taken_back: Callable[[Mapping[str, Any]], dict[str, Any]]
    reads: frozenset[str] = frozenset()
    judge: Callable[[Results, Results, Policy], None] = _all_well
    specialists_only: frozenset[str] = frozenset()
    rules: type[Rules] | None = None

    @property
    def functions(self) -> frozenset[str]:
        """Web service functions that it needs."""
        return self.reads | ENGINE_FUNCTIONS


ENGINE_FUNCTIONS = frozenset(
    {
        "local_otbridge_check",
        "local_otbridge_run",
        "local_otbridge_get_operation",
        "local_otbridge_undo",
    }
)
"""What every action needs of the plugin."""
