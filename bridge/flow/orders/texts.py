"""What an order file holds once it is read: texts, lists and maps of them, not too deep; and why one
cannot be read.
"""

from __future__ import annotations

from typing import TypeAlias

from bridge.errors import BridgeError

Value: TypeAlias = "str | list[Value] | dict[str, Value]"

DEEPEST = 16
"""Lists and maps within each other."""


class Unreadable(BridgeError):
    """An order file cannot be understood.

    Parameters:
        problems: in Russian, for the customer.
        line: where the (only) problem stands, None where the reader does not know it.
    """

    def __init__(self, *problems: str, line: int | None = None) -> None:
        self.problems = (
            problems if line is None else tuple(f"строка {line}: {problem}" for problem in problems)
        )
        super().__init__("; ".join(self.problems))


def too_deep(line: int | None = None) -> Unreadable:
    """The fault of a file whose lists and maps stand too deep within each other."""
    return Unreadable(f"вложенность больше {DEEPEST} уровней", line=line)
