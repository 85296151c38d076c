"""Kills the processes that work on operations, on a real Moodle: each kind of step, in the call and in cron.

`python -m tests.live.killing [--kills 50] [KIND…]` prints a line of counts for each kind, and whatever was
wrong. MOODLE_URL, MOODLE_TOKEN, MOODLE_PHP and MOODLE_DIRROOT name the site (docs/testing.md); its own cron
had better rest meanwhile. The kinds are those of the contract suite, and restoring, and members of groups.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shlex
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import requests

from bridge.actions.program import Program, Ref, Step, ref
from tests.contract.test_plugin import (
    COURSE_DELETE,
    STEPS,
    Site,
    course_step,
    module_step,
    restore_step,
)

COPIES = {
    "course.create": 2,
    "course.restore": 1,
    "lesson.add_page": 6,
    "module.add": 6,
    "question.import": 6,
}
"""How many things of its kind a killed program makes; of quick steps many, so that kills hit them."""
MANY = 12
OFTEN = 8
"""Kills of one operation at most; a step that is killed three times ends its program."""
TRIES = 2
"""How many cases a kill may cost before the kind is given up."""
SOMETIMES = 5
"""In every so many cases all pages of a course are asked for and all rows are looked at."""
LIGHT = 200
OPEN = {"queued", "running", "undoing"}
ENDED = {"done", "failed"}


def deleted_course(site: Site, _: int) -> Program:
    """Restoring a course with contents, which was made and deleted."""
    step = course_step(sections=[{"name": "Тема"}])
    made = site.made(Program((step, module_step("page", contenthtml="<p>Текст</p>"), module_step("assign"))))[
        "course"
    ]
    site.client.write(COURSE_DELETE, courseids=[made["id"]])
    return Program((restore_step(site, {"courseid": made["id"]}),))


def member(_: Site, person: int) -> Program:
    """Putting a person into a group."""
    group = Step("group.create", "group", {"course": ref("course", "id"), "name": "А"})
    return Program(
        (course_step(), group, Step("group.add_member", "in", {"group": ref("group", "id"), "user": person}))
    )


def example(kind: str) -> Callable[[Site, int], Program]:
    """The contract suite's program of a kind."""
    return lambda site, _: STEPS[kind](site)


PROGRAMS: dict[str, Callable[[Site, int], Program]] = {
    **{kind: example(kind) for kind in STEPS},
    "group.add_member": member,
    "course.restore": deleted_course,
}
"""Of each kind a program whose last steps are of that kind; it gets the id of a person, who is enrolled."""


class Missing(Exception):
    """The environment names no site, or the site has no such step."""


@dataclass
class Tally:
    """What became of the cases of a kind.

    Attributes:
        kills: processes that were killed while they worked on an operation: `call`, `cron`, `undo`.
        at: kills of a run, by the step that was being done.
        wrong: what was not as it must be.
    """

    kind: str
    cases: int = 0
    pages: int = 0
    kills: Counter[str] = field(default_factory=Counter)
    at: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """A line for people."""
        kills, ended = (
            ", ".join(f"{name} {number}" for name, number in sorted(one.items()))
            for one in (self.kills, self.ended)
        )
        return (
            f"{self.kind:<20} {self.cases:4} cases, killed: {kills} "
            f"({self.at[self.kind]} at this step), "
            f"ended: {ended}, {self.pages} pages, wrong: {len(self.wrong)}"
        )


class Moments:
    """Chooses when to kill: anywhere in the work, more and more where kills have hit."""

    def __init__(self, seconds: float) -> None:
        """`seconds` the work takes when nobody kills it."""
        self._early, self._late = 0.0, seconds

    def choose(self) -> float:
        """Seconds after the beginning: rather early, so that there is more left to be killed."""
        width = max(0.02, self._late - self._early)
        first, last = self._early - width / 4, self._late + width / 4
        return max(0.002, random.triangular(first, last, first))

    def missed(self, seconds: float, early: bool) -> None:
        """Learn from a kill that came too early, or from one that found nobody any more."""
        if early:
            self._early += (seconds - self._early) / 4
        else:
            self._late += (seconds - self._late) / 4
        if self._late < self._early + 0.01:
            self._early, self._late = self._late - 0.01, self._early + 0.01


class Killer:
    """Kills on one site, and looks at what is left."""

    def __init__(self) -> None:
        """Take the site from the environment.

        Raises:
            Missing: it names none.
        """
        names = ("MOODLE_URL", "MOODLE_TOKEN", "MOODLE_PHP", "MOODLE_DIRROOT")
        url, token, php, root = (os.environ.get(name, "") for name in names)
        if not (url and token and php and root):
            raise Missing(f"{', '.join(names)} name no site")
        place = Path(root, "public") if Path(root, "public", "local").is_dir() else Path(root)
        self._command = [*shlex.split(php), str(place / "local/otbridge/tests/killing.php")]
        self.site = Site(url, token)
        self._user = self.site.client.read("core_webservice_get_site_info")["userid"]
        person = self.ask("person")
        self.person = int(person["id"])
        self._url, self._browser = url, requests.Session()
        page = self._get("/login/index.php").text
        found = re.search(r'name="logintoken" value="(\w+)"', page)
        login = {"username": person["username"], "password": person["password"]}
        self._browser.post(
            f"{url}/login/index.php",
            timeout=60,
            data={**login, "logintoken": found[1] if found else ""},
        )

    def close(self) -> None:
        """Take everything back."""
        self._browser.close()
        self.ask("forget")
        self.site.clear()

    def _get(self, page: str) -> requests.Response:
        return self._browser.get(self._url + page, timeout=60)

    def ask(self, command: str, **told: Any) -> Any:
        """Have a process do something; None when it was killed."""
        text = json.dumps(told, ensure_ascii=False)
        done = subprocess.run(
            [*self._command, command, text], capture_output=True, text=True, timeout=900, check=False
        )
        lines = done.stdout.strip().splitlines()
        if done.returncode in {137, -9} or (done.returncode and told.get("seconds")):
            return None
        if done.returncode or not lines:
            raise RuntimeError(f"killing.php {command}: {done.stdout[-2000:]} {done.stderr[-2000:]}")
        return json.loads(lines[-1])

    def call(self, key: str, text: str, seconds: float = 0) -> Any:
        """The function run, killed after so many seconds."""
        return self.ask("run", key=key, program=text, seconds=seconds, userid=self._user)

    def undo(self, key: str, undoes: str, seconds: float = 0) -> Any:
        """The function undo, killed after so many seconds."""
        return self.ask("undo", key=key, undoes=undoes, seconds=seconds, userid=self._user)

    def cron(self, seconds: float = 0) -> Any:
        """A round of cron for operations, killed after so many seconds."""
        return self.ask("cron", seconds=seconds)

    def look(self, key: str) -> Any:
        """How an operation and what it touched are, and how many rows each table has."""
        return self.ask("look", key=key)

    def finish(self, key: str, again: Callable[[], Any]) -> Any:
        """Bring an operation to its end: the same call again, or cron, by chance."""
        for _ in range(8):
            answer = again() if random.random() < 0.5 else None
            if answer is None or answer["status"] not in ENDED:
                self.cron()
            if self.site.operation(key)["status"] in ENDED:
                break
        return self.look(key)

    def bad_pages(self, seen: Any, everything: bool) -> tuple[int, list[str]]:
        """How many pages of a touched course were asked for, and those that did not answer 200, or 404 where
        the course is gone.
        """
        if not seen["courses"]:
            return 0, []
        course = random.choice(seen["courses"])
        there = course in seen["there"]
        pages = [f"/course/view.php?id={course}"]
        pages += seen["pages"][str(course)] if everything and there else []
        wrong = []
        for page in pages:
            answer = self._get(page)
            login = "/login/" in answer.url
            if login or answer.status_code != (200 if there else 404):
                wrong.append(f"{page}: {answer.status_code}{', the login page' if login else ''}")
        return len(pages), wrong

    # --- one kind

    def prepare(self, kind: str) -> tuple[Program, list[int]]:
        """The program to be killed, whose earlier steps are done, and the courses that they made.

        Raises:
            Missing: the site has no such step.
        """
        known = {
            one["name"]
            for one in self.site.client.read("local_otbridge_get_info")["steps"]
            if one["available"]
        }
        name = _name(kind)
        before: list[Step] = []
        steps: list[Step] = []
        for number in range(COPIES.get(name, MANY)):
            what = PROGRAMS[kind](self.site, self.person)
            if what.files or not {step.kind for step in what.steps} <= known:
                raise Missing(f"the site has no step {kind}")
            mine = [_relabelled(step, f"_{number}") for step in what.steps]
            first = next(index for index, step in enumerate(mine) if step.kind == name)
            before += mine[:first]
            steps += mine[first:]
        if not before:
            return Program(tuple(steps)), []
        results: dict[str, Any] = {}
        for number in range(0, len(before), LIGHT):  # More at once would wait for cron.
            part = tuple(
                replace(step, params=_known(step.params, results)) for step in before[number : number + LIGHT]
            )
            results |= self.site.made(Program(part))
        courses = [results[step.label]["id"] for step in before if step.kind == "course.create"]
        self.ask("person", courses=courses)
        return Program(tuple(replace(step, params=_known(step.params, results)) for step in steps)), courses

    def kind(self, kind: str, kills: int, say: Callable[[str], None] = print) -> Tally:
        """Kill until the calls and rounds of cron that ran this kind of step were killed so many times."""
        tally = Tally(kind)
        program, courses = self.prepare(kind)
        text, name = program.canonical(), _name(kind)
        # The first time leaves what stays by design, as a course's own category of grades.
        self._unkilled(text)
        times = self._unkilled(text)
        moments = {what: Moments(seconds) for what, seconds in times.items()}
        before, rows = self.look(str(uuid.uuid4()))["counts"], self.ask("orphans")
        while tally.at[name] < kills and tally.cases < kills * TRIES:
            tally.cases += 1
            found = self._case(text, tally, moments, before)
            if tally.cases % SOMETIMES == 0 or found or tally.at[name] >= kills:
                now = self.ask("orphans")
                found += [
                    f"{what}: {rows.get(what, 0)} before, {now[what]} now"
                    for what in now
                    if now[what] > rows.get(what, 0)
                ]
                rows = now
            if tally.cases % SOMETIMES == 1:
                say(f"  … {tally}")
            for one in found:
                say(f"  {kind}, case {tally.cases}: {one}")
            tally.wrong += found
        self.ask("remove", courses=courses)
        return tally

    def _unkilled(self, text: str) -> dict[str, float]:
        """Run and take back; seconds of each way of working on it."""
        run, back = str(uuid.uuid4()), str(uuid.uuid4())
        ran = self.call(run, text)
        worked = self.cron() if ran["status"] in OPEN else ran
        seen = self.look(run)
        pages = self.bad_pages(seen, True)[1]  # Some pages make rows when they are looked at first.
        if seen["status"] != "done" or seen["wrong"] or pages:
            raise RuntimeError(f"not even without a kill: {ran} {seen} {pages}")
        undone = self.undo(back, run)
        again = self.cron() if undone["status"] in OPEN else undone
        if self.look(back)["status"] != "done":
            raise RuntimeError(f"not even without a kill: {undone} {self.site.operation(back)}")
        seconds = {"call": ran, "again": ran, "cron": worked, "undo": undone, "undo again": again}
        return {what: max(0.05, one["seconds"]) for what, one in seconds.items()}

    def _case(self, text: str, tally: Tally, moments: dict[str, Moments], before: Any) -> list[str]:
        """One operation: killed, gone on with, looked at, taken back with more kills, looked at."""
        run, back = str(uuid.uuid4()), str(uuid.uuid4())
        kinds = [step["step"] for step in json.loads(text)["steps"]] + ["the end"]
        self._strike(run, "call", lambda seconds: self.call(run, text, seconds), tally, moments, kinds)
        seen = self.finish(run, lambda: self.call(run, text))
        tally.ended[seen["status"]] += 1
        everything = tally.cases % SOMETIMES == 0
        wrong = self._judge(seen, tally, everything, before if seen["status"] == "failed" else None)
        if seen["status"] == "done":
            self._strike(back, "undo", lambda seconds: self.undo(back, run, seconds), tally, moments, kinds)
            ended = self.finish(back, lambda: self.undo(back, run))
            wrong += [f"undone: {ended['status']} {ended['error']}"] if ended["status"] != "done" else []
            wrong += self._judge(self.look(run), tally, everything, before)
        return wrong

    def _strike(
        self,
        key: str,
        what: str,
        call: Callable[[float], Any],
        tally: Tally,
        moments: dict[str, Moments],
        kinds: list[str],
    ) -> None:
        """Kill calls and rounds of cron, by chance, until the operation has ended or was killed often; count
        those that were at work on it.
        """
        way = what
        for _ in range(random.randint(1, 2) if what == "undo" else random.randint(3, OFTEN)):
            moment = moments[way].choose()
            answer = self.cron(moment) if way == "cron" else call(moment)
            seen = self.site.operation(key)
            if answer is not None or seen["status"] in ENDED:
                moments[way].missed(moment, early=False)
            elif seen["status"] in {"none", "queued"}:
                moments[way].missed(moment, early=True)
            else:
                tally.kills["undo" if what == "undo" else "cron" if way == "cron" else "call"] += 1
                if what == "call":
                    tally.at[kinds[seen["stepsdone"]]] += 1
            if seen["status"] in ENDED:
                return
            if seen["status"] == "queued":
                way = "cron"
            elif seen["status"] != "none":
                way = random.choice(("cron", "again" if what == "call" else "undo again"))

    def _judge(self, seen: Any, tally: Tally, everything: bool, before: Any) -> list[str]:
        """What is not as it must be."""
        if seen["status"] not in ENDED:
            return [f"it did not end: {seen}"]
        pages, wrong = self.bad_pages(seen, everything)
        tally.pages += pages
        if before is not None:
            now = seen["counts"]
            wrong += [
                f"{table}: {before.get(table, 0)} rows before, {now.get(table, 0)} after"
                for table in sorted({*before, *now})
                if before.get(table, 0) != now.get(table, 0)
            ]
        return [*seen["wrong"], *wrong]


def _name(kind: str) -> str:
    """The kind of step itself: the contract suite has several programs of some."""
    return kind.split(maxsplit=1)[0]


def _relabelled(step: Step, suffix: str) -> Step:
    """The step with another label, and its references after it."""

    def other(value: Any) -> Any:
        if isinstance(value, Ref):
            return Ref(value.label + suffix, value.field)
        if isinstance(value, dict):
            return {name: other(one) for name, one in value.items()}
        return [other(one) for one in value] if isinstance(value, list) else value

    return Step(step.kind, step.label + suffix, other(dict(step.params)))


def _known(value: Any, results: Any) -> Any:
    """Parameters with what earlier steps have made in the place of references to it."""
    if isinstance(value, Ref) and value.label in results:
        return results[value.label][value.field]
    if isinstance(value, dict):
        return {name: _known(one, results) for name, one in value.items()}
    return [_known(one, results) for one in value] if isinstance(value, list) else value


@contextmanager
def killer() -> Iterator[Killer]:
    """A killer that takes back what it made."""
    made = Killer()
    try:
        yield made
    finally:
        made.close()


def main() -> None:
    """Kill, and count."""
    parser = argparse.ArgumentParser(description="Kill operations on a real Moodle, and look.")
    parser.add_argument("--kills", type=int, default=50, help="of each kind of step")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="all, unless named")
    wanted = parser.parse_args()
    wrong = 0
    with killer() as at_work:
        for kind in wanted.kinds or PROGRAMS:
            try:
                tally = at_work.kind(kind, wanted.kills)
            except Missing as missing:
                print(missing, flush=True)
                continue
            wrong += len(tally.wrong)
            print(tally, flush=True)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
