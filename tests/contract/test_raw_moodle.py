"""The embedded Moodle answers raw requests as a real one does: what would pass against the one alone is found
here.

`raw/moodle_4_5.json` holds what a real Moodle 4.5.6 answered, less ids, times and addresses. Every run holds
the embedded one to it; a live run holds it to the real one. What differs stands in `DIFFERENT`, with its
reason, and nothing else may. `RECORD_ANSWERS=1` with a live run writes the file anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from bridge.moodle_ws import connect
from bridge.sandbox.moodle.steps import kinds
from tests.contract.raw import facts, sites
from tests.contract.raw.answers import differences, told
from tests.contract.raw.cases import GROUPS

DIFFERENT: Mapping[tuple[str, str], str] = {
    ("waiting/found*", "json.backups[].category"): "its backups do not hold their category's name",
    ("waiting/get-after-cron", "*.course.compared.*"): "its backups hold no enrolments, grades and attempts",
    ("arguments/site-info*", "*.userquota"): "a setting of the site; the bridge stores nothing for good",
    ("arguments/site-info*", "*.usermaxuploadfilesize"): "a setting of the site",
    ("envelopes/other-envelope", "*"): "it speaks SOAP 1.1 alone, and so does the bridge",
    (
        "checking/name-twice",
        "json.faults[].message",
    ): "an operator's sentence; code, path and facts are the same",
    ("checking/text-nested", "json.faults[].*"): "Python's JSON reads what is nested deeper; both refuse it",
}
"""Case and path within its answer (patterns), and why the embedded one may differ there."""


def answers(site: sites.Site, group: str) -> dict[str, Any]:
    return {raw.name: told(raw, sites.send(site, raw), site.values) for raw in GROUPS[group]()}


@pytest.mark.parametrize("group", GROUPS)
def test_the_embedded_moodle_answers_as_a_real_one_was_seen_to(group: str, tmp_path: Path) -> None:
    known = facts.read()[group]
    with sites.sandbox(tmp_path, group) as site:
        found = answers(site, group)
    assert list(found) == list(known), "every request has its fact: record the answers anew"
    wrong, met = [], set()
    for name, answer in found.items():
        for path, real, embedded in differences(known[name], answer):
            case = f"{group}/{name}"
            allowed = [one for one in DIFFERENT if fnmatchcase(case, one[0]) and _fits(path, one[1])]
            met |= set(allowed)
            if not allowed:
                wrong.append(f"{case}: {path}: a real one says {real!r}, the embedded one {embedded!r}")
    assert not wrong, "\n".join(wrong)
    listed = {one for one in DIFFERENT if one[0].startswith(f"{group}/")}
    assert met == listed, f"no longer different: {listed - met}"


def _fits(path: str, pattern: str) -> bool:
    return fnmatchcase(path.replace("[]", ""), pattern.replace("[]", ""))


@pytest.mark.live
@pytest.mark.parametrize("group", GROUPS)
def test_a_real_moodle_answers_as_it_was_seen_to(group: str) -> None:
    found = answers(sites.real(group), group)
    if os.environ.get("RECORD_ANSWERS"):
        kept = {**(facts.read() if facts.FILE.exists() else {}), group: found}
        facts.write({name: kept[name] for name in GROUPS if name in kept})
    known = facts.read()[group]
    wrong = [
        f"{group}/{name}: {path}: was {before!r}, is {now!r}"
        for name, answer in found.items()
        for path, before, now in differences(known.get(name), answer)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.live
def test_a_step_needs_the_same_on_both_moodles() -> None:
    """Of the kinds that the site's plugin has; `test_moodle_plugin.py` holds the lists of kinds together."""
    values = sites.real("reading").values
    with connect(values["url"], values["token"]) as client:
        steps = client.read("local_otbridge_get_info")["steps"]
    real = {one["name"]: (one["heavy"], sorted(json.loads(one["needs"]))) for one in steps}
    own = {name: (kind.heavy, sorted(kind.needs)) for name, kind in kinds().items() if name in real}
    assert own == {name: real[name] for name in own}
