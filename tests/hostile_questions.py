"""Files with questions that a careless reader would need hours for."""

from __future__ import annotations

HOSTILE = [
    ("gift", "<a "),
    ("gift", "a\n"),
    ("gift", "{\n\n"),
    ("gift", '{=<a b="'),
    ("gift", '{~<b c="d">e</b>'),
    ("gift", "src=a "),
    ("gift", "<a = "),
    ("gift", "{#1,5 ="),
    ("gift", "\n::Q::"),
    ("aiken", "x\n"),
    ("aiken", "A. x\n"),
    ("", "\n "),
    ("xml", "<![CDATA["),
    ("xml", "<quiz>"),
    ("xml", "&nbsp;"),
]
"""What such a file is, and the piece that it repeats."""


def hostile(kind: str, piece: str, times: int = 20_000) -> str:
    """A file of this kind, or of one that is to be found out ("")."""
    return f"В\nA. б\n{piece * times}" if kind == "aiken" else piece * times
