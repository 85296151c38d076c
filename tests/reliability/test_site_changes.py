"""The site changes under a running ticket: what it loses concerns the tickets that use it, and no others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from bridge.domain.catalogue import Catalogue
from bridge.domain.lifecycle import Kind
from bridge.flow.context import Bridge
from bridge.flow.messages import Messages
from bridge.flow.scope import Exit
from bridge.journal.tables import effects
from bridge.settings import Settings
from tests.reliability.world import UNATTENDED, Disk, World, settings

BAD, GOOD = "t1", "t2"
BAD_ORDER = {"service": "4-qbank-manual", "variant": "text"}
GOOD_ORDER = {"service": "2.6"}


class ChangingWorld(World):
    """A world whose catalogue and templates an administrator may change."""

    catalogue: Catalogue | None = None
    messages: Messages | None = None

    def settings(self) -> Settings:
        before = super().settings()
        return before if self.catalogue is None else replace(before, catalogue=self.catalogue)

    def bridge(self, owner: str = "") -> Bridge:
        before = super().bridge(owner)
        return before if self.messages is None else replace(before, messages=self.messages)


def begun(disk: Disk) -> ChangingWorld:
    """Two tickets on which specialists work."""
    world = ChangingWorld(disk)
    world.order(BAD_ORDER, stages=(("Банк вопросов", 2, 1),))
    world.order(GOOD_ORDER)
    world.rest()
    assert world.statuses() == {BAD: "running", GOOD: "running"}
    return world


def finish(world: World, *tickets: str) -> None:
    for ticket in tickets:
        world.portal.log_time(ticket, 30)
        world.portal.report_ready(ticket)
    world.rest()
    for ticket in tickets:
        if world.statuses()[ticket] == "awaiting-acceptance":
            world.portal.accept(ticket)
    world.rest()


def without(*, service: str = "", variant: str = "", category: str = "") -> Catalogue:
    """The catalogue, but for what an administrator took out of it."""
    whole = settings(UNATTENDED).catalogue
    services = {
        one.id: replace(one, variants=tuple(v for v in one.variants if v.id != variant))
        for one in whole
        if one.id != service
    }
    return Catalogue(services, {one.id: one for one in whole.categories if one.id != category})


@pytest.mark.parametrize(
    ("lost", "reason"),
    [
        ({"service": "4-qbank-manual"}, "no-service"),
        ({"variant": "text"}, "no-service"),
    ],
    ids=str,
)
def test_what_the_catalogue_loses_is_told_by_its_name_and_waits_for_an_operator(
    disk: Disk, lost: dict[str, str], reason: str
) -> None:
    world = begun(disk)
    world.catalogue = without(**lost)
    finish(world, BAD, GOOD)
    assert world.statuses() == {BAD: "failed", GOOD: "done"}
    assert world.reasons()[BAD] == reason
    assert world.facts(BAD)["service"] == "4-qbank-manual (text)"

    world.catalogue = None
    world.retry(BAD)
    world.rest()
    world.portal.accept(BAD)
    world.rest()
    assert world.statuses() == {BAD: "done", GOOD: "done"}
    world.check()


def test_a_category_that_the_catalogue_loses_is_told_by_its_name(disk: Disk) -> None:
    world = ChangingWorld(disk)
    world.order(GOOD_ORDER)
    world.order(GOOD_ORDER)
    world.rest()
    world.catalogue = without(category="content")
    world.portal.log_time(BAD, 30, "content")
    world.portal.report_ready(BAD)
    finish(world, GOOD)
    assert world.statuses() == {BAD: "failed", GOOD: "done"}
    assert world.facts(BAD)["categories"] == ["content"]


def test_a_template_that_fails_for_one_message_stops_the_tickets_that_need_it(
    disk: Disk, tmp_path: Path
) -> None:
    world = begun(disk)
    (tmp_path / "ready.txt.j2").write_text(
        "{% if ticket.subject == 'Плохая' %}{{ nothing.at.all }}{% endif %}Готово\n", encoding="utf-8"
    )
    world.messages = Messages(tmp_path)
    world.portal.tickets[BAD] = replace(world.portal.tickets[BAD], subject="Плохая")
    finish(world, BAD, GOOD)
    assert world.statuses() == {BAD: "failed", GOOD: "done"}
    assert (world.reasons()[BAD], "ready.txt.j2" in world.facts(BAD)["detail"]) == ("fault", True)

    world.messages = None
    world.retry(BAD)
    world.rest()
    world.portal.accept(BAD)
    world.rest()
    assert world.statuses()[BAD] == "done"
    world.check()


@pytest.mark.parametrize(
    ("kind", "fact"),
    [(Kind.HOLD, "unattended"), (Kind.HOLD, "order"), (Kind.FREEZE, "charges"), (Kind.FREEZE, "evidence")],
)
def test_a_fact_that_an_old_row_does_not_have_is_the_fault_of_its_ticket(
    disk: Disk, kind: Kind, fact: str
) -> None:
    world = begun(disk)
    if kind is Kind.FREEZE:
        world.portal.log_time(BAD, 30)
        world.portal.report_ready(BAD)
        world.rest()
    kept = change_request(world, kind, lambda request: request.pop(fact))
    if kind is Kind.FREEZE:
        world.portal.accept(BAD)
    else:
        world.portal.log_time(BAD, 30)
    report = world.run_pass()
    assert report is not None
    finish(world, GOOD)
    assert world.statuses() == {BAD: "failed", GOOD: "done"}
    assert (report.exit, world.reasons()[BAD]) == (Exit.OPERATOR, "fault")
    assert fact in world.facts(BAD)["detail"]

    change_request(world, kind, lambda request: request.update({fact: kept}))
    world.retry(BAD)
    world.rest()
    assert world.reasons()[BAD] != "fault"


def change_request(world: World, kind: Kind, change: Callable[[dict[str, Any]], Any]) -> Any:
    """Change what the journal keeps of the bad ticket's effect."""
    ours = (effects.c.ticket_id == BAD, effects.c.kind == kind.value)
    with world.journal.transaction() as unit:
        request = dict(unit._connection.execute(select(effects.c.request).where(*ours)).scalar_one())
        changed = change(request)
        unit._connection.execute(update(effects).where(*ours).values(request=request))
    return changed
