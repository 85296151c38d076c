"""A scenario file that is not understood says where and why; a scenario that does not hold says what it
found.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from tests.scenarios.form import Expect, Row, Scenario, ScenarioFault, Step, read
from tests.scenarios.runner import Differs, play
from tests.scenarios.world import Memory, world_of

GOOD = """
[[scenario]]
title = "Работа"
[[scenario.step]]
open_ticket = { service = "2.6" }
agree = [["Работа", 2, 1]]
sync = true
expect = { status = "running", ledger = ["hold 2 Работа"] }
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "one.toml"
    path.write_text(text, encoding="utf-8")
    return path


def fault(tmp_path: Path, text: str) -> str:
    with pytest.raises(ScenarioFault) as raised:
        read(write(tmp_path, text))
    return str(raised.value)


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ("sync = true", "snyc = true", "one.toml: “Работа”: step 1: snyc: "),
        ("status =", "state =", "one.toml: “Работа”: step 1: expect.0.state: "),
        ("service =", "sevrice =", "one.toml: “Работа”: step 1: open_ticket.sevrice: "),
        ('title = "Работа"', 'titel = "Работа"', "one.toml: scenario 1: titel: "),
        (
            'title = "Работа"',
            'title = "Работа"\npolicy = { accept = 1 }',
            "one.toml: “Работа”: policy.accept: ",
        ),
        (
            'title = "Работа"',
            'title = "Работа"\nrules = ["R10"]',
            "one.toml: “Работа”: rules.0: ",
        ),
        ('"Работа", 2,', '"Работа", 1.7,', "one.toml: “Работа”: step 1: agree.0.1: "),
        (
            "sync = true",
            'fault = { at = "portal", match = "hold", mode = "drop" }',
            "step 1: fault.mode: unknown mode 'drop'",
        ),
        (
            'expect = { status = "running", ledger = ["hold 2 Работа"] }',
            "",
            "one.toml: “Работа”: step: expects nothing anywhere",
        ),
        (
            '{ status = "running", ledger = ["hold 2 Работа"] }',
            '{ ticket = "101" }',
            "step 1: expect.0: expects nothing",
        ),
        ("sync = true", "sync = true\nmoves = []", "step 1: moves: unknown key"),
        ("[[scenario]]", "[[scenario]", "one.toml: is not TOML: "),
        ("[[scenario.step]]", "[[scenario.stpe]]", "one.toml: “Работа”: stpe: "),
    ],
)
def test_a_fault_is_named_with_its_file_its_scenario_and_its_key(
    tmp_path: Path, good: str, bad: str, told: str
) -> None:
    assert good in GOOD
    assert told in fault(tmp_path, GOOD.replace(good, bad))


ROW = """
[usual]
K = "0.6"
[[row]]
sells = "4-files/plain"
title = "десять файлов"
agreed = 1
minutes = 75
charges = ["fixed 75 60 0.6"]
written_off = "0.6"
"""


def test_a_row_is_a_scenario_that_says_only_what_is_its_own(tmp_path: Path) -> None:
    (scenario,) = read(write(tmp_path, ROW))
    assert (scenario.title, scenario.services) == ("4-files plain: десять файлов", ("4-files",))
    opened, reported, accepted = scenario.step
    assert opened.agree == (("Работа", "1", "0.6"),)
    assert reported.log_time is not None
    assert (reported.log_time.minutes, reported.log_time.category) == (75, "development")
    (done,) = accepted.expect
    assert (done.ledger, done.price) == (("hold 0.6 Работа", "capture 0.6 Работа"), "1500.00")
    assert done.balance is not None
    assert (done.balance.written_off, done.balance.available) == ("0.6", "9.4")


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ("written_off =", "writen_off =", "one.toml: “десять файлов”: writen_off: "),
        ('title = "десять файлов"', "", "one.toml: row 1: title: "),
        ('K = "0.6"', 'price = "1"', "one.toml: usual: price: only K, category, granted can be usual"),
    ],
)
def test_a_fault_of_a_row_is_named_with_its_file_its_title_and_its_key(
    tmp_path: Path, good: str, bad: str, told: str
) -> None:
    assert good in ROW
    assert told in fault(tmp_path, ROW.replace(good, bad, 1))


def test_a_file_without_anything_is_a_fault(tmp_path: Path) -> None:
    assert fault(tmp_path, "") == "one.toml: has neither a scenario nor a row"


def test_a_title_that_stands_twice_is_a_fault(tmp_path: Path) -> None:
    assert fault(tmp_path, GOOD + GOOD) == "one.toml: title stands twice: Работа"


def test_moves_are_made_in_the_order_in_which_they_stand(tmp_path: Path) -> None:
    (scenario,) = read(write(tmp_path, GOOD.replace("sync = true", 'say = "Ждём"\nsync = true\ntop_up = 1')))
    assert scenario.step[0].moves == ("open_ticket", "agree", "say", "sync", "top_up")


@pytest.mark.parametrize(
    ("good", "bad", "told"),
    [
        ('"running"', '"done"', "step 1:\nticket 101: status:\n  expected done\n  found    running"),
        ("hold 2", "hold 3", "ledger:\n  expected ('hold 3 Работа',)\n  found    ('hold 2 Работа',)"),
        (
            "sync = true",
            'sync = true\nfault = { at = "portal", match = "capture", mode = "drop_after" }',
            "a planned fault never happened",
        ),
        (
            "sync = true",
            "sync = true\nlog_time = { minutes = 60 }\nreport_ready = 1",
            "one more pass does something for ticket 101",
        ),
    ],
)
def test_a_scenario_that_does_not_hold_says_what_it_found(
    tmp_path: Path, shared_memory: Memory, good: str, bad: str, told: str
) -> None:
    (scenario,) = read(write(tmp_path, GOOD.replace(good, bad)))
    with world_of(scenario, tmp_path, shared_memory) as world, pytest.raises(Differs) as raised:
        play(scenario, world)
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("heading", "model", "apart"),
    [
        ("A scenario", Scenario, set()),
        ("A step", Step, {"ticket", "expect", "moves"}),
        ("Expectations", Expect, {"ticket"}),
        ("A row of the catalogue", Row, set()),
    ],
)
def test_every_key_is_documented(heading: str, model: type[BaseModel], apart: set[str]) -> None:
    page = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")
    section = page.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    documented = {
        key
        for row in re.findall(r"^\| (`.+?) \|", section, re.MULTILINE)
        for key in re.findall(r"`([^`]+)`", row)
    }
    assert documented == set(model.model_fields) - apart
    assert all(f"`{key}`" in page for key in apart - {"moves"})
