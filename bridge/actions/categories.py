"""Categories of courses as orders name them: by number, by name, or by the path from the top
(`Бакалавриат / 1 курс`).

Source: core_course_get_categories of Moodle 3.9 to 5.x.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.actions.action import Context
from bridge.actions.base import OrderRefused
from bridge.actions.elements import folded
from bridge.actions.named import made_category
from bridge.actions.program import Ref

READS = frozenset({"core_course_get_categories"})
"""What categories are looked for with."""
UNKNOWN = frozenset({"ambiguous-category", "no-such-category"})
"""Refusals of `find_category`; the customer can mend them."""
TOP = 0


def parts_of(path: str) -> tuple[str, ...]:
    """The names of a path, from the top."""
    return tuple(part for part in (one.strip() for one in re.split(r"\s/\s", path)) if part)


def read(context: Context, key: str, value: str) -> list[Mapping[str, Any]]:
    """The categories that a criterion finds, without those below them."""
    return list(
        context.moodle.read(
            "core_course_get_categories", criteria=[{"key": key, "value": value}], addsubcategories=False
        )
    )


def find_category(path: str, category_id: int | None, context: Context) -> tuple[int | Ref, str]:
    """The category, or what the same order will make; and its name for people. Sentences on its refusals are
    in `categories.txt.j2`.

    Raises:
        OrderRefused: a code of `UNKNOWN`.
    """
    parts = parts_of(path)
    made = context.made.get(made_category(parts)) if parts else None
    if made is not None:
        return made, f"the new category {path}"
    if category_id:
        found, value = read(context, "id", str(category_id)), str(category_id)
    elif len(parts) == 1:
        found, value = read(context, "name", parts[0]), parts[0]
    else:
        found, value = below(parts, context), path
    if len(found) == 1:
        return int(found[0]["id"]), f"category {found[0]['name']} ({found[0]['id']})"
    if not found:
        raise OrderRefused("no-such-category", f"there is no category {value}", category=value)
    candidates = [{"id": one["id"], "name": one["name"]} for one in found]
    raise OrderRefused(
        "ambiguous-category",
        f"several categories are called {value}: {', '.join(str(one['id']) for one in candidates)}",
        category=value,
        candidates=candidates,
    )


def below(parts: Sequence[str], context: Context) -> list[Mapping[str, Any]]:
    """The categories at the end of a path from the top."""
    above, found = {TOP}, list[Mapping[str, Any]]()
    for part in parts:
        found = [one for one in read(context, "name", part) if int(one["parent"]) in above]
        above = {int(one["id"]) for one in found}
    return found


def same(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether two paths lead to one category."""
    return list(map(folded, one)) == list(map(folded, other))
