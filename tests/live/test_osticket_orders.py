"""Orders on a real osTicket: lines that come by its API, and two forms that fill one name."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bridge.domain.catalogue_file import read_catalogue
from bridge.flow.orders import find_order
from tests.contract.engine import PAID
from tests.contract.osticket import OsTicket
from tests.contract.portal_world import World

pytestmark = pytest.mark.live

CATALOGUE = read_catalogue(
    (Path(__file__).parents[2] / "config" / "catalogue.toml").read_text(encoding="utf-8"), "catalogue.toml"
)
AGAIN = "param_shortname (Уточнение param_shortname)"
RIGHTS = "moodle/course:view: allow\nmoodle/course:update: allow"
ORDER = {
    "service": "2.9.1-access",
    "param_shortname": "methodist",
    "param_name": "Методист",
    "param_capabilities": RIGHTS,
}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with OsTicket.start(tmp_path) as engine, closing(World(engine)) as one:
        yield one


def test_an_order_that_comes_by_the_engines_own_api_keeps_its_lines(world: World) -> None:
    ticket = world.engine.open_by_api(account="school", category=PAID, subject="Роль", fields=ORDER)
    assert world.bridge.ticket(ticket).fields == ORDER


def test_the_editors_lines_stay_lines_too(world: World) -> None:
    html = "".join(f"<p>{line}</p>" for line in RIGHTS.split("\n"))
    ticket = world.engine.open_by_api(
        account="school", category=PAID, subject="Роль", fields={**ORDER, "param_capabilities": html}
    )
    assert world.bridge.ticket(ticket).fields["param_capabilities"].split() == RIGHTS.split()


GROUPS = """course = "Охрана труда & экология"
[[groups]]
name = "10 «А» <утро>"
"""


@pytest.mark.parametrize("browser", [True, False], ids=["in the editor", "by the engine's own api"])
def test_the_field_of_further_parameters_keeps_its_toml(world: World, browser: bool) -> None:
    fields = {"service": "2.9.1-access", "params": GROUPS}
    ticket = (
        world.ticket(category=PAID, fields=fields)
        if browser
        else world.engine.open_by_api(account="school", category=PAID, subject="Группы", fields=fields)
    )
    assert tomllib.loads(world.bridge.ticket(ticket).fields["params"]) == tomllib.loads(GROUPS)


def test_two_forms_that_fill_one_name_differently_are_a_fault_of_the_order(world: World) -> None:
    ticket = world.ticket(category=PAID, fields=ORDER)
    world.engine.fill_twice(ticket, "param_shortname", "curator")
    told = world.bridge.ticket(ticket)
    assert told.fields["param_shortname"] == "methodist"
    assert told.fields[AGAIN] == "curator"
    order = find_order(told, CATALOGUE)
    assert "shortname: указано дважды" in str(getattr(order, "problems", ""))
    assert AGAIN in world.engine.agent_page(ticket)
    assert AGAIN in world.engine.customer_page(ticket)

    world.engine.fill_twice(ticket, "param_shortname", "methodist")
    assert {name: world.bridge.ticket(ticket).fields.get(name) for name in told.fields} == {
        **told.fields,
        AGAIN: None,
    }
    assert 'class="otbridge-warning"' not in world.engine.customer_page(ticket)


def test_two_forms_with_two_serials_are_no_installation_that_anybody_has(world: World) -> None:
    ticket = world.ticket(category=PAID, fields=ORDER)
    world.engine.fill_twice(ticket, "installation", "ZZZZ")
    told = world.bridge.ticket(ticket)
    assert told.installation == "AAAABBBBCCCCDDDD / ZZZZ"
    assert set(told.fields) == set(ORDER)
