"""An extraction from the request to the archive: real spool and archives; database and PHP are fakes."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from otbridge_extract import moodle
from otbridge_extract.commands import output, running
from otbridge_extract.database import Scratch
from otbridge_extract.dump import Line
from otbridge_extract.errors import Refused, Stopping
from otbridge_extract.guard import Guard
from otbridge_extract.service import Service
from otbridge_extract.settings import Settings, parse
from otbridge_extract.spool import Spool, key_of
from tests.unit.extract.small_site import (
    PICTURE,
    PICTURE_HASH,
    TAKEN,
    code,
    course_backup,
    fake_php,
    mysql_dump,
    rotated,
)

NAME = "20261114020000"


class FakeScratch(Scratch):
    """Databases that hold nothing: it is noted what is made, and answered what the tiny dump would."""

    def __init__(self) -> None:
        self.password = ""
        self.made: list[str] = []
        self.living: set[str] = set()
        self.files: Sequence[Sequence[str]] = [(PICTURE_HASH, str(len(PICTURE)), "a.png")]
        self.wrong: Exception | None = None

    def make(self) -> str:
        self.made.append(f"otbridge_c1_{len(self.made):08x}")
        self.living.add(self.made[-1])
        return self.made[-1]

    def drop_all(self) -> Sequence[str]:
        gone = sorted(self.living)
        self.living.clear()
        return gone

    def fill(self, name: str, lines: Iterable[Line], moved: Callable[[int], None]) -> Line | None:
        assert name in self.living
        end = None
        for line in lines:
            moved(len(line.text))
            end = line if line.kind == "end" else end
        if self.wrong:
            raise self.wrong
        return end

    def rows(self, name: str, question: str) -> Sequence[Sequence[str]]:
        assert name in self.living
        return [("/1/3/20",)] if "contextlevel = 50" in question else self.files


class Site:
    """A helper over one archive of a tiny site."""

    def __init__(self, folder: Path, **limits: Any) -> None:
        self.folder = folder
        for one in ("spool/requests", "spool/answers", "state", "rotate"):
            (folder / one).mkdir(parents=True, exist_ok=True)
        self.php_makes = folder / "made.mbz"
        course_backup(self.php_makes)
        if not (folder / "htdocs").exists():
            code(folder / "htdocs")
        self.settings: Settings = parse(
            {
                "site": {
                    "name": "c1",
                    "wwwroot": "https://a.example.ru",
                    "spool": str(folder / "spool"),
                    "state": str(folder / "state"),
                },
                "backups": {
                    "rotate": str(folder / "rotate"),
                    "code": str(folder / "htdocs"),
                    "timezone": "UTC",
                },
                "php": {"command": list(fake_php(folder, self.php_makes))},
                "limits": {"free_mb": 0, "linger_seconds": 0, **limits},
            }
        )
        self.service = Service(self.settings)
        self.scratch = FakeScratch()
        self.service.use(self.scratch)

    def save(self, name: str = NAME, dump: bytes | None = None, pool: bytes | None = PICTURE) -> str:
        """Make an archive, and let the helper take it in; returns its key."""
        rotated(self.folder / "rotate", name, dump or mysql_dump(), {PICTURE_HASH: pool} if pool else {})
        while self.service.scan():
            pass
        return next(one.key for one in self.service.index.backups() if one.name == name)

    def ask(self, backup: str, course: int = 7, asked: str = "a1") -> str:
        """Ask as the plugin does; returns the request's key."""
        key = key_of(backup, course)
        text = json.dumps({"version": 1, "key": key, "backup": backup, "course": course, "asked": asked})
        (self.folder / "spool/requests" / f"{key}.json").write_text(text)
        return key

    def work(self) -> None:
        while self.service.work():
            pass

    def answer(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "spool/answers" / f"{key}.json").read_text())
        return found

    def leavings(self) -> list[str]:
        state = self.folder / "state"
        return [
            *sorted(self.scratch.living),
            *(one.name for one in (state / "scratch").iterdir()),
            *(one.name for one in (state / "code").glob(".*")),
            *(one.name for one in (self.folder / "spool/answers").glob(".*")),
        ]

    def end(self) -> None:
        self.service.close()


@pytest.fixture
def site(tmp_path: Path) -> Any:
    made = Site(tmp_path)
    yield made
    made.end()


def test_a_course_is_taken_out_and_dated_by_the_dump(site: Site) -> None:
    key = site.ask(site.save())
    site.work()
    answer = site.answer(key)
    assert (answer["state"], answer["taken"], answer["name"], answer["missing"]) == ("done", TAKEN, NAME, [])
    file = site.folder / "spool/answers" / f"{key}.mbz"
    assert answer["size"] == file.stat().st_size
    assert site.leavings() == []
    assert not (site.folder / "state/tries.json").read_text().count(key)


def test_the_scratch_site_has_its_own_settings_and_the_backups_files(site: Site) -> None:
    text = moodle.configuration(site.settings, "otbridge_c1_0", "it's", Path("/state/data"))
    for line in (
        "$CFG->dbname = 'otbridge_c1_0';",
        "$CFG->dbpass = 'it\\'s';",
        "$CFG->wwwroot = 'https://a.example.ru';",
        "$CFG->dataroot = '/state/data';",
        "$CFG->noemailever = true;",
        "'backup_general_users' => 1",
        "'backup_general_histories' => 1",
        "'backup_general_logs' => 0",
    ):
        assert line in text, line


def test_two_requests_for_one_backup_share_a_scratch_database(tmp_path: Path) -> None:
    site = Site(tmp_path, linger_seconds=1000)
    backup = site.save(dump=mysql_dump().replace(b"(7,2,", b"(8,2,'OT-2','x',''),\n(7,2,"))
    keys = [site.ask(backup, 7), site.ask(backup, 8)]
    assert site.service.work()
    course_backup(site.php_makes, course=8 if site.answer(keys[0]).get("state") == "done" else 7)
    site.work()
    assert [site.answer(one)["state"] for one in keys] == ["done", "done"]
    assert len(site.scratch.made) == 1
    assert site.scratch.living
    site.end()


def test_a_helper_that_is_stopped_drops_the_scratch_database_that_waited(tmp_path: Path) -> None:
    site = Site(tmp_path, linger_seconds=1000)
    site.ask(site.save())
    site.work()
    assert site.scratch.living
    site.service.guard.stopping.set()
    site.service.run()
    assert site.leavings() == []
    site.end()


def test_another_backup_drops_the_scratch_database_of_the_first(tmp_path: Path) -> None:
    site = Site(tmp_path, linger_seconds=1000)
    first, second = site.save(), site.save("20261115020000", mysql_dump(ended="2026-11-15  1:30:05"))
    site.ask(first)
    site.ask(second)
    site.work()
    assert len(site.scratch.made) == 2
    assert len(site.scratch.living) == 1
    site.end()


def test_a_missing_file_ends_it_before_moodle_begins(site: Site) -> None:
    site.php_makes.unlink()  # Moodle would end with an error that this test would see.
    key = site.ask(site.save(pool=None))
    site.work()
    answer = site.answer(key)
    assert (answer["state"], answer["code"]) == ("failed", "filesmissing")
    assert answer["facts"] == {"count": 1, "total": 1, "names": "a.png"}
    assert site.leavings() == []


def test_a_wrong_file_is_a_missing_one(site: Site) -> None:
    key = site.ask(site.save(pool=b"another content"))
    site.work()
    assert site.answer(key)["code"] == "filesmissing"


def test_a_missing_file_that_the_site_allows_is_told(tmp_path: Path) -> None:
    site = Site(tmp_path, missing_files=1)
    course_backup(site.php_makes, held={})
    key = site.ask(site.save(pool=None))
    site.work()
    assert (site.answer(key)["state"], site.answer(key)["missing"]) == ("done", ["a.png"])
    site.end()


def test_a_file_that_moodle_lost_ends_it_although_it_said_that_all_was_well(site: Site) -> None:
    course_backup(site.php_makes, held={})
    key = site.ask(site.save())
    site.work()
    assert site.answer(key)["code"] == "filesmissing"
    assert not (site.folder / "spool/answers" / f"{key}.mbz").exists()
    assert site.leavings() == []


def test_a_file_that_nobody_looked_for_is_fetched_and_moodle_begins_anew(site: Site) -> None:
    site.scratch.files = []
    script = site.folder / "php.py"
    script.write_text(
        script.read_text() + f"import os\nname = {PICTURE_HASH!r}\n"
        "pool = os.path.join(out, '../filedir', name[:2], name[2:4], name)\n"
        "if not os.path.exists(pool):\n"
        f"    shutil.copy({str(site.folder / 'lacking.mbz')!r}, out + '/backup.mbz')\n"
    )
    course_backup(site.folder / "lacking.mbz", held={})
    key = site.ask(site.save())
    site.work()
    assert (site.answer(key)["state"], site.answer(key)["missing"]) == ("done", [])


def test_a_backup_that_moodle_does_not_make_is_told_with_its_last_words(site: Site) -> None:
    site.php_makes.unlink()
    key = site.ask(site.save())
    site.work()
    answer = site.answer(key)
    assert answer["code"] == "backupfailed"
    assert "made.mbz" in answer["facts"]["reason"]
    assert site.leavings() == []


@pytest.mark.parametrize(
    ("dump", "problem"),
    [
        (mysql_dump(whole=False), "the dump's last line is missing: it was cut off"),
        (mysql_dump()[:900], "the dump's last line is missing: it was cut off"),
        (
            b"-- Dump completed on 2026-11-14  1:30:05\n",
            "no courses are in the dump; is [database] prefix right?",
        ),
    ],
)
def test_a_wrong_dump_is_never_offered(site: Site, dump: bytes, problem: str) -> None:
    backup = site.save(dump=dump)
    (only,) = site.service.index.backups()
    assert only.problem == problem
    key = site.ask(backup)
    site.work()
    assert site.answer(key)["code"] == "wrongdump"
    published = (site.folder / "spool/answers/index.jsonl").read_text()
    assert backup not in published


def test_a_dump_that_was_cut_off_since_ends_it(site: Site) -> None:
    backup = site.save()
    key = site.ask(backup)
    rotated(site.folder / "other", NAME, mysql_dump(whole=False), {PICTURE_HASH: PICTURE})
    (site.folder / "other" / NAME / "sql.tar.gz").replace(site.folder / "rotate" / NAME / "sql.tar.gz")
    assert site.service.work()
    assert site.answer(key)["code"] == "wrongdump"
    assert site.leavings() == []


@pytest.mark.parametrize(
    ("backup", "course", "refused"), [("0" * 16, 7, "nobackup"), ("", 99, "nocourse"), ("", 1, "nocourse")]
)
def test_what_is_not_in_the_index_is_refused(site: Site, backup: str, course: int, refused: str) -> None:
    made = site.save()
    key = site.ask(backup or made, course)
    site.work()
    assert site.answer(key)["code"] == refused


def test_an_extraction_that_would_need_too_much_is_refused_before_it_begins(tmp_path: Path) -> None:
    site = Site(tmp_path, scratch_mb=1)
    key = site.ask(site.save())
    site.work()
    assert site.answer(key)["code"] == "toolarge"
    assert site.scratch.made == []
    site.end()


@pytest.mark.parametrize(
    ("wrong", "refused"),
    [
        (Refused("diskfull", "full", free=1, least=2), "diskfull"),
        (OSError(28, "No space left on device"), "diskfull"),
        (OSError(5, "Input/output error"), "failed"),
        (ValueError("a bug"), "failed"),
    ],
)
def test_whatever_breaks_is_answered_and_leaves_nothing(site: Site, wrong: Exception, refused: str) -> None:
    site.scratch.wrong = wrong
    backup = site.save()
    key = site.ask(backup)
    site.work()
    assert (site.answer(key)["state"], site.answer(key)["code"]) == ("failed", refused)
    assert site.leavings() == []
    site.scratch.wrong = None
    site.ask(backup, asked="a2")
    site.work()
    assert site.answer(key)["state"] == "done"


def test_a_stopped_helper_begins_anew(tmp_path: Path) -> None:
    site = Site(tmp_path)
    key = site.ask(site.save())
    site.scratch.wrong = Stopping()
    with pytest.raises(Stopping):
        site.work()
    assert site.answer(key)["state"] == "working"
    living = set(site.scratch.living)
    assert living
    site.end()
    again = Site(tmp_path)
    again.scratch.living = living
    again.service.begin()
    assert again.leavings() == []
    again.work()
    assert again.answer(key)["state"] == "done"
    again.end()


def test_a_request_that_kills_its_helper_each_time_is_given_up(tmp_path: Path) -> None:
    for kill in (True, True, False):
        site = Site(tmp_path, tries=2)
        known = site.service.index.backups()
        key = site.ask(known[0].key if known else site.save())
        site.scratch.wrong = Stopping()  # What a kill leaves on disk is what a stop leaves.
        with pytest.raises(Stopping) if kill else nullcontext():
            site.work()
        site.end()
    assert (site.answer(key)["code"], site.answer(key)["facts"]) == ("interrupted", {"tries": 2})


def test_an_answer_that_does_not_fit_onto_the_disk_does_not_end_the_helper(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = site.ask(site.save())
    write = Spool.write

    def full(spool: Spool, name: str, told: Iterable[str]) -> None:
        site.service.guard.stopping.set()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Spool, "write", full)
    site.service.run()
    monkeypatch.setattr(Spool, "write", write)
    site.service.guard.stopping.clear()
    site.service.begin()
    site.work()
    assert site.answer(key)["state"] == "done"


def test_a_busy_machine_lets_it_wait(tmp_path: Path) -> None:
    site = Site(tmp_path, load=0.000001)
    key = site.ask(site.save())
    site.service.work()
    assert (site.answer(key)["state"], site.answer(key)["phase"]) == ("queued", "busy")
    assert site.scratch.made == []
    site.end()


def test_a_second_helper_for_the_same_site_does_not_start(site: Site) -> None:
    with pytest.raises(Exception, match="another otbridge-extract works"):
        Service(site.settings)


# --- guard and children


def test_a_full_disk_ends_the_child(tmp_path: Path) -> None:
    guard = Guard([tmp_path], 10**12, every=0.01)
    with (
        pytest.raises(Refused) as caught,
        guard.within(1000),
        running(guard, ["sleep", "1000"], what="sleep") as process,
    ):
        process.wait()
    assert caught.value.code == "diskfull"
    assert output(guard, ["echo", "cleaned up"], what="echo") == b"cleaned up\n"
    guard.stopping.set()


def test_time_that_is_over_ends_the_child(guard: Guard) -> None:
    with (
        pytest.raises(Refused) as caught,
        guard.within(-1),
        running(guard, ["sleep", "1000"], what="sleep") as process,
    ):
        process.wait()
    assert caught.value.code == "toolong"


def test_a_child_dies_with_its_helper(tmp_path: Path) -> None:
    program = (
        "import os, sys\n"
        "from otbridge_extract.commands import running\n"
        "from otbridge_extract.guard import Guard\n"
        "from pathlib import Path\n"
        f"with running(Guard([Path({str(tmp_path)!r})], 0), ['sleep', '1000'], what='sleep') as child:\n"
        "    import time\n"
        "    while Path(f'/proc/{child.pid}/comm').read_text() != 'sleep\\n': time.sleep(0.001)\n"
        "    print(child.pid, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    told = subprocess.run(["python3", "-c", program], capture_output=True, text=True, check=False)
    stat = Path(f"/proc/{int(told.stdout)}/stat")
    for _ in range(1000):
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] in "ZX":
            return
        time.sleep(0.001)
    raise AssertionError("the child lives")


def test_what_a_failing_child_said_is_told(guard: Guard) -> None:
    with pytest.raises(Refused, match="sh failed: out of order"):
        output(guard, ["sh", "-c", "echo out of order >&2; exit 3"], what="sh")


def test_a_program_that_is_not_there_is_told(guard: Guard) -> None:
    with pytest.raises(Refused, match="no-such-program"):
        output(guard, ["no-such-program"], what="no-such-program")
