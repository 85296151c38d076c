"""Tables that customers attach: CSV as offices save it, in UTF-8 or windows-1251, with semicolons, tabs or
commas.

Pure: bytes to rows. Excel for Russia saves CSV in windows-1251 with semicolons; "Unicode text" is UTF-16 with
tabs; "CSV UTF-8" begins with a byte order mark.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bridge.domain.decoding import NotText, decode

LARGEST = 1024 * 1024
"""Bytes of a table."""
MOST_FAULTS = 20
_DELIMITERS = (";", "\t", ",")
_BOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


class TableFault(ValueError):
    """A table cannot be read; `problems` tells it in Russian, for the customer."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems[:MOST_FAULTS]
        super().__init__("; ".join(self.problems))


@dataclass(frozen=True, slots=True)
class Row:
    """A row: the number of its (first) line, counted from 1, and its cells by column."""

    line: int
    cells: Mapping[str, str]


def read_table(
    content: bytes,
    columns: Mapping[str, Sequence[str]],
    needed: Sequence[str],
    more: Callable[[str], str] = lambda _: "",
) -> list[Row]:
    """The rows of a table whose first line names its columns; empty rows are left out.

    Parameters:
        columns: by each name the words that stand for it, in small letters.
        needed: columns that must be there.
        more: the name of a column that `columns` does not know, from what stands above it; "" for none.

    Raises:
        TableFault: it is none, in words for the customer.
    """
    text = _decoded(content)
    if text[:4].lower() == "sep=":
        # A line that only Excel reads; kept empty, so that lines are counted as the customer sees them.
        text = text[text.find("\n") :] if "\n" in text else ""
    closest: list[str] = []
    for delimiter in _DELIMITERS:
        rows = _rows(text, delimiter)
        try:
            _, head = next(rows, (0, []))
        except TableFault:
            continue  # quotes beside another delimiter
        names = [_column(cell, columns) or more(cell) for cell in head]
        if set(needed) <= set(names):
            return list(_read(rows, head, names))
        closest = max(closest, names, key=lambda one: len(set(one) & set(needed)))
    lacking = [name for name in needed if name not in closest]
    columns_needed = ", ".join(f"{name} ({' или '.join(columns[name])})" for name in lacking)
    raise TableFault(f"в первой строке должны быть названия столбцов: {columns_needed}")


def _decoded(content: bytes) -> str:
    if len(content) > LARGEST:
        raise TableFault(f"таблица больше {LARGEST // (1024 * 1024)} МиБ")
    if content.startswith(_BOOKS):
        raise TableFault("это книга или документ, а не CSV: сохраните таблицу как «CSV UTF-8»")
    try:
        text = decode(content).text
    except NotText as error:
        where = f"строка {error.line}: " if error.line else ""
        raise TableFault(f"{where}это не текст: сохраните таблицу как «CSV UTF-8»") from None
    if "\0" in text:
        raise TableFault("это не текст: сохраните таблицу как «CSV UTF-8»")
    return text


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, with their first lines' numbers."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, [cell.strip() for cell in cells]
            begins = reader.line_num + 1
    except csv.Error:
        problem = "кавычки не закрыты или стоят внутри значения (внутри удвойте их)"
        raise TableFault(f"строка {begins}: {problem}") from None


def _column(cell: str, columns: Mapping[str, Sequence[str]]) -> str:
    word = cell.casefold()
    return next((name for name, words in columns.items() if word == name or word in words), "")


def _read(rows: Iterator[tuple[int, list[str]]], head: list[str], names: list[str]) -> Iterator[Row]:
    """The rows below the head, or all of their faults."""
    unknown = [cell for cell, name in zip(head, names, strict=True) if not name and cell]
    if unknown:
        raise TableFault(f"таких столбцов нет: {', '.join(unknown)}")
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise TableFault(f"столбец указан дважды: {', '.join(twice)}")
    problems: list[str] = []
    for line, cells in rows:
        while len(cells) > len(names) and not cells[-1]:
            cells.pop()
        if len(cells) > len(names):
            problems.append(
                f"строка {line}: значений {len(cells)}, а столбцов {len(names)}; значение, в котором есть "
                "разделитель, возьмите в кавычки"
            )
            continue
        filled = [*cells, *[""] * (len(names) - len(cells))]
        yield Row(line, {name: cell for name, cell in zip(names, filled, strict=True) if name})
    if problems:
        raise TableFault(*problems)
