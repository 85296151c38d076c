"""Elements of a course as orders name them: by name, or with `idnumber:` or `cmid:` in front.

Source: issue 14. A name must be exact and the only one: a restriction on a namesake would shut the wrong
thing for everybody. Moodle's plugin finds the element when the program is checked, so that hidden ones are
found, too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from bridge.actions.action import Context
from bridge.actions.elements import folded
from bridge.actions.fields import LARGEST_ID, Line, Lines
from bridge.actions.program import Ref, Step, ref

CUSTOMERS = frozenset({"elementambiguous", "elementnotfound", "elementtwice"})
"""Refusals of a name; the customer can mend them."""
OPERATORS = frozenset({"cmnotfound", "coursenotfound", "elementnamed", "othercourse"})
"""Refusals that only a fault of the bridge can bring about."""
_BY = re.compile(r"(idnumber|cmid)\s*:\s*(.+)", re.IGNORECASE)


def _sound(text: str) -> str:
    found = _BY.fullmatch(text)
    if found and found[1].lower() == "cmid" and not re.fullmatch(r"[1-9][0-9]{0,18}", found[2], re.ASCII):
        raise ValueError(f"«{text}»: после cmid: должен стоять номер элемента")
    if found and found[1].lower() == "cmid" and int(found[2]) > LARGEST_ID:
        raise ValueError(f"«{text}»: таких номеров в Moodle не бывает")
    return text


def _all_sound(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_sound(one) for one in texts)


ElementName = Annotated[Line, Field(max_length=1333), AfterValidator(_sound)]
"""`Лекция 1`, `idnumber:lec1` or `cmid:123`."""
ElementNames = Annotated[Lines, AfterValidator(_all_sound)]
"""Several elements, each on a line of its own."""


def named(text: str, context: Context) -> dict[str, Any]:
    """An element as the plugin's steps take it."""
    found = _BY.fullmatch(text)
    if found:
        by, value = found[1].lower(), found[2].strip()
        return {"cm": int(value)} if by == "cmid" else {"idnumber": value}
    made = context.made.get(made_element(text))
    return {"name": text} if made is None else {"cm": made}


def made_element(name: str) -> str:
    """What `Plan.makes` calls an element of that name."""
    return f"element {folded(name)}"


def made_category(path: Sequence[str]) -> str:
    """What `Plan.makes` calls a category of courses."""
    return "category " + "/".join(map(folded, path))


def makes(steps: Sequence[Step]) -> Mapping[str, Ref]:
    """What later actions of the same order may name: the elements that steps module.add make. Namesakes are
    none of them.
    """
    added = [one for one in steps if one.kind == "module.add"]
    names = [folded(one.params["name"]) for one in added]
    return {
        made_element(one.params["name"]): ref(one.label, "cmid")
        for one, name in zip(added, names, strict=True)
        if names.count(name) == 1
    }
