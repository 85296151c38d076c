"""docs/billing.md: every example there is what the bridge reckons."""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.domain import billing
from bridge.domain.catalogue import BillingKind
from bridge.domain.catalogue_file import read_catalogue
from bridge.domain.hours import price, write_off
from bridge.domain.tickets import Order
from tests.builders import make_entry, make_stage, make_ticket

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "billing.md").read_text(encoding="utf-8")
CATALOGUE = read_catalogue((ROOT / "config" / "catalogue.toml").read_text(encoding="utf-8"), "catalogue.toml")
EXAMPLES = [tomllib.loads(block) for block in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)]


def k(category: str) -> Decimal | None:
    found = CATALOGUE.category(category)
    return None if found is None else found.coefficient


@pytest.mark.parametrize(
    "example", EXAMPLES, ids=[f"{number} {one['service']}" for number, one in enumerate(EXAMPLES, 1)]
)
def test_an_example_takes_what_the_page_says(example: dict[str, Any]) -> None:
    service = CATALOGUE.get(example["service"])
    assert service is not None
    order = Order(service.id, {}, "", example.get("variant", ""), example.get("quantity", 1))
    stages = [
        make_stage(id=f"s{number}", estimate=Decimal(one["estimate"]), coefficient=Decimal(one["k"]))
        for number, one in enumerate(example["stages"])
    ]
    assert billing.price_fault(service, order, make_ticket(*stages)) is None
    total, before = Decimal(0), 0
    for stage, told in zip(stages, example["stages"], strict=True):
        entries = [make_entry(minutes, category=category) for category, minutes in told["time"]]
        lines = billing.charges(
            service,
            order,
            stage,
            entries,
            k,
            unattended=example.get("unattended", False),
            charged_before=before,
            last=stage is stages[-1],
        )
        hours = write_off(lines)
        assert billing.amount_to_hold(stage) == Decimal(told["held"])
        assert hours == Decimal(told["write_off"] if "write_off" in told else told["beyond"])
        assert ("beyond" in told) == (hours > billing.amount_to_hold(stage))
        before += sum(line.charged_minutes for line in lines)
        total += hours
    if "write_off" in example:
        assert total == Decimal(example["write_off"])
    if "price" in example:
        assert price(total, Decimal(example["hour_price"])) == Decimal(example["price"])


def test_there_is_an_example_for_every_kind_of_billing() -> None:
    shown = {CATALOGUE.get(example["service"]).billing.kind for example in EXAMPLES}  # type: ignore[union-attr]
    assert shown == set(BillingKind)
