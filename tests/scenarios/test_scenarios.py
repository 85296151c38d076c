"""Every scenario of the files here, on each database; and that the files together show each rule and sell
each row of the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from importlib import resources
from pathlib import Path
from typing import get_args

import pytest

from bridge.domain.catalogue import BillingKind, Service
from bridge.domain.catalogue_file import read_catalogue
from bridge.domain.hours import estimated_write_off, text
from tests.scenarios.form import Expect, Rule, Scenario, read
from tests.scenarios.runner import play
from tests.scenarios.world import World

SCENARIOS = [
    (path.stem, scenario) for path in sorted(Path(__file__).parent.glob("*.toml")) for scenario in read(path)
]
CATALOGUE = read_catalogue(
    resources.files("bridge.defaults").joinpath("catalogue.toml").read_text(encoding="utf-8"),
    "catalogue.toml",
)
SOLD = [
    pytest.param(service, variant, id=f"{service.id}/{variant}".rstrip("/"))
    for service in CATALOGUE
    for variant in ([one.id for one in service.variants] or [""])
]


@pytest.mark.parametrize(
    "scenario", [pytest.param(scenario, id=f"{name}: {scenario.title}") for name, scenario in SCENARIOS]
)
def test_scenario(scenario: Scenario, world: World) -> None:
    play(scenario, world)


@pytest.mark.parametrize("rule", get_args(Rule))
def test_each_rule_of_the_game_has_a_scenario(rule: str) -> None:
    assert [scenario.title for _, scenario in SCENARIOS if rule in scenario.rules]


@pytest.mark.parametrize(("service", "variant"), SOLD)
def test_each_row_of_the_catalogue_is_sold_to_its_end_under_its_terms(service: Service, variant: str) -> None:
    """Some scenario of the service expects a ticket that is done, under this very order, and the hours in
    its ledger are those of its terms.
    """
    sold = list(_done(service, variant))
    assert sold, "no scenario ends with a ticket that is written off under it"
    for captured, charged in sold:
        terms = service.billing_of(variant)
        price = Decimal(0) if terms.hours is None else terms.hours
        if terms.kind is BillingKind.FIXED:
            assert text(captured) == text(estimated_write_off(price, service.coefficient))
        if terms.kind is BillingKind.FROM:
            assert captured >= estimated_write_off(price, service.coefficient)
        if charged:
            assert {"fixed", "agreed"} & set(charged) == ({terms.kind.value} & {"fixed", "agreed"})


def test_a_scenario_names_only_services_of_the_catalogue() -> None:
    assert {one for _, scenario in SCENARIOS for one in scenario.services} <= {
        service.id for service in CATALOGUE
    }


def _done(service: Service, variant: str) -> Iterator[tuple[Decimal, list[str]]]:
    """Norm-hours written off, and the categories of their lines, of each ticket that a scenario of the
    service expects as done.
    """
    for _, scenario in SCENARIOS:
        if service.id in scenario.services:
            for expect in scenario.expectations():
                if (
                    expect.status == "done"
                    and expect.service == f"{service.id}/{variant}".rstrip("/")
                    and expect.ledger
                ):
                    yield _captured(expect), [line.rsplit(" ", 3)[0] for line in expect.charges or ()]


def _captured(expect: Expect) -> Decimal:
    return sum(
        (Decimal(row.split()[1]) for row in expect.ledger or () if row.startswith("capture ")), Decimal(0)
    )
