"""Items of grades: what has an ID number, and what formulas say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bridge.sandbox.moodle.schema import Fault
from bridge.sandbox.moodle.setting_steps import get
from bridge.sandbox.moodle.steps.base import Planned, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

AGGREGATIONS = ("mean", "median", "lowest", "highest", "mode", "weighted", "simpleweighted", "natural")
_WORDS = frozenset({"sum", "average", "max", "min", "mod", "pi", "power", "round", "if", "and", "or"})
_SHAPE = re.compile(r"=[\w\s.,()+\-*/^<>=]*")


def item(site: Site, course: int, kind: str, thing: int, name: str, idnumber: str = "") -> int:
    """The item of a thing; made when it is missing."""
    row = site.store.row(
        "SELECT id FROM gradeitem WHERE course = ? AND kind = ? AND thing = ?", course, kind, thing
    )
    if row is not None and kind != "manual":
        if idnumber:
            site.store.execute("UPDATE gradeitem SET idnumber = ? WHERE id = ?", idnumber, row["id"])
        return int(row["id"])
    return site.store.insert("gradeitem", course=course, kind=kind, thing=thing, name=name, idnumber=idnumber)


def number_faults(site: Site, course: Any, idnumber: str, planned: Planned) -> Iterator[Fault]:
    """An ID number that is taken; it is kept for this step."""
    if not idnumber:
        return
    taken = known(course) and (
        site.store.row("SELECT 1 FROM gradeitem WHERE course = ? AND idnumber = ?", course, idnumber)
        or site.store.row("SELECT 1 FROM module_detail WHERE course = ? AND idnumber = ?", course, idnumber)
    )
    if taken or ("gradenumber", idnumber) in planned:
        message = f"The ID number {idnumber} is taken"
        yield Fault("idnumber", "idnumbertaken", message, {"idnumber": idnumber})
    planned[("gradenumber", idnumber)] = True


def pass_faults(passing: str, most: str) -> Iterator[Fault]:
    """A grade to pass that nobody can reach."""
    if passing and most and Decimal(passing) > Decimal(most):
        facts = {"value": passing, "min": "0", "max": most}
        yield Fault("gradepass", "paramrange", f"Must be at most {most}", facts)


def weight_faults(site: Site, course: Any, category: Any, weight: str, planned: Planned) -> Iterator[Fault]:
    """A weight that does not count."""
    if not weight:
        return
    if category is None:
        there = (get(site, "total", course) or {}).get("aggregation") if known(course) else None
        aggregation = planned.get(("aggregation", course), there)
    elif known(category):
        row = site.store.row("SELECT aggregation FROM gradecategory WHERE id = ?", category)
        aggregation = row["aggregation"] if row else None
    else:
        return  # An earlier step makes the category, and knows its own aggregation.
    if aggregation != "weighted":
        yield Fault("weight", "weightunused", "A weight counts in a weighted mean only")


def formula_faults(site: Site, course: Any, formula: str, self_: str, planned: Planned) -> Iterator[Fault]:
    """A formula that could not be worked out, or would need its own result."""
    names = list(dict.fromkeys(re.findall(r"\[\[([^\[\]]+)\]\]", formula)))
    for name in names:
        rows = (
            site.store.rows("SELECT id FROM gradeitem WHERE course = ? AND idnumber = ?", course, name)
            if known(course)
            else []
        )
        if not rows and ("gradenumber", name) not in planned:
            message = f"No grade has the ID number {name}"
            yield Fault("formula", "formulaunknown", message, {"idnumber": name})
            return
    plain = re.sub(r"\[\[[^\[\]]+\]\]", "1", formula)
    words = set(re.findall(r"[A-Za-zА-я_]+", plain))
    if not _SHAPE.fullmatch(plain) or words - _WORDS or plain.count("(") != plain.count(")"):
        facts = {"formula": formula, "why": ""}
        yield Fault("formula", "formulabad", "The formula cannot be worked out", facts)
        return
    planned[("formula", self_)] = names
    seen, ahead = set(), list(names)
    while ahead:
        one = ahead.pop()
        if one == self_:
            yield Fault("formula", "formulaloop", "It would need its own result", {"formula": formula})
            return
        if one not in seen:
            seen.add(one)
            ahead += planned.get(("formula", one), _stored(site, course, one))


def _stored(site: Site, course: Any, idnumber: str) -> list[str]:
    """What a stored formula needs."""
    if not known(course):
        return []
    row = site.store.row("SELECT id FROM gradeitem WHERE course = ? AND idnumber = ?", course, idnumber)
    there: Mapping[str, Any] = (get(site, "grade.item", row["id"]) or {}) if row else {}
    return re.findall(r"\[\[([^\[\]]+)\]\]", there.get("formula", ""))
