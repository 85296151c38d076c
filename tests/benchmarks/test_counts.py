"""What a ticket costs in counts, which do not depend on the machine: they may fall, and not grow unseen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bridge.journal import Journal
from tests.benchmarks.roles import Costs, Site

MANY = 4


@pytest.fixture
def site(tmp_path: Path, sqlite_template: Path) -> Iterator[Site]:
    """A site that has done one ticket, so that what is done once is done."""
    with ExitStack() as stack:
        shutil.copyfile(sqlite_template, tmp_path / "journal.sqlite3")
        url = f"sqlite:///{tmp_path / 'journal.sqlite3'}"
        made = Site(tmp_path, stack.enter_context(Journal.open(url)), url, stack)
        made.live(1)
        made.sync()
        made.sync()
        yield made


def counts(costs: Costs, tickets: int = 1) -> dict[str, float]:
    """Counts a ticket."""
    found = {
        "statements": costs.statements.total(),
        "commits": costs.commits,
        "portal": costs.portal.total(),
        "moodle": costs.moodle.total(),
    }
    return {name: number / tickets for name, number in found.items()}


def within(found: dict[str, float], most: dict[str, float]) -> list[str]:
    """What is more than it may be."""
    return [f"{name}: {found[name]} > {most[name]}" for name in most if found[name] > most[name]]


def test_a_role_from_agreement_to_written_off(site: Site) -> None:
    with site.counted() as costs:
        site.live(MANY)
    assert site.portal.account("school").held == 0
    assert within(counts(costs, MANY), {"statements": 120, "commits": 20, "portal": 14.5, "moodle": 2}) == []


def test_a_pass_in_which_nothing_is_new(site: Site) -> None:
    with site.counted() as costs:
        site.sync()
    assert within(counts(costs), {"statements": 9, "commits": 1, "portal": 1, "moodle": 0}) == []


def test_a_suspended_ticket_in_every_pass(site: Site) -> None:
    with site.counted() as without:
        site.sync()
    for _ in range(MANY):
        site.order(hours="1000000")
    for _ in range(3):  # the portal's page also tells what the bridge itself has done
        site.sync()
    with site.counted() as costs:
        report = site.sync()
    assert [one.status for one in report.tickets] == ["suspended"] * MANY
    more = {name: number - counts(without)[name] for name, number in counts(costs).items()}
    each = {name: number / MANY for name, number in more.items()}
    assert within(each, {"statements": 11.5, "commits": 2, "portal": 0.25, "moodle": 0}) == []
