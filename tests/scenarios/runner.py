"""Plays a scenario and compares what it leaves with what it expects."""

from __future__ import annotations

from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any

from bridge.domain.effects import Effect, EffectState
from bridge.domain.hours import text
from bridge.domain.lifecycle import Kind, Reason, message_name
from bridge.domain.tickets import Attachment, Ticket
from bridge.journal import TicketRecord
from bridge.operators.reconcile import compare as compare_ledgers
from bridge.operators.reconcile import compare_sums
from bridge.portal import LedgerEntry
from bridge.sandbox.moodle import SandboxMoodle
from bridge.sandbox.portal import SandboxPortal
from tests.scenarios.form import Expect, Scenario
from tests.scenarios.world import ACCOUNT, World

OWN_ROLES = frozenset(
    {"manager", "coursecreator", "editingteacher", "teacher", "student", "guest", "user", "frontpage"}
)


class Differs(AssertionError):
    """What a scenario left is not what it expects."""


def play(scenario: Scenario, world: World) -> None:
    """Play the scenario to its end; then look at what holds at the end of every one.

    Raises:
        Differs: with the step and every difference.
    """
    for number, step in enumerate(scenario.step, 1):
        world.number = step.ticket or world.number
        for name in step.moves:
            world.move(name, step)
        found = [line for expect in step.expect for line in compare(expect, world)]
        if found:
            raise Differs(f"step {number}:\n" + "\n".join(found))
    found = unsound(world)
    if found:
        raise Differs("at the end:\n" + "\n".join(found))


def compare(expect: Expect, world: World) -> list[str]:
    """What differs from an expectation, one line each."""
    number = expect.ticket or world.number
    seen = Seen(world, number)
    differing = []
    for name in (one for one in type(expect).model_fields if one != "ticket"):
        wanted = getattr(expect, name)
        if wanted is None:
            continue
        if name == "notes_say":
            differing += [
                f"ticket {number}: no note says {one!r}; the notes: {seen.texts()}"
                for one in wanted
                if one not in seen.texts()
            ]
            continue
        if name == "files":
            found_names = [one.name for one in seen.attachments()]
            if len(found_names) != len(wanted) or not all(map(fnmatchcase, found_names, wanted)):
                differing.append(f"ticket {number}: files: expected {wanted}, found {found_names}")
            continue
        if name == "balance":
            wanted = wanted.model_dump(exclude_none=True)
            found: Any = {key: text(getattr(seen.account, key)) for key in wanted}
        else:
            found = getattr(seen, name)()
        if found != wanted:
            differing.append(f"ticket {number}: {name}:\n  expected {wanted}\n  found    {found}")
    return differing


class Seen:
    """What there is to see of a ticket, in the words of `Expect`."""

    def __init__(self, world: World, number: str) -> None:
        self._world = world
        self._ticket: Ticket = world.portal.ticket(world.tickets[number])
        self.account = world.portal.account(ACCOUNT)
        with world.journal.transaction(read_only=True) as unit:
            self._record: TicketRecord | None = unit.tickets.get(world.name, self._ticket.id)
            self._effects: list[Effect] = unit.effects.of(world.name, self._ticket.id)
            self._rows = unit.ledger.rows(world.name, ticket_id=self._ticket.id)
        self._entries: list[LedgerEntry] = [
            entry for entry in world.portal.ledger() if entry.ticket_id == self._ticket.id
        ]
        self._titles = {stage.id: stage.title for stage in self._ticket.stages}

    def status(self) -> str:
        return self._record.state if self._record is not None else "unknown"

    def reason(self) -> str:
        return Reason.from_json(self._record.reason).code if self._record is not None else "unknown"

    def exit(self) -> int | None:
        return self._world.exit

    def service(self) -> str:
        holds = [
            effect
            for effect in self._effects
            if effect.kind == Kind.HOLD and effect.state is EffectState.DONE
        ]
        order = holds[-1].request["order"] if holds else {"service": "none", "variant": ""}
        return "/".join(part for part in (order["service"], order["variant"]) if part)

    def ledger(self) -> tuple[str, ...]:
        here = [(row.key, row.kind, text(row.amount), self._titles[row.stage_id]) for row in self._rows]
        there = [
            (entry.key, entry.kind, text(entry.amount), self._titles[entry.stage_id or ""])
            for entry in self._entries
        ]
        if sorted(here) != sorted(there):
            raise Differs(f"the ledgers differ:\n  journal {here}\n  portal  {there}")
        return tuple(" ".join(row[1:]) for row in there)

    def charges(self) -> tuple[str, ...]:
        documents = [
            one for one in self._world.portal.documents.ledger() if one["ticket_id"] == self._ticket.id
        ]
        return tuple(
            (
                f"{line['category']} {line['spent_minutes']} {line['charged_minutes']} "
                f"{text(Decimal(line['coefficient_milli']) / 1000)}"
            )
            for one in documents
            for line in one["charges"]
        )

    def price(self) -> str:
        reversed_ids = {entry.reverses for entry in self._entries}
        standing = [
            entry for entry in self._entries if entry.kind == "capture" and entry.id not in reversed_ids
        ]
        return f"{sum((entry.price or Decimal(0) for entry in standing), Decimal(0)):.2f}"

    def notes(self) -> tuple[str, ...]:
        names = {
            (effect.outcome or {}).get("note_id"): message_name(effect.kind)
            for effect in self._effects
            if effect.kind.startswith("note:")
        }
        return tuple(
            names.get(note.id, "?")
            for note in self._world.portal.notes(self._ticket.id)
            if note.visibility == "customer"
        )

    def texts(self) -> str:
        notes = [
            note.text for note in self._world.portal.notes(self._ticket.id) if note.visibility == "customer"
        ]
        return "\n".join(notes).replace("\u00a0", " ")

    def moodle(self) -> tuple[str, ...]:
        return tuple(self._world.moodle_writes())

    def portal(self) -> str:
        return self._ticket.state

    def attachments(self) -> tuple[Attachment, ...]:
        return self._ticket.attachments

    def stages(self) -> tuple[str, ...]:
        return tuple(stage.state for stage in self._ticket.stages)

    def courses(self) -> tuple[str, ...]:
        return tuple(course.shortname for moodle in self._world.moodles for course in moodle.courses())

    def roles(self) -> tuple[str, ...]:
        return tuple(
            role.shortname
            for moodle in self._world.moodles
            for role in moodle.roles()
            if role.shortname not in OWN_ROLES
        )


def unsound(world: World) -> list[str]:
    """What does not hold at the end of a scenario, though it always must."""
    found = []
    before = world.standing()
    for report in world.sync():
        found += [
            f"one more pass does something for ticket {ticket.number}: {ticket.done}"
            for ticket in report.tickets
            if ticket.done
        ]
    after = world.standing()
    found += [
        f"one more pass changes the {name}:\n  {before[name]}\n  {after[name]}"
        for name in before
        if before[name] != after[name]
    ]
    with world.journal.transaction(read_only=True) as unit:
        found += [f"the journal's ledger: {problem}" for problem in unit.ledger.verify()]
        rows = unit.ledger.rows(world.name)
    account, entries = world.portal.account(ACCOUNT), world.portal.ledger()
    comparison = compare_ledgers(
        rows, entries, tickets=world.tickets.values(), intended=(), settled=len(rows)
    )
    differences = (*comparison.differences, *comparison.cancelled, *compare_sums(account, entries))
    found += [f"the ledgers differ: {difference}" for difference in differences]
    found += [f"the ledgers differ: {entry} is open" for entry in comparison.open]
    if account.granted != account.written_off + account.held + account.available:
        found.append(f"hours are not conserved: {account}")
    servers: list[SandboxPortal | SandboxMoodle] = [world.portal, *world.moodles]
    planned = [fault for server in servers for fault in server.faults.planned()]
    found += [f"a planned fault never happened: {fault}" for fault in planned]
    return found
