"""On which line of a TOML text a key stands, for messages: the standard library's parser gives no
positions.
"""

from __future__ import annotations

import re

_HEADER = re.compile(r"^\s*(\[\[|\[)\s*([^\[\]]+?)\s*(\]\]|\])\s*(?:#.*)?$")
_KEY = re.compile(r"""^\s*(?:"([^"]*)"|'([^']*)'|([A-Za-z0-9_-]+))\s*[=.]""")
_PIECE = re.compile(r'"""|\'\'\'|"(?:\\.|[^"\\])*"|\'[^\']*\'|#.*|[\[\]{}]')


class Lines:
    """Where the tables and keys of a TOML text stand.

    A place is a table's path with its number among its like, from 0, and a key: `("service", 3, "billing")`,
    `("service", 3, "variant", 0, "hours")`, `("category", "content", "coefficient")`.
    """

    def __init__(self, text: str) -> None:
        self._places: dict[tuple[str | int, ...], int] = {}
        self._read(text)

    def of(self, *place: str | int) -> int:
        """The line, from 1, of the place or of the nearest table around it that the text has."""
        for length in range(len(place), 0, -1):
            if place[:length] in self._places:
                return self._places[place[:length]]
        return 1

    def _read(self, text: str) -> None:
        table: tuple[str | int, ...] = ()
        counts: dict[tuple[str | int, ...], int] = {}
        depth, closing = 0, ""
        for number, line in enumerate(text.splitlines(), 1):
            if not closing and depth == 0:
                header = _HEADER.match(line)
                if header:
                    table = self._enter(header[2], counts, many=header[1] == "[[")
                    self._places.setdefault(table, number)
                    if header[1] == "[[":
                        self._places.setdefault(table[:-1], number)
                    continue
                key = _KEY.match(line)
                if key:
                    self._places.setdefault((*table, key[1] or key[2] or key[3] or ""), number)
            depth, closing = _after(line, depth, closing)

    @staticmethod
    def _enter(name: str, counts: dict[tuple[str | int, ...], int], *, many: bool) -> tuple[str | int, ...]:
        """The path of a table that a header opens: parts that are arrays of tables carry the number of
        their last element.
        """
        path: tuple[str | int, ...] = ()
        parts = [part.strip().strip("\"'") for part in name.split(".")]
        for position, part in enumerate(parts):
            path = (*path, part)
            if many and position == len(parts) - 1:
                counts[path] = counts.get(path, -1) + 1
            if path in counts:
                path = (*path, counts[path])
        return path


def _after(line: str, depth: int, closing: str) -> tuple[int, str]:
    """How deep in brackets, and in which multi-line string, the text is after the line."""
    position = 0
    while position < len(line):
        if closing:
            end = line.find(closing, position)
            if end < 0:
                return depth, closing
            position, closing = end + 3, ""
            continue
        piece = _PIECE.search(line, position)
        if piece is None:
            break
        position = piece.end()
        if piece[0] in ('"""', "'''"):
            closing = piece[0]
        elif piece[0] in "[{":
            depth += 1
        elif piece[0] in "]}":
            depth -= 1
    return depth, closing
