"""The catalogue: the shipped file is sound, and every fault of a site's own file is named, all at once."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from bridge.actions import ACTIONS
from bridge.catalogue import Billing, BillingKind, Catalogue, Handling
from bridge.errors import UserError

SHIPPED = Path(__file__).parents[3] / "config" / "catalogue.toml"
GOOD = {
    "id": '"x"', "name": '"Услуга"', "billing": '{ kind = "actual" }', "coefficient": '"0.6"', "handling": '"auto"',
    "action": '"create-role"', "unattended_hours": '"0.5"',
}  # fmt: skip


def row(**changes: str | None) -> str:
    """A [[service]] table; a key that is changed to None is left out."""
    keys = {**GOOD, **changes}
    return "\n".join(["[[service]]", *(f"{key} = {value}" for key, value in keys.items() if value is not None), ""])


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(UserError) as caught:
        Catalogue.parse(text, "catalogue.toml")
    assert caught.value.message.startswith("catalogue.toml: ")
    return caught.value.problems


def test_the_shipped_catalogue_has_the_services_of_the_main_job():
    catalogue = Catalogue.parse(SHIPPED.read_text(encoding="utf-8"), "catalogue.toml")
    assert {service.id for service in catalogue} >= {"2.9.1-restore", "2.9.1-access"}
    restore = catalogue.get("2.9.1-restore")
    assert restore is not None
    assert (restore.action, restore.handling, restore.unattended_hours) == ("restore-course", Handling.AUTO, Decimal(1))
    assert restore.billing == Billing(BillingKind.ACTUAL)
    assert all(service.action is None or service.action in ACTIONS for service in catalogue)


def test_an_unknown_service_is_none():
    assert Catalogue.parse(row(), "c").get("y") is None


def test_a_service_is_read_as_it_stands():
    catalogue = Catalogue.parse(row(billing='{ kind = "range", hours = "1", most = 2 }', item='"13"'), "c")
    service = catalogue.get("x")
    assert service is not None
    assert (len(catalogue), service.name, service.item, service.coefficient) == (1, "Услуга", "13", Decimal("0.6"))
    assert service.billing == Billing(BillingKind.RANGE, Decimal(1), Decimal(2))


def test_a_manual_service_needs_no_action():
    service = Catalogue.parse(row(handling='"manual"', action=None, unattended_hours=None, coefficient=None), "c").get("x")
    assert service is not None
    assert (service.action, service.coefficient, service.unattended_hours) == (None, Decimal(1), Decimal(0))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"id": None}, "service no. 1: id: must be a text, and not empty"),
        ({"id": "7"}, "service 7: id: must be a text, and not empty"),
        ({"name": '" "'}, "service x: name: must be a text, and not empty"),
        ({"item": "13"}, "service x: item: must be a text"),
        ({"price": '"1"'}, "service x: price: unknown key"),
        ({"billing": None}, 'service x: billing: must be a table such as { kind = "actual" }'),
        ({"billing": '"actual"'}, 'service x: billing: must be a table such as { kind = "actual" }'),
        ({"billing": '{ kind = "free" }'}, "service x: billing.kind: must be one of fixed, actual, from, range, agreed"),
        ({"billing": "{ kind = [] }"}, "service x: billing.kind: must be one of fixed, actual, from, range, agreed"),
        ({"billing": '{ kind = "fixed" }'}, "service x: billing.hours: missing, fixed needs it"),
        ({"billing": '{ kind = "range", hours = 1 }'}, "service x: billing.most: missing, range needs it"),
        ({"billing": '{ kind = "actual", hours = 1 }'}, "service x: billing.hours: actual has no such key"),
        ({"billing": '{ kind = "range", hours = 3, most = 2 }'}, "service x: billing.most: is less than hours"),
        ({"billing": '{ kind = "from", hours = "-1" }'}, "service x: billing.hours: must not be negative"),
        (
            {"billing": '{ kind = "range", hours = "1", most = 2.5 }'},
            ("service x: billing.most: 2.5 is a float: hours and money are Decimal, int or str, never float; "
            'write it as a text, for example "0"'),
        ),
        ({"billing": '{ kind = "fixed", hours = "0.001" }'},
         'service x: billing.hours: 0.001 norm-hours are no whole number of minutes; write it as a text, for example "0"'),
        ({"coefficient": "0.6"},
         'service x: coefficient: 0.6 is a float: hours and money are Decimal, int or str, never float; write it as a text, for example "1"'),
        ({"coefficient": '"0.0001"'}, 'service x: coefficient: 0.0001 is finer than 0.001; write it as a text, for example "1"'),
        ({"coefficient": '"-1"'}, "service x: coefficient: must not be negative"),
        ({"unattended_hours": '"много"'},
         "service x: unattended_hours: 'много' is no decimal number; write it as a text, for example \"0\""),
        ({"handling": None}, "service x: handling: must be one of auto, assisted, manual"),
        ({"handling": '"robot"'}, "service x: handling: must be one of auto, assisted, manual"),
        ({"action": None}, "service x: action: an auto service names its action"),
        ({"handling": '"assisted"', "action": '""'}, "service x: action: an assisted service names its action"),
        ({"action": "1"}, "service x: action: must be a text"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_its_service_and_key(changes, fault):
    assert faults(row(**changes)) == (fault,)


def test_all_faults_of_all_services_are_told_at_once():
    text = "[sevice]\n" + row(id='"a"', coefficient="0.6", handling='"robot"') + row(id='"b"', billing=None) + row(id='"c"') + row(id='"c"')
    found = faults(text)
    assert [fault.split(":")[0] for fault in found] == ["sevice", "service a", "service a", "service b", "service c"]
    assert found[-1] == "service c: the id stands twice"


def test_an_empty_catalogue_is_a_fault():
    assert faults("") == ("service: no [[service]] tables; the catalogue is empty",)


@pytest.mark.parametrize("text", ["service = 1", "service = []", "[service]\nid = 'x'"])
def test_services_that_are_no_tables_are_a_fault(text):
    assert faults(text) == ("service: no [[service]] tables; the catalogue is empty",)


def test_a_service_that_is_no_table_is_a_fault():
    assert faults('service = ["2.9.1-restore"]') == ("service no. 1: must be a table",)


def test_a_file_that_is_no_toml_is_named():
    with pytest.raises(UserError, match=r"site\.toml: is no TOML"):
        Catalogue.parse("service = ", "site.toml")
