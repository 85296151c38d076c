"""The plugin's pages on a real osTicket: what acceptance takes, what was written off beside what was
agreed, who changed which terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.domain.hours import Charge
from tests.contract.osticket import OsTicket
from tests.contract.portal_world import World

pytestmark = pytest.mark.live


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with OsTicket.start(tmp_path) as engine, closing(World(engine)) as one:
        yield one


def plain(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


def rows(page: str, table: str) -> list[list[str]]:
    """The cells of a table of the plugin."""
    (found,) = re.findall(rf'<table class="{table}[^"]*">(.*?)</table>', page, re.DOTALL)
    return [
        [plain(cell).strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)]
        for row in re.findall(r"<tr>(.*?)</tr>", found, re.DOTALL)
        if "<td" in row
    ]


def test_acceptance_says_what_it_takes_and_asks_once_more(world: World) -> None:
    ticket, _, _ = world.held(state="ready")
    page = world.engine.customer_page(ticket)
    asked = re.search(
        r"<details><summary>[^<]+</summary><p>([^<]+)</p><form[^>]+>.*?value=\"accept\"", page, re.DOTALL
    )
    assert asked, "no button accepts at the first click"
    assert "1 " in asked.group(1)
    assert "Работа" in asked.group(1)
    assert page.count('value="accept"') == 1
    assert 'name="viewport"' in page
    assert "max-width: 640px" in page


def test_what_was_written_off_stands_beside_what_was_agreed(world: World) -> None:
    ticket, _, hold = world.held(Decimal("1.5"))
    assert [row[1:5] for row in rows(world.engine.customer_page(ticket), "otbridge-stages")] in (
        [["1", "1", "1.5", "0"]],
        [["1", "1", "1,5", "0"]],
    )
    world.bridge.capture("c", hold, [Charge("developer", 45, 45, Decimal(1))], Decimal("0.75"), {})
    for page in (world.engine.customer_page(ticket), world.engine.agent_page(ticket)):
        assert [row[1:5] for row in rows(page, "otbridge-stages")] in (
            [["1", "1", "0", "0.75"]],
            [["1", "1", "0", "0,75"]],
        )


def test_changes_of_price_and_overdraft_are_written_down_with_who_made_them(world: World) -> None:
    world.engine.set_terms("school", overdraft="2", price="3000")
    world.engine.set_terms("school", overdraft="2", price="3000")
    ours = [
        row
        for row in rows(world.engine.accounts_page(), "otbridge-audit list")
        if world.engine.prefix and row[2].startswith("Школа № 7")
    ]
    organization = ours[0][2]
    told = [row[3].replace(",", ".") for row in ours if row[2] == organization]
    assert len(told) == 2, "a change that changes nothing is none"
    assert "0 → 2" in told[0]
    assert "2500.00 ₽ → 3000.00 ₽" in told[0]
    assert ours[0][1], "somebody made it"


def test_tokens_and_bridges_leave_a_trace(world: World) -> None:
    token = f"для моста {world.engine.prefix}"
    world.engine.named_token(token)
    name = "5b1e9f0a-0000-4000-8000-" + world.engine.prefix[:10].ljust(12, "0")
    world.engine.connect(world.engine.token, instance=name).note("n", world.ticket(), "?")
    assert name in world.engine.access_page()
    world.engine.release_bridge(name)
    page = world.engine.access_page()
    told = [row[3] for row in rows(page, "otbridge-audit list")]
    assert any(token in one for one in told)
    assert any(name in one for one in told)
    assert name not in str(rows(page, "otbridge-bridges list"))
