"""A prototype of a learning environment on a real Moodle, in three ways by turns: one program in one call,
one call for each part, and one PHP process that calls Moodle's functions directly. Prints medians, spread,
and the ratios.

Then, where MOODLE_BACKUP names a course backup, its restore by Moodle's own command and through the bridge.

MOODLE_URL and MOODLE_TOKEN name the site; MOODLE_PHP and MOODLE_DIRROOT its PHP and its code, for the direct
way. Each run leaves a course; uploads and the start of PHP are not counted in any of the ways.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bridge.actions import Policy, StillRunning, engine
from bridge.actions.program import File, Program, Ref, Step, Use, ref
from bridge.flow.perform import _next_look
from bridge.moodle_ws import MoodleClient, connect

RUNS = 7
SECTIONS = PAGES = TERMS = 10
QUESTIONS, ASSIGNMENTS, FILES = 20, 6, 6
MEGABYTE = 1024 * 1024


def question(number: int) -> str:
    """A question in GIFT."""
    right = 2 * number
    return (
        f"::Вопрос {number}:: Сколько будет {number} и {number}? {{={right} ~{right + 1} ~{right + 2}}}\n\n"
    )


def module(label: str, kind: str, section: int, name: str, **more: Any) -> Step:
    """An activity."""
    params = {"course": ref("course", "id"), "section": section, "type": kind, "name": name}
    return Step("module.add", label, {**params, "introhtml": f"<p>{name}</p>", **more})


def steps(category: int, shortname: str, files: tuple[File, ...], questions: list[str]) -> Iterator[Step]:
    """The prototype. `questions` are texts of GIFT, each of which is imported by a step of its own."""
    sections = [{"name": f"Раздел {one}", "summaryhtml": f"<p>О разделе {one}</p>"} for one in range(1, 11)]
    named = {"fullname": "Прототип", "shortname": shortname}
    yield Step("course.create", "course", {"category": category, **named, "sections": sections})
    yield module("quiz", "quiz", 1, "Тест")
    for number, text in enumerate(questions):
        course = {"course": ref("course", "id"), "format": "gift", "text": text}
        yield Step("question.import", f"questions{number}", course)
        slots = {"quiz": ref("quiz", "cmid"), "questions": ref(f"questions{number}", "ids")}
        yield Step("quiz.add_questions", f"slots{number}", slots)
    for number in range(1, ASSIGNMENTS + 1):
        yield module(f"assign{number}", "assign", number, f"Задание {number}")
    for number, file in enumerate(files, 1):
        yield module(f"file{number}", "resource", number, file.name, files=[Use(file.sha256)])
    yield module("lesson", "lesson", SECTIONS, "Лекция")
    for number in range(1, PAGES + 1):
        page = {"title": f"Страница {number}", "contenthtml": f"<p>Текст {number}</p>", "type": "content"}
        lesson = {"lesson": ref("lesson", "cmid"), "answers": [{"texthtml": "Дальше"}]}
        yield Step("lesson.add_page", f"page{number}", {**page, **lesson})
    yield module("glossary", "glossary", SECTIONS, "Глоссарий")
    for number in range(1, TERMS + 1):
        term = {"concept": f"Понятие {number}", "definitionhtml": f"<p>Определение {number}</p>"}
        yield Step("glossary.add_entry", f"entry{number}", {"glossary": ref("glossary", "cmid"), **term})


def new_files(directory: Path) -> tuple[File, ...]:
    """Files of a megabyte each, which Moodle has never seen, under their digests."""
    found = []
    for number in range(1, FILES + 1):
        content = os.urandom(MEGABYTE)
        sha256 = hashlib.sha256(content).hexdigest()
        (directory / sha256).write_bytes(content)
        found.append(File(sha256, f"Материал {number}.bin", MEGABYTE))
    return tuple(found)


def uploaded(moodle: MoodleClient, directory: Path, files: tuple[File, ...]) -> int:
    """A draft area with the files."""
    draft = 0
    for one in files:
        draft = moodle.upload(directory / one.sha256, one.sha256, draft)
    return draft


def ran(moodle: MoodleClient, program: Program, draft: int) -> tuple[float, dict[str, Any]]:
    """Seconds of the call, and the program's results."""
    begun = time.perf_counter()
    told = moodle.write(
        "local_otbridge_run", opkey=str(uuid.uuid4()), program=program.canonical(), draftitemid=draft
    )
    seconds = time.perf_counter() - begun
    if told["status"] != "done":
        raise SystemExit(f"the operation is {told['status']}: {told['error']}")
    return seconds, json.loads(told["result"])


def in_one_call(moodle: MoodleClient, category: int, directory: Path) -> float:
    """The whole of it as one program."""
    files = new_files(directory)
    draft = uploaded(moodle, directory, files)
    texts = ["".join(question(number) for number in range(1, QUESTIONS + 1))]
    shortname = f"bench-{uuid.uuid4().hex[:12]}"
    return ran(moodle, Program(tuple(steps(category, shortname, files, texts)), files), draft)[0]


def in_calls(moodle: MoodleClient, category: int, directory: Path) -> float:
    """Each part by a call of its own: what a client does that has a function for each thing."""
    files = new_files(directory)
    texts = [question(number) for number in range(1, QUESTIONS + 1)]
    results: dict[str, Any] = {}
    seconds = 0.0
    for step in steps(category, f"bench-{uuid.uuid4().hex[:12]}", files, texts):
        params = known(step.params, results)
        used = tuple(one for one in files if Use(one.sha256) in params.get("files", ()))
        draft = uploaded(moodle, directory, used)
        took, told = ran(moodle, Program((Step(step.kind, step.label, params),), used), draft)
        seconds += took
        results |= told
    return seconds


def known(params: Mapping[str, Any], results: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with what earlier calls have made in the place of references."""
    return {
        name: results[value.label][value.field] if isinstance(value, Ref) else value
        for name, value in params.items()
    }


def direct() -> float:
    """One PHP process that calls Moodle's functions; it times itself."""
    script = f"{os.environ['MOODLE_DIRROOT']}/local/otbridge/tests/benchmark.php"
    command = [*shlex.split(os.environ["MOODLE_PHP"]), script, "direct"]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[0])


RESTORES = 5


def await_end(moodle: MoodleClient, site: engine.Site, operation: Mapping[str, Any]) -> None:
    """Look at an operation as the service does: for a short while, then when it should be done."""
    for attempt in range(1, 100):
        try:
            engine.follow(operation, site)
        except StillRunning as error:
            time.sleep(_next_look(attempt, error.facts.get("again")).total_seconds())
            operation = moodle.read("local_otbridge_get_operation", opkey=operation["opkey"])
        else:
            return


def restores(moodle: MoodleClient, category: int) -> None:
    """One backup restored by turns by Moodle's own command and through the bridge, beyond the time that cron
    lets it wait: the task is begun as soon as it is queued. Prints medians, spread, and the ratio.

    MOODLE_BACKUP names the file; the web server's user must be able to read it. Each run leaves a course.
    """
    php, root = shlex.split(os.environ["MOODLE_PHP"]), os.environ["MOODLE_DIRROOT"]
    backup = os.environ["MOODLE_BACKUP"]
    digest = hashlib.sha256(Path(backup).read_bytes()).hexdigest()
    file = File(digest, Path(backup).name, Path(backup).stat().st_size)
    site = engine.Site(moodle, Policy())
    plans: list[float] = []

    def by_command() -> float:
        begun = time.perf_counter()
        own = [f"{root}/admin/cli/restore_backup.php", f"--file={backup}", f"--categoryid={category}"]
        subprocess.run([*php, *own], check=True, capture_output=True)
        return time.perf_counter() - begun

    def by_bridge() -> float:
        name = f"bench-{uuid.uuid4().hex[:12]}"
        order = {"file": Use(digest), "category": category, "shortname": name, "fullname": name}
        program = Program((Step("course.restore", "course", order),), (file,))
        draft = moodle.upload(Path(backup), digest)
        begun = time.perf_counter()
        engine.check(site, program, ())
        plans.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        sent = {"opkey": str(uuid.uuid4()), "program": program.canonical(), "draftitemid": draft}
        queued = moodle.write("local_otbridge_run", **sent)
        with subprocess.Popen(
            [*php, f"{root}/admin/cli/adhoc_task.php", "--execute"], stdout=subprocess.DEVNULL
        ) as cron:
            await_end(moodle, site, queued)
            seconds = time.perf_counter() - begun
            cron.wait()
        return seconds

    ways = {"Moodle's own command": by_command, "through the bridge": by_bridge}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(RESTORES + 1):
        for name, way in ways.items():
            seconds = way()
            if turn:
                times[name].append(seconds)
    print(f"{'the check of its plan':<28} {statistics.median(plans):6.2f} s")
    own = statistics.median(times["Moodle's own command"])
    for name, taken in times.items():
        median = statistics.median(taken)
        spread = f"({min(taken):.2f} … {max(taken):.2f})"
        print(f"{name:<28} {median:6.2f} s  {spread:<16}  {median / own:5.2f} × Moodle's own")


def main() -> None:
    """Time the ways by turns, after a turn that warms up."""
    if not (os.environ.get("MOODLE_URL") and os.environ.get("MOODLE_TOKEN")):
        sys.exit("MOODLE_URL and MOODLE_TOKEN name no Moodle")
    with (
        connect(os.environ["MOODLE_URL"], os.environ["MOODLE_TOKEN"]) as moodle,
        tempfile.TemporaryDirectory() as directory,
    ):
        category = moodle.read("core_course_get_categories", criteria=[], addsubcategories=False)[0]["id"]
        if os.environ.get("MOODLE_BACKUP"):
            restores(moodle, category)
        if sys.argv[1:] == ["restores"]:
            return
        ways: dict[str, Callable[[], float]] = {
            "one program in one call": lambda: in_one_call(moodle, category, Path(directory)),
            "a call for each part": lambda: in_calls(moodle, category, Path(directory)),
        }
        if os.environ.get("MOODLE_PHP") and os.environ.get("MOODLE_DIRROOT"):
            ways["one PHP process, directly"] = direct
        times: dict[str, list[float]] = {name: [] for name in ways}
        for turn in range(RUNS + 1):
            for name, way in ways.items():
                seconds = way()
                if turn:
                    times[name].append(seconds)
    whole = statistics.median(times["one program in one call"])
    for name, taken in times.items():
        median = statistics.median(taken)
        spread = f"({min(taken):.2f} … {max(taken):.2f})"
        print(f"{name:<28} {median:6.2f} s  {spread:<16}  {median / whole:5.2f} × the one call")


if __name__ == "__main__":
    main()
