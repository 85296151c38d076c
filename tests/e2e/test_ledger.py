"""The ledger as accountants and auditors see it: told, verified, compared with the portal's, mended when
one side has lost something.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from contextlib import closing
from decimal import Decimal
from typing import Any

import pytest

from tests.e2e.conftest import ROLE, World
from tests.profile import THOROUGH


def reconciled(world: World, *arguments: str) -> tuple[int, dict[str, Any]]:
    code, out, err = world.said("reconcile", "--json", *arguments)
    assert out, err
    (account,) = json.loads(out)["accounts"]
    return code, account


def written_off(world: World) -> None:
    ticket = world.ticket(ROLE, number="101")
    world.sync()
    world.portal.accept(ticket, stage=1)
    world.sync()


def test_what_was_written_off_is_told_verified_and_the_same_on_the_portal(world: World) -> None:
    written_off(world)

    _, told = world.otbridge("ledger", "--format", "csv", "--ticket", "101")
    hold, capture = csv.DictReader(io.StringIO(told))
    assert (hold["kind"], hold["held"], hold["written_off"]) == ("hold", "1.000", "0.000")
    assert (capture["customer"], capture["stage"], capture["held"], capture["written_off"]) == (
        "Школа",
        "Работа",
        "-1.000",
        "0.500",
    )
    assert capture["price"] == "1250.00"
    assert world.otbridge("ledger", "verify") == (0, "The ledger is sound: 2 rows.\n")
    assert world.otbridge("reconcile")[0] == 0

    with closing(sqlite3.connect(world.directory / "journal.sqlite3")) as journal:
        journal.executescript(
            "DROP TRIGGER ledger_update; UPDATE ledger SET amount_mh = 400 WHERE kind = 'capture'"
        )
    code, table = world.otbridge("ledger", "verify")
    assert (code, "was changed after it was written" in table) == (1, True)


@pytest.mark.skipif(not THOROUGH, reason="takes many processes: HYPOTHESIS_PROFILE=thorough")
def test_what_a_restored_portal_has_lost_is_found_and_sent_again(world: World) -> None:
    ticket = world.ticket(ROLE, number="101")
    world.sync()
    world.portal.accept(ticket, stage=1)
    with (
        closing(sqlite3.connect(world.directory / "portal" / "portal.sqlite3")) as portal,
        closing(sqlite3.connect(":memory:")) as backup,
    ):
        portal.backup(backup)
        world.sync()
        (captured,) = world.captures()
        backup.backup(portal)
    assert world.captures() == []

    code, account = reconciled(world)
    assert (code, [(one["kind"], one["mend"]) for one in account["differences"]]) == (
        1,
        [("missing-there", "resend")],
    )
    assert f"otbridge reconcile --resend {captured.key}" in world.otbridge("reconcile")[1]

    assert reconciled(world, "--resend", captured.key, "--reason", "restored from a backup")[0] == 0

    assert [(entry.key, entry.amount) for entry in world.captures()] == [(captured.key, Decimal("0.5"))]
    assert world.portal.account("school").written_off == Decimal("0.5")


@pytest.mark.skipif(not THOROUGH, reason="takes many processes: HYPOTHESIS_PROFILE=thorough")
def test_what_a_restored_journal_has_lost_is_taken_in(world: World) -> None:
    ticket = world.ticket(ROLE, number="101")
    world.sync()
    with (
        closing(sqlite3.connect(world.directory / "journal.sqlite3")) as journal,
        closing(sqlite3.connect(":memory:")) as backup,
    ):
        journal.backup(backup)
        world.portal.accept(ticket, stage=1)
        world.sync()
        backup.backup(journal)

    code, account = reconciled(world)
    (lost,) = account["differences"]
    assert (code, lost["kind"], lost["ticket"], lost["there"]["kind"]) == (
        1,
        "missing-here",
        "101",
        "capture",
    )

    assert (
        reconciled(
            world, "--account", "school", "--accept", lost["key"], "--reason", "the journal was restored"
        )[0]
        == 0
    )

    assert [one["status"] for one in world.sync()["tickets"]] == ["done"]
    assert len(world.captures()) == 1
    assert world.otbridge("ledger", "verify")[0] == 0


@pytest.mark.skipif(not THOROUGH, reason="takes many processes: HYPOTHESIS_PROFILE=thorough")
def test_a_portal_that_is_down_is_told(world: World) -> None:
    world.ticket(ROLE)
    world.sync()
    world.portal.stop()
    code, account = reconciled(world)
    assert (code, account["differences"]) == (3, [])
    assert "/accounts/school" in account["error"]
