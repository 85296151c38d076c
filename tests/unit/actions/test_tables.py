"""Tables that customers attach, as Excel and LibreOffice save them, and broken ones."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.actions.tables import LARGEST, Row, TableFault, read_table

COLUMNS = {"concept": ("термин",), "definition": ("определение",), "synonyms": ("синонимы",)}
TEXT = 'Термин;Определение\r\nЁж;"Зверь; колючий ""очень"""\r\n\r\nНорма;Мера\r\n'
ROWS = [
    Row(2, {"concept": "Ёж", "definition": 'Зверь; колючий "очень"'}),
    Row(4, {"concept": "Норма", "definition": "Мера"}),
]


def read(content: bytes) -> list[Row]:
    return read_table(content, COLUMNS, ("concept", "definition"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1251"])
@pytest.mark.parametrize("ends", ["\r\n", "\n", "\r"])
def test_a_table_is_read_in_whatever_encoding_offices_save_it(encoding: str, ends: str) -> None:
    assert read(TEXT.replace("\r\n", ends).encode(encoding)) == ROWS


@pytest.mark.parametrize(
    "text",
    [
        "concept,definition\nЁж,Зверь\n",
        '"Термин","Определение"\n"Ёж","Зверь"\n',
        "ТЕРМИН\tопределение\nЁж\tЗверь",
        "Определение ; Термин\n Зверь;Ёж;;\n;;\n",
        "sep=;\r\nТермин;Определение\r\nЁж;Зверь",
    ],
)
def test_delimiters_cases_and_orders_of_columns_do_not_matter(text: str) -> None:
    (row,) = read(text.encode())
    assert row.cells == {"concept": "Ёж", "definition": "Зверь"}


def test_lines_are_counted_as_the_customer_sees_them() -> None:
    rows = read('sep=;\nТермин;Определение\nЁж;"Зверь\nс иглами"\nНорма;Мера\n'.encode())
    assert [row.line for row in rows] == [3, 5]


def test_a_row_may_be_short() -> None:
    (row,) = read("Термин;Определение;Синонимы\nЁж;Зверь".encode())
    assert row.cells["synonyms"] == ""


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "в первой строке должны быть названия столбцов"),
        ("Ёж;Зверь\n".encode(), r"concept \(термин\), definition \(определение\)"),
        ("Термин;Определение;Автор\n".encode(), "таких столбцов нет: Автор"),
        ("Термин;concept;Определение\n".encode(), "столбец указан дважды: concept"),
        ("Термин;Определение\nЁж;Зверь;колючий\nА;1;2\n".encode(), "строка 2: значений 3, .*строка 3"),
        ('Термин;Определение\nНорма;Мера\nЁж;"Зверь\n'.encode(), "строка 3: кавычки"),
        ('Термин;Определение\nЁж;"Зверь" колючий\n'.encode(), "строка 2: кавычки"),
        (b"PK\x03\x04" + b"\0" * 100, "это книга или документ"),
        (b"\x00\x01\x02", "это не текст"),
        (b"\x98\xff", "это не текст"),
        (b"a" * (LARGEST + 1), "таблица больше 1 МиБ"),
    ],
)
def test_a_broken_table_is_told_by_its_line(content: Any, told: str) -> None:
    with pytest.raises(TableFault, match=told):
        read(content)
