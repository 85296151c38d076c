"""The catalogue: every row of the vendor's terms is in the shipped file, and every fault of a site's own
file is named by its line.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.actions import ACTIONS
from bridge.domain.catalogue import Billing, BillingKind, Catalogue, Handling, Variant
from bridge.domain.catalogue_file import read_catalogue
from bridge.domain.catalogue_lines import Lines
from bridge.errors import UserError

SHIPPED = Path(__file__).parents[3] / "config" / "catalogue.toml"
CATEGORIES = '[category.development]\nname = "Разработка"\ncoefficient = "1"\n'
GOOD = {
    "id": '"x"',
    "name": '"Услуга"',
    "category": '"development"',
    "billing": '{ kind = "actual" }',
    "handling": '"auto"',
    "actions": '["create-role"]',
    "unattended_hours": '"0.5"',
}
ROWS = """
2.1 actual 0.6 assisted | 2.2 fixed:20 1 assisted | 2.3 fixed:32 1 assisted | 2.4 fixed:10 1 auto
2.5 fixed:64 1 auto
2.6 actual 1 manual | 2.7 actual 1 assisted | 2.8 agreed 1 manual | 2.9 actual 1 assisted
2.9.1-restore actual 1 auto | 2.9.1-logic-consult actual 1 manual | 2.9.1-certificate actual 1 auto
2.9.1-feature agreed 1 manual
2.9.1-phone actual 1 manual | 2.9.1-process agreed 1 assisted | 2.9.1-sequence actual 1 auto
2.9.1-content actual 0.6 assisted
2.9.1-module actual 1 assisted | 2.9.1-content-fault actual 1 manual | 2.9.1-settings-fault actual 1 assisted
2.9.1-server-fault actual 1 manual | 2.9.1-access actual 1 auto | 2.9.1-discipline actual 1 assisted
2.9.1-lesson actual 1 assisted
3.1 agreed 1 manual | 3.2-otpay from:32 1 manual | 3.2-library from:32 1 manual | 3.2-event from:32 1 manual
3.2-other from:48 1 manual
3.3-code from:4 1 manual | 3.3-report from:28 1 manual | 3.4-activity from:40 1 manual
3.4-activity-graded from:60 1 manual
4-appearance from:2.5 0.6 assisted | 4-empty-course fixed:1 0.6 auto | 4-files fixed:1/2 0.6 auto
4-final-grade fixed:1 0.6 auto
4-qbank-file fixed:2/4 0.6 auto | 4-qbank-manual fixed:2/4 0.6 assisted | 4-qimport from:1 0.6 auto
4-quiz-bank fixed:1 0.6 assisted
4-quiz-file from:2.5 0.6 auto | 4-assignments fixed:1 0.6 auto | 4-lesson fixed:2 0.6 auto
4-glossary fixed:2 0.6 auto
4-certificate fixed:2 0.6 auto | 4-access fixed:2 0.6 auto
4-ex-paths actual 0.6 auto | 4-ex-replace actual 0.6 auto | 4-ex-order actual 0.6 auto
4-ex-olympiad actual 0.6 auto
4-ex-certificate actual 0.6 assisted
5-db range:1/6 1 manual | 5-move range:2/6 1 manual | 5-backup range:1/8 1 auto | 5-image range:4/10 1 manual
"""
"""Every row of the vendor's terms: id, billing (hours; of variants or bounds, each), K, handling."""


def row(**changes: str | None) -> str:
    """A [[service]] table; a key that is changed to None is left out."""
    keys = {**GOOD, **changes}
    return "\n".join(
        ["[[service]]", *(f"{key} = {value}" for key, value in keys.items() if value is not None), ""]
    )


def read(text: str) -> Catalogue:
    return read_catalogue(CATEGORIES + text, "c")


def faults(text: str, categories: str = CATEGORIES) -> tuple[str, ...]:
    with pytest.raises(UserError) as caught:
        read_catalogue(categories + text, "catalogue.toml")
    assert caught.value.message.startswith("catalogue.toml: ")
    return caught.value.problems


# --- the shipped file


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return read_catalogue(SHIPPED.read_text(encoding="utf-8"), "catalogue.toml")


def told(catalogue: Catalogue) -> list[str]:
    rows = []
    for service in catalogue:
        hours = [one.hours for one in service.variants] or [
            one for one in (service.billing.hours, service.billing.most) if one is not None
        ]
        price = ":" + "/".join(str(one) for one in hours) if hours else ""
        rows.append(f"{service.id} {service.billing.kind}{price} {service.coefficient} {service.handling}")
    return rows


def test_every_row_of_the_vendor_s_page_is_in_the_shipped_catalogue(shipped: Catalogue) -> None:
    assert told(shipped) == [one.strip() for line in ROWS.strip().splitlines() for one in line.split("|")]


def test_the_main_job_s_services_run_by_actions_that_the_bridge_has(shipped: Catalogue) -> None:
    for service_id, action, hours in (
        ("2.9.1-restore", "restore-course", "1"),
        ("2.9.1-access", "create-role", "0.5"),
    ):
        service = shipped.get(service_id)
        assert service is not None
        assert action in service.actions
        assert action in ACTIONS
        assert service.unattended_hours == Decimal(hours)


def test_the_limits_of_a_prototype_are_those_of_the_vendor_s_page(shipped: Catalogue) -> None:
    prototype, deployment = shipped.get("2.4"), shipped.get("2.5")
    assert prototype is not None
    assert deployment is not None
    limits = prototype.limits
    assert (limits["sections"], limits["questions"], limits["test_users"], limits["empty_courses"]) == (
        10,
        30,
        4,
        10,
    )
    assert deployment.limits == {
        **limits,
        "course_logic": 6,
        "roles": 10,
        "restricted_elements": 30,
        "notifications": 10,
        "notified_courses": 3,
        "reports": 1,
    }


@pytest.mark.parametrize("name", ["content", "Ассистент редактора", " контент ", "EDITOR"])
def test_a_category_is_found_by_id_name_or_alias(shipped: Catalogue, name: str) -> None:
    category = shipped.category(name)
    assert category is not None
    assert category.coefficient == Decimal("0.6")
    assert shipped.category("Магия") is None


# --- reading


def test_an_unknown_service_is_none() -> None:
    assert read(row()).get("y") is None


def test_a_service_is_read_as_it_stands() -> None:
    catalogue = read(
        row(billing='{ kind = "range", hours = "1", most = 2 }', item='"13"', limits="{ questions = 15 }")
    )
    service = catalogue.get("x")
    assert service is not None
    assert (len(catalogue), service.name, service.item, service.coefficient) == (
        1,
        "Услуга",
        "13",
        Decimal(1),
    )
    assert service.billing == service.billing_of("") == Billing(BillingKind.RANGE, Decimal(1), Decimal(2))
    assert service.limits == {"questions": 15}


def test_a_manual_service_needs_no_action() -> None:
    service = read(row(handling='"manual"', actions=None, unattended_hours=None)).get("x")
    assert service is not None
    assert (service.handling, service.actions, service.unattended_hours) == (Handling.MANUAL, (), Decimal(0))


VARIANTS = (
    '[[service.variant]]\nid = "a"\nname = "А"\nhours = "2"\n[[service.variant]]\nid = '
    '"b"\nname = "Б"\nhours = "4"\n'
)


def test_a_variant_has_its_own_hours_and_must_be_named() -> None:
    service = read(row(billing='{ kind = "from", hours = "1" }') + VARIANTS).get("x")
    assert service is not None
    assert service.variants == (Variant("a", "А", Decimal(2)), Variant("b", "Б", Decimal(4)))
    assert service.billing_of("b") == Billing(BillingKind.FROM, Decimal(4))
    for unknown in ("", "c"):
        with pytest.raises(KeyError):
            service.billing_of(unknown)


# --- faults

FLOAT = "is a float: hours and money are Decimal, int or str, never float; write it as a text, for example"


@pytest.mark.parametrize(
    ("changes", "line", "fault"),
    [
        ({"id": None}, 4, "service no. 1: id: must be a text, and not empty"),
        ({"id": "7"}, 5, "service 7: id: must be a text, and not empty"),
        ({"name": '" "'}, 6, "service x: name: must be a text, and not empty"),
        ({"item": "13"}, 12, "service x: item: must be a text"),
        ({"price": '"1"'}, 12, "service x: price: unknown key"),
        ({"category": '"magic"'}, 7, "service x: category: must be one of development"),
        ({"billing": None}, 4, 'service x: billing: must be a table such as { kind = "actual" }'),
        ({"billing": '"actual"'}, 8, 'service x: billing: must be a table such as { kind = "actual" }'),
        (
            {"billing": '{ kind = "free" }'},
            8,
            "service x: billing.kind: must be one of fixed, actual, from, range, agreed",
        ),
        (
            {"billing": "{ kind = [] }"},
            8,
            "service x: billing.kind: must be one of fixed, actual, from, range, agreed",
        ),
        ({"billing": '{ kind = "fixed" }'}, 8, "service x: billing.hours: missing, fixed needs it"),
        ({"billing": '{ kind = "range", hours = 1 }'}, 8, "service x: billing.most: missing, range needs it"),
        (
            {"billing": '{ kind = "actual", hours = 1 }'},
            8,
            "service x: billing.hours: actual has no such key",
        ),
        (
            {"billing": '{ kind = "range", hours = 3, most = 2 }'},
            8,
            "service x: billing.most: is less than hours",
        ),
        ({"billing": '{ kind = "from", hours = "-1" }'}, 8, "service x: billing.hours: must not be negative"),
        (
            {"billing": '{ kind = "range", hours = "1", most = 2.5 }'},
            8,
            f'service x: billing.most: 2.5 {FLOAT} "1"',
        ),
        (
            {"billing": '{ kind = "fixed", hours = "0.001" }'},
            8,
            (
                "service x: billing.hours: 0.001 norm-hours are not a whole number of minutes; write it "
                'as a text, for example "1"'
            ),
        ),
        (
            {"unattended_hours": '"много"'},
            11,
            (
                "service x: unattended_hours: 'много' is not a decimal number; write it as a text, for "
                'example "1"'
            ),
        ),
        ({"handling": None}, 4, "service x: handling: must be one of auto, assisted, manual"),
        ({"handling": '"robot"'}, 9, "service x: handling: must be one of auto, assisted, manual"),
        ({"actions": None}, 4, "service x: actions: an auto service names its action"),
        ({"handling": '"assisted"', "actions": '[""]'}, 10, "service x: actions: must be a list of texts"),
        ({"handling": '"assisted"', "actions": '"fly"'}, 10, "service x: actions: must be a list of texts"),
        (
            {"limits": "{ questions = -1 }"},
            12,
            "service x: limits: must be whole numbers by name, such as { questions = 15 }",
        ),
        (
            {"limits": "{ questions = true }"},
            12,
            "service x: limits: must be whole numbers by name, such as { questions = 15 }",
        ),
        ({"variant": '["a"]'}, 12, "service x: variant: must be [[service.variant]] tables"),
    ],
)
def test_a_fault_is_named_with_its_line_service_and_key(changes: Any, line: int, fault: str) -> None:
    assert faults(row(**changes)) == (f"line {line}: {fault}",)


@pytest.mark.parametrize(
    ("variants", "found"),
    [
        (VARIANTS.replace('"b"', '"a"'), "line 16: service x: variant a: the id stands twice"),
        (VARIANTS.replace('"4"', "4.5"), f'line 19: service x: variant b: hours: 4.5 {FLOAT} "1"'),
        (VARIANTS.replace('hours = "2"', "price = 2"), "line 12: service x: variant a: hours: missing"),
        (VARIANTS, "line 12: service x: variant: actual has no variants"),
    ],
)
def test_faults_of_variants_are_named(variants: Any, found: str) -> None:
    billing = '{ kind = "actual" }' if variants is VARIANTS else '{ kind = "fixed", hours = "1" }'
    assert found in faults(row(billing=billing) + variants)


@pytest.mark.parametrize(
    ("categories", "found"),
    [
        (
            '[category.a]\nname = "А"\ncoefficient = 0.6\n',
            f'line 3: category a: coefficient: 0.6 {FLOAT} "1"',
        ),
        (
            '[category.a]\nname = "А"\ncoefficient = "0.0001"\n',
            (
                "line 3: category a: coefficient: 0.0001 is finer than 0.001; write it as a text, for "
                'example "1"'
            ),
        ),
        (
            '[category.a]\nname = "А"\ncoefficient = "-1"\n',
            "line 3: category a: coefficient: must not be negative",
        ),
        ('[category.a]\nname = "А"\n', "line 1: category a: coefficient: missing"),
        ("[category]\na = 1\n", "line 2: category a: must be a table"),
        (
            '[category.a]\nname = "А"\ncoefficient = 1\n[category.b]\nname = "а"\ncoefficient = 1\n',
            "line 4: category b: is called “а”, as category a is",
        ),
        ("", "line 1: category: no [category.ID] tables; services name their specialists' category"),
    ],
)
def test_faults_of_categories_are_named(categories: str, found: str) -> None:
    assert found in faults(row(), categories)


def test_all_faults_of_all_services_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = (
        "[sevice]\n"
        + row(id='"a"', handling='"robot"')
        + row(id='"b"', billing=None)
        + row(id='"c"')
        + row(id='"c"')
    )
    found = faults(text)
    assert [fault.split(": ")[:2] for fault in found] == [
        ["line 4", "sevice"],
        ["line 10", "service a"],
        ["line 13", "service b"],
        ["line 29", "service c"],
    ]


@pytest.mark.parametrize("text", ["", "[[sevice]]"])
def test_an_empty_catalogue_is_a_fault(text: str) -> None:
    assert "service: no [[service]] tables; the catalogue is empty" in faults(text)[0]


def test_a_service_that_is_no_table_is_a_fault() -> None:
    assert "service no. 1: must be a table" in faults("", 'service = ["2.9.1-restore"]\n' + CATEGORIES)[0]


def test_a_file_that_is_no_toml_is_named_with_the_line() -> None:
    with pytest.raises(UserError, match=r"site\.toml: is not TOML") as caught:
        read_catalogue("[category.a]\nservice = =\n", "site.toml")
    assert "line 2" in caught.value.problems[0]


# --- where keys stand


def test_lines_are_found_behind_strings_and_arrays_that_look_like_tables() -> None:
    text = '''a = """
[[service]]
id = 1
"""
b = [
  "[[service]]",
  'id = 2',  # id = 3
]
[[service]]
id = "x"
[service.limits]
questions = 1
[[ service ]]
"id" = "y"
'''
    lines = Lines(text)
    assert (lines.of("service", 0), lines.of("service", 0, "id")) == (9, 10)
    assert lines.of("service", 0, "limits", "questions") == 12
    assert (lines.of("service", 1, "id"), lines.of("service", 1, "name")) == (14, 13)
    assert lines.of("nothing") == 1
