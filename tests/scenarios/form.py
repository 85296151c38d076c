"""The form of a scenario file: what may stand in it, as values; every fault named with its file, its
scenario and its key (docs/scenarios.md).
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from bridge.domain.hours import exact, text
from bridge.sandbox.faults import MODES
from bridge.settings import PolicyTable

PAID = "Выделенный специалист (н.часы) / Работы"
SERIAL = "3KL-1"
FIRST = "101"
"""Number of the ticket that a step is about when no step before it has named one."""

Hours = Annotated[str, BeforeValidator(lambda value: text(exact(value)))]
"""Norm-hours, written as text or as a whole number; never as a float."""
Rule = Literal["R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9"]
StageNumber = Annotated[int, Field(ge=1)]


class ScenarioFault(Exception):
    """A scenario file cannot be understood; the message names the file and every fault in it."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Account(_Table):
    """The customer's balance: norm-hours bought, how far it may be overdrawn, roubles a norm-hour."""

    granted: Hours = "100"
    overdraft: Hours = "0"
    hour_price: str = "2500"


class Installation(_Table):
    """An installation of the settings; one that is down has an address where nobody answers."""

    serial: str
    down: bool = False


class Course(_Table):
    """A course that the Moodle has, or had: `backed_up` by cron, or with the `whole_site`, before it was
    `deleted`, with or without an `emptied_bin`.
    """

    fullname: str
    shortname: str
    idnumber: str = ""
    backed_up: bool = False
    whole_site: bool = False
    deleted: bool = False
    emptied_bin: bool = False


class Form(_Table):
    """The form's fields of a ticket; `fields` are those that have nothing to do with an order."""

    service: str = ""
    variant: str = ""
    quantity: str = ""
    action: str = ""
    params: Mapping[str, str] = {}
    fields: Mapping[str, str] = {}

    def as_fields(self) -> dict[str, str]:
        """The fields as the portal keeps them."""
        own = {
            "service": self.service,
            "variant": self.variant,
            "quantity": self.quantity,
            "action": self.action,
        }
        params = {f"param_{name}": value for name, value in self.params.items()}
        return {name: value for name, value in own.items() if value} | params | dict(self.fields)


class OpenTicket(Form):
    """A new ticket."""

    category: str = PAID
    subject: str = "Заявка"
    text: str = ""
    installation: str = SERIAL
    agreement_required: bool = True


class Attachment(_Table):
    """A file of the ticket."""

    name: str
    text: str


class LogTime(_Table):
    """A specialist's time."""

    minutes: Annotated[int, Field(gt=0)]
    category: str = "development"
    stage: StageNumber | None = None
    note: str = ""


class Reject(_Table):
    """The customer's refusal of a stage."""

    stage: StageNumber = 1
    comment: str = ""


class Fault(_Table):
    """What shall go wrong at the portal or at Moodle, as bridge/sandbox/faults.py takes it."""

    at: Literal["portal", "moodle"]
    match: str
    mode: Annotated[
        str, BeforeValidator(lambda mode: mode if mode in MODES else _unknown("mode", mode, MODES))
    ]
    times: Annotated[int, Field(gt=0)] = 1


class Sync(_Table):
    """Passes at the same moment, each by a worker of its own."""

    workers: Annotated[int, Field(ge=1, le=4)] = 1


class Balance(_Table):
    """What the portal says of the account."""

    granted: Hours | None = None
    written_off: Hours | None = None
    held: Hours | None = None
    available: Hours | None = None


class Expect(_Table):
    """What a step leaves; what is not named is not looked at.

    Attributes:
        ticket: number of the ticket, the step's own when it is not named.
        status, reason: as the journal has them (docs/lifecycle.md).
        exit: exit code of the step's last pass or command.
        service: the order under which hours were held: the service, and its variant after a slash.
        ledger: the ticket's rows so far, "kind hours stage", in the journal and on the portal alike.
        charges: lines of its write-offs so far, "category spent-minutes charged-minutes K".
        price: roubles of its write-offs so far that are not taken back.
        notes: names of the messages that its customer got so far (config/templates/).
        notes_say: texts that stand in some of them.
        moodle: functions that change something and that Moodle was asked for so far, for all tickets.
        portal: state of the ticket on the portal.
        stages: states of its stages on the portal.
        courses, roles: short names that Moodle has now, Moodle's own roles left out.
        files: patterns of the names of the ticket's files, in their order.
    """

    ticket: str = ""
    status: str | None = None
    reason: str | None = None
    exit: int | None = None
    service: str | None = None
    balance: Balance | None = None
    ledger: tuple[str, ...] | None = None
    charges: tuple[str, ...] | None = None
    price: str | None = None
    notes: tuple[str, ...] | None = None
    notes_say: tuple[str, ...] | None = None
    moodle: tuple[str, ...] | None = None
    portal: str | None = None
    stages: tuple[str, ...] | None = None
    courses: tuple[str, ...] | None = None
    roles: tuple[str, ...] | None = None
    files: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Expect:
        if not self.model_fields_set - {"ticket"}:
            raise ValueError("expects nothing")
        return self


class Step(_Table):
    """Moves, made in the order in which they stand, and what is expected after them."""

    ticket: str = ""
    open_ticket: OpenTicket | None = None
    edit_fields: Form | None = None
    attach: Attachment | None = None
    say: str | None = None
    agree: tuple[tuple[str, Hours, Hours], ...] | None = None
    log_time: LogTime | None = None
    report_ready: StageNumber | None = None
    accept: StageNumber | None = None
    reject: Reject | None = None
    withdraw: Literal[True] | None = None
    top_up: Hours | None = None
    command: str | None = None
    wait_days: Annotated[int, Field(gt=0)] | None = None
    course: Course | None = None
    fault: Fault | None = None
    sync: Literal[True] | Sync | None = None
    expect: tuple[Expect, ...] = ()
    moves: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _keep_order(cls, value: Any) -> Any:
        """Note the order of the moves; one expectation may stand without a list."""
        if not isinstance(value, dict):
            return value
        if "moves" in value:
            raise ValueError("moves: unknown key")
        expect = value.get("expect", ())
        moves = tuple(key for key in value if key not in ("ticket", "expect"))
        if not moves and not expect:
            raise ValueError("has neither a move nor an expectation")
        return {**value, "moves": moves, "expect": (expect,) if isinstance(expect, dict) else expect}


class Scenario(_Table):
    """A course of events and what it leaves.

    Attributes:
        rules: rules of the vendor's terms that it shows.
        services: rows of the catalogue that it shows.
        policy: the settings' [policy].
        moodle: courses of the first installation's Moodle; a scenario without courses and without unattended
            services has no Moodle at all.
    """

    title: Annotated[str, Field(min_length=1)]
    rules: tuple[Rule, ...] = ()
    services: tuple[str, ...] = ()
    account: Account = Account()
    policy: PolicyTable = PolicyTable()
    installation: tuple[Installation, ...] = (Installation(serial=SERIAL),)
    moodle: tuple[Course, ...] = ()
    step: tuple[Step, ...]

    @model_validator(mode="after")
    def _proves_something(self) -> Scenario:
        if not any(step.expect for step in self.step):
            raise ValueError("step: expects nothing anywhere")
        return self

    @property
    def commands(self) -> bool:
        """Whether an operator's commands are run in it."""
        return any(step.command for step in self.step)

    def expectations(self) -> list[Expect]:
        """All expectations, in order."""
        return [expect for step in self.step for expect in step.expect]


class Row(_Table):
    """A row of the catalogue, sold to its end in the usual way; it says only what is its own. What is usual
    in a whole file stands in the file's table [usual].

    Attributes:
        sells: the service, and its variant after a slash.
        title: what is shown, in a few words.
        granted: norm-hours that the customer has.
        K: the stage's coefficient.
        category: of the specialist's time.
        agreed: the stage's estimate, norm-hours.
        minutes: that the specialist logs.
        charges: lines of the write-off.
        written_off: norm-hours that leave the balance.
    """

    sells: str
    title: str
    granted: Hours = "10"
    K: Hours = "1"
    category: str = "development"
    agreed: Hours
    minutes: Annotated[int, Field(gt=0)]
    charges: tuple[str, ...]
    written_off: Hours

    def scenario(self) -> Scenario:
        """The usual way: ordered, agreed, worked by hand, reported ready, accepted, written off."""
        service, _, variant = self.sells.partition("/")
        held, written_off = Decimal(self.agreed) * Decimal(self.K), Decimal(self.written_off)
        steps = [
            {
                "open_ticket": {"service": service, "variant": variant},
                "agree": [["Работа", self.agreed, self.K]],
                "sync": True,
                "expect": {
                    "status": "running",
                    "reason": "by-hand",
                    "portal": "in_progress",
                    "balance": {"held": text(held)},
                },
            },
            {
                "log_time": {"minutes": self.minutes, "category": self.category},
                "report_ready": 1,
                "sync": True,
                "expect": {
                    "status": "awaiting-acceptance",
                    "portal": "awaiting_acceptance",
                    "notes": ["taken", "ready"],
                },
            },
            {
                "accept": 1,
                "sync": True,
                "expect": {
                    "status": "done",
                    "service": self.sells,
                    "ledger": [f"hold {text(held)} Работа", f"capture {text(written_off)} Работа"],
                    "charges": self.charges,
                    "price": f"{written_off * Decimal(Account().hour_price):.2f}",
                    "balance": {
                        "written_off": text(written_off),
                        "held": 0,
                        "available": text(Decimal(self.granted) - written_off),
                    },
                    "notes": ["taken", "ready", "written_off", "done"],
                },
            },
        ]
        return Scenario.model_validate(
            {
                "title": f"{service} {variant}".strip() + f": {self.title}",
                "rules": ["R2", "R4", "R8"],
                "services": [service],
                "account": {"granted": self.granted},
                "step": steps,
            }
        )


class _File(_Table):
    scenario: tuple[Scenario, ...] = ()
    row: tuple[Row, ...] = ()
    usual: Mapping[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _as_usual(cls, value: Any) -> Any:
        """Give each row what is usual in its file."""
        usual, rows = value.get("usual", {}), value.get("row", ())
        if unfit := sorted(set(usual) - _USUAL):
            raise ValueError(f"usual: {', '.join(unfit)}: only {', '.join(sorted(_USUAL))} can be usual")
        return {**value, "row": [{**usual, **row} for row in rows]}

    @model_validator(mode="after")
    def _holds_something(self) -> _File:
        if not self.scenario and not self.row:
            raise ValueError("has neither a scenario nor a row")
        return self


_USUAL = frozenset(name for name, field in Row.model_fields.items() if not field.is_required())


def read(path: Path) -> tuple[Scenario, ...]:
    """The scenarios of a file, those of its rows last.

    Raises:
        ScenarioFault: with every fault.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioFault(f"{path.name}: is not TOML: {error}") from error
    try:
        file = _File.model_validate(document)
        scenarios = (*file.scenario, *(row.scenario() for row in file.row))
    except ValidationError as error:
        problems = [
            f"{_place(document, one['loc'])}: {one['msg'].removeprefix('Value error, ')}".removeprefix(": ")
            for one in error.errors()
        ]
        raise ScenarioFault("\n".join(f"{path.name}: {problem}" for problem in problems)) from None
    titles = [scenario.title for scenario in scenarios]
    twice = sorted({title for title in titles if titles.count(title) > 1})
    if twice:
        raise ScenarioFault("\n".join(f"{path.name}: title stands twice: {title}" for title in twice))
    return scenarios


def _place(document: Mapping[str, Any], location: Sequence[str | int]) -> str:
    """Where a fault is: the scenario's title, the step's number from 1, and the key."""
    words: list[str] = []
    if len(location) > 1 and location[0] in {"scenario", "row"}:
        kind, number = str(location[0]), int(location[1])
        told = document[kind][number]
        title = told.get("title") if isinstance(told, dict) else None
        words.append(f"“{title}”" if title else f"{kind} {number + 1}")
        location = location[2:]
    if len(location) > 1 and location[0] == "step":
        words.append(f"step {int(location[1]) + 1}")
        location = location[2:]
    # What is left names keys and, of a list, the place in it; names of models that pydantic tries stand
    # beside them.
    key = ".".join(
        str(part)
        for part in location
        if not (isinstance(part, str) and part[:1].isupper()) and "[" not in str(part)
    )
    return ": ".join([*words, *([key] if key else [])])


def _unknown(what: str, value: Any, known: Mapping[str, Any]) -> str:
    raise ValueError(f"unknown {what} {value!r}; there are: {', '.join(known)}")
