"""Order files: TOML and YAML mean the same, the newest counts, and whatever stands in one ends in an order
or a fault with its line.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.domain.catalogue_file import read_catalogue
from bridge.domain.lifecycle import OrderFault
from bridge.domain.tickets import Attachment, Order
from bridge.flow.orders import LARGEST_FILE, decode, find_order, order_attachments, read_params
from tests.builders import make_ticket

ROOT = Path(__file__).parents[3]
CATALOGUE = read_catalogue((ROOT / "config" / "catalogue.toml").read_text(encoding="utf-8"), "catalogue.toml")
RESTORE = 'service = "2.9.1-restore"\nparams = { shortname = "OT-1" }\n'
PIECES = (
    *"abя:-=[]{}&*!|>%@\"'#.,\n\t \r\\0x1_?~",
    "---\n",
    "service: ",
    "params",
    "\ufeff",
    "\x00",
    "\u2028",
    "<<: ",
    "%YAML 1.",
    '"\\UFFFFFFFF"',
)

KEYS = "service, variant, quantity, action, params, parts"


def attachment(id_: str, name: str, size: int = 100) -> Attachment:
    return Attachment(id_, name, size, "", "application/octet-stream")


def found(text: str, name: str = "order.yaml", **params: int) -> Order | OrderFault | None:
    ticket = make_ticket(attachments=(attachment("f1", name, **params),))
    return find_order(ticket, CATALOGUE, files={"f1": text}, unattended=lambda _: False)


def problem(text: str, name: str = "order.yaml") -> str:
    fault = found(text, name)
    assert isinstance(fault, OrderFault), fault
    assert fault.source == f"файл «{name}»"
    (told,) = fault.problems
    return told


@pytest.mark.parametrize(
    "name",
    ["order.toml", "ORDER.YAML", "order.yml", "заказ.toml", "Заказ.yml", "курс 7.order.toml", "a.order.YML"],
)
def test_an_attachment_of_this_name_is_an_order_file(name: str) -> None:
    assert order_attachments(make_ticket(attachments=(attachment("f1", name),)))


@pytest.mark.parametrize(
    "name", ["order.txt", "reorder.toml", "order.toml.exe", "order.json", "toml", "", "order.toml/x"]
)
def test_an_attachment_of_another_name_is_none(name: str) -> None:
    assert order_attachments(make_ticket(attachments=(attachment("f1", name),))) == ()


def test_of_several_order_files_the_newest_counts() -> None:
    ticket = make_ticket(
        attachments=(
            attachment("f1", "order.toml"),
            attachment("f2", "заказ.toml"),
            attachment("f3", "photo.png"),
        )
    )
    order = find_order(ticket, CATALOGUE, files={"f1": "nonsense", "f2": RESTORE})
    assert order == Order(
        "2.9.1-restore", {"shortname": "OT-1"}, "файл «заказ.toml»", action="restore-course"
    )


def test_an_order_file_that_nobody_has_fetched_yet_is_no_order() -> None:
    assert find_order(make_ticket(attachments=(attachment("f1", "order.toml"),)), CATALOGUE) is None


def test_fields_and_a_file_that_both_hold_an_order_are_a_fault() -> None:
    ticket = make_ticket(fields={"service": "2.9.1-restore"}, attachments=(attachment("f1", "order.toml"),))
    told = ("заказ дан дважды, в полях заявки и в приложении (файл «order.toml»): оставьте один",)
    assert find_order(ticket, CATALOGUE, files={"f1": RESTORE}) == OrderFault("заявка", told)


def test_toml_and_yaml_mean_the_same_and_all_scalars_are_texts() -> None:
    toml = """service = "2.9.1-access"
quantity = 2
action = "create-role"
[params]
number = 1.50
day = 2026-03-01
yes = true
list = ["a", 7]
[params.map]
"moodle/course:view" = "allow"
"""
    yaml = """service: 2.9.1-access
quantity: 2
action: create-role
params:
  number: 1.50
  day: 2026-03-01
  yes: true
  list: [a, 7]
  map: {"moodle/course:view": allow}
"""
    params = {
        "number": "1.50",
        "day": "2026-03-01",
        "yes": "true",
        "list": ["a", "7"],
        "map": {"moodle/course:view": "allow"},
    }
    for text, name in ((toml, "order.toml"), (yaml, "order.yaml")):
        assert found(text, name) == Order(
            "2.9.1-access", params, f"файл «{name}»", quantity=2, action="create-role"
        )


BARE = (
    "1_000",
    "0",
    "-17",
    "+5",
    "0xFF",
    "0o17",
    "0b1_0",
    "1.50",
    "1e5",
    "6.02_2e+23",
    "inf",
    "-nan",
    "true",
    "false",
    "2026-03-01",
    "07:30:00",
    "07:30:00.123",
    "2026-03-01T07:30:00Z",
    "2026-03-01 07:30:00",
    "2026-03-01 07:30:00.5+03:00",
)
QUOTED = ("", "= 1_000", "[1, 2]", "# 5", "a\\b", "'", "1_000", "строка\n, 07:30:00\n", '"""')


@given(
    st.lists(
        st.tuples(
            st.booleans(),
            st.sampled_from(BARE),
            st.sampled_from(QUOTED),
            st.sampled_from([" ", "\n\t", "# = 1_0\n"]),
        ),
        max_size=6,
    )
)
def test_values_of_toml_are_read_as_they_are_written(values: Any) -> None:
    told = [bare if plain else quoted for plain, bare, quoted, _ in values]
    written = [bare if plain else json.dumps(quoted, ensure_ascii=False) for plain, bare, quoted, _ in values]
    array = "".join(f"{one},{gap}" for one, (_, _, _, gap) in zip(written, values, strict=True))
    lines = "".join(f"k{place} = {one} # = 1_0\n" for place, one in enumerate(written))
    inline = ", ".join(f"k{place}={one}" for place, one in enumerate(written))
    text = f'service = "2.6"\n[params]\n{lines}list = [\n[{array}],{array}]\nmap = {{{inline}}}\n'
    text += "multi = '''\n= 1_000, [2\n'''\n"
    order = found(text, "order.toml")
    assert isinstance(order, Order), (order, text)
    keys = {f"k{place}": one for place, one in enumerate(told)}
    assert order.params == {
        **{key: one for key, one in keys.items() if one.strip()},
        "list": [told, *told],
        "map": keys,
        "multi": "= 1_000, [2\n",
    }


@pytest.mark.parametrize(
    "value",
    [
        "NO",
        "no",
        "yes",
        "007",
        "1:30",
        "1_000",
        "0x1F",
        "1e3",
        "2026-03-01",
        "12:30:45",
        "+5",
        ".5",
        "true",
        "=x",
        "'null'",
        '"~"',
    ],
)
def test_values_of_yaml_are_read_as_they_are_written(value: str) -> None:
    order = found(f"service: '2.6'\nparams: {{shortname: {value}}}")
    assert isinstance(order, Order)
    assert order.params == {"shortname": value.strip("'\"")}


@pytest.mark.parametrize("value", ["null", "~", "Null", "NULL"])
def test_what_yaml_takes_for_nothing_is_no_name(value: str) -> None:
    told = f"строка 3: {value} значит «ничего»: удалите строку, а если это название, возьмите его в кавычки"
    assert problem(f"service: '2.6'\nparams:\n  shortname: {value}") == told


@pytest.mark.parametrize("value", ["1_000", "0xFF", "007", "2026-03-01", "1:30", "NO"])
def test_no_value_names_another_course(value: str) -> None:
    """An order that runs by itself looks for the course that is written there, or says why it does not."""
    for text, name in (
        (f"service: 2.9.1-restore\nparams: {{shortname: {value}}}", "order.yaml"),
        (f'service = "2.9.1-restore"\nparams.shortname = {value}', "order.toml"),
    ):
        ticket = make_ticket(attachments=(attachment("f1", name),))
        order = find_order(ticket, CATALOGUE, files={"f1": text})
        assert isinstance(order, OrderFault) or order.params == {"shortname": value}  # type: ignore[union-attr]


def test_names_in_another_case_or_with_a_remark_are_recognised() -> None:
    text = (
        "Service: 2.9.1-restore\nParams (параметры):\n  Shortname (краткое имя): OT-1\n  "
        "Полное имя (fullname): Охрана труда\n  USERS: нет\n"
    )
    ticket = make_ticket(attachments=(attachment("f1", "order.yaml"),))
    order = find_order(ticket, CATALOGUE, files={"f1": text})
    assert isinstance(order, Order), order
    assert order.params == {"shortname": "OT-1", "fullname": "Охрана труда", "users": "нет"}


def test_names_that_are_not_recognised_are_told_with_those_that_are_near() -> None:
    text = "service: 2.9.1-restore\nparams:\n  shortname: a\n  Shortname: b\n  full_name: x\n"
    ticket = make_ticket(attachments=(attachment("f1", "order.yaml"),))
    order = find_order(ticket, CATALOGUE, files={"f1": text})
    assert order == OrderFault(
        "файл «order.yaml»",
        (
            "shortname: указано дважды («shortname» и «Shortname»): оставьте одно",
            "full_name: такого параметра у этой услуги нет; похожие: fullname, new_fullname",
        ),
    )


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm() -> None:
    content = "\ufeff" + RESTORE.replace("\n", "\r\n")
    assert isinstance(found(decode(content.encode()), "order.toml"), Order)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "файл пуст"),
        ("- a\n- b", "в файле нет ключей заказа: напишите, например, service: ID_УСЛУГИ"),
        ("params: {a: b}", "service: услуга не названа"),
        (
            "service: x\ncolour: red",
            f"colour: такого ключа в файле заказа нет; есть: {KEYS}",
        ),
        ("service: [x]", "service: должно быть одним значением"),
        ("service: x\nparams: y", "params: должно быть таблицей «имя – значение»"),
        ("service: x\nservice: y", "строка 2: ключ указан дважды"),
        ("service: x\nparams:\n  a: 1\n  a: 2", "строка 4: ключ указан дважды"),
        (
            "service: &a x",
            "строка 1: якоря и ссылки YAML (& и *) в заказе не допускаются; возьмите текст в кавычки",
        ),
        (
            "service: x\nparams: *a",
            "строка 2: якоря и ссылки YAML (& и *) в заказе не допускаются; возьмите текст в кавычки",
        ),
        (
            "service: !!python/name:os.system x",
            "строка 1: метки YAML (!) в заказе не допускаются; возьмите текст в кавычки",
        ),
        ("service: x\n---\nservice: y", "строка 2: в файле больше одного документа YAML: оставьте один"),
        ("service: x\n\tparams: y", "строка 2: это не YAML: проверьте отступы, двоеточия и кавычки"),
        ("[a, b]: x", "строка 1: ключ должен быть одним словом"),
        ("service: x\nparams: " + "[" * 60_000, "строка 2: вложенность больше 16 уровней"),
        ("service: x\nb\x00", "строка 2: это не текст в кодировке UTF-8: сохраните файл в ней"),
        ('service: x\nparams: {a: ["\\0"]}', "params.a: содержит недопустимые символы"),
        ("a\x07: x", "это не YAML: в файле недопустимые символы"),
        ("%YAML 1." + "9" * 5000 + "\n--- x", "это не YAML: в файле недопустимые символы"),
    ],
)
def test_a_fault_of_a_yaml_file_is_told_with_its_line(text: str, told: str) -> None:
    assert problem(text) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("service = x", "строка 1: это не TOML: проверьте кавычки, скобки и знаки равенства"),
        ("\nservice = 'x", "строка 2: это не TOML: проверьте кавычки, скобки и знаки равенства"),
        ("service = 'x'\nservice = 'y'\n", "строка 2: ключ указан дважды"),
        ("[params]\n[params]\n", "строка 2: ключ указан дважды"),
        ("service = " + "9" * 5000, "это не TOML: проверьте кавычки, скобки и знаки равенства"),
        ("service = 0x" + "f" * 60_000, f"service: услуги «0x{'f' * 57}…» нет в каталоге"),
        ("service = 2_6", "service: услуги «2_6» нет в каталоге; похожие: 2.6"),
        ("Service = 'x'\nservice = 'y'", "service: указано дважды («Service» и «service»): оставьте одно"),
        ("service = " + "[" * 60_000, "вложенность больше 16 уровней"),
        ("a." * 60 + "a = 1", "вложенность больше 16 уровней"),
        ("\n" + "a." * 30_000 + "a = 1", "строка 2: в строке больше 200 точек: разбейте её"),
    ],
)
def test_a_fault_of_a_toml_file_is_told_with_its_line(text: str, told: str) -> None:
    assert problem(text, "order.toml") == told


def test_a_file_in_another_encoding_is_a_fault() -> None:
    assert (
        problem(decode("service: курс".encode("cp1251")))
        == "строка 1: это не текст в кодировке UTF-8: сохраните файл в ней"
    )
    assert (
        problem(decode("service: x".encode("utf-16")))
        == "строка 1: это не текст в кодировке UTF-8: сохраните файл в ней"
    )


def test_a_file_that_is_too_large_is_a_fault_before_anybody_fetches_it() -> None:
    ticket = make_ticket(attachments=(attachment("f1", "order.toml", LARGEST_FILE + 1),))
    assert find_order(ticket, CATALOGUE) == OrderFault(
        "файл «order.toml»", ("файл больше 256 КиБ: это не файл заказа",)
    )


def test_an_operator_s_file_of_parameters_is_read_the_same_way() -> None:
    assert read_params("p.yaml", b"shortname: OT-1\nusers: yes") == {"shortname": "OT-1", "users": "yes"}
    assert read_params("p.toml", b"a = [1]") == {"a": ["1"]}
    assert read_params("p.yaml", b"- a") == OrderFault("p.yaml", ("должно быть таблицей «имя – значение»",))
    assert read_params("p.toml", b"a") == OrderFault(
        "p.toml", ("строка 1: это не TOML: проверьте кавычки, скобки и знаки равенства",)
    )


@given(
    st.lists(st.sampled_from(PIECES), max_size=40).map("".join) | st.text(),
    st.sampled_from(["order.toml", "order.yaml"]),
)
def test_any_text_ends_in_an_order_or_in_a_fault(text: Any, name: Any) -> None:
    assert isinstance(found(text, name), (Order, OrderFault))


@given(st.binary(max_size=200), st.sampled_from(["order.toml", "order.yaml"]))
def test_any_bytes_end_in_an_order_or_in_a_fault(content: Any, name: Any) -> None:
    assert isinstance(found(decode(content), name), (Order, OrderFault))


def test_the_examples_of_the_docs_are_orders() -> None:
    examples = re.findall(
        r"```(toml|yaml)\n(.+?)```", (ROOT / "docs" / "orders.md").read_text(encoding="utf-8"), re.DOTALL
    )
    orders = {kind: found(text, f"order.{kind}") for kind, text in examples}
    assert set(orders) == {"toml", "yaml"}
    for kind, text in examples:
        ticket = make_ticket(attachments=(attachment("f1", f"order.{kind}"),))
        assert isinstance(find_order(ticket, CATALOGUE, files={"f1": text}), Order), text
