"""Names as people write them: in another case, with a remark in brackets, or a little wrong."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

_REMARK_BEHIND = re.compile(r"\s*([a-z][a-z0-9_]*)\s*\(.*\)\s*", re.DOTALL)
_REMARK_BEFORE = re.compile(r".*\(\s*([a-z][a-z0-9_]*)\s*\)\s*", re.DOTALL)


def plain_name(name: str) -> str:
    """The name without case, spaces around it and remark: `Shortname (краткое имя)` and `Краткое имя
    (shortname)` are shortname.
    """
    folded = name.casefold()
    match = _REMARK_BEHIND.fullmatch(folded) or _REMARK_BEFORE.fullmatch(folded)
    return match[1] if match else folded.strip()


def recognised(
    given: Mapping[str, Any], known: Collection[str], problems: list[str], where: str = ""
) -> dict[str, Any]:
    """What is given, under the known names that are meant; what is not recognised keeps its name, so that it
    can be told.

    Parameters:
        problems: gets a sentence for each name that is given twice.
        where: what stands before a name in the sentence.
    """
    found: dict[str, Any] = {}
    written: dict[str, str] = {}
    for name, value in given.items():
        plain = name if name in known else plain_name(name)
        meant = plain if plain in known else name
        if meant in found and not _blank(value) and not _blank(found[meant]):
            problems.append(
                f"{where}{meant}: указано дважды («{_short(written[meant])}» и «{_short(name)}»): "
                "оставьте одно"
            )
        if meant not in found or _blank(found[meant]):
            found[meant], written[meant] = value, name
    return found


def near(name: str, known: Iterable[str]) -> str:
    """The known names that are close to an unknown one, as the end of a sentence; "" where none is."""
    close = get_close_matches(plain_name(name)[:80], list(known))
    return f"; похожие: {', '.join(close)}" if close else ""


def _blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _short(name: str) -> str:
    line = " ".join("".join(char if char.isprintable() else " " for char in name[:100]).split())
    return line if len(line) <= 40 else f"{line[:39]}…"
