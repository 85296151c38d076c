"""Prints one line a benchmark: median and spread over several runs."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bridge.domain.tickets import Stage, StageState, Ticket, TicketState
from bridge.journal import Journal, migrate

RUNS = 7


def measure(
    name: str, once: Callable[[], object], *, per: int = 1, unit: str = "ms", runs: int = RUNS
) -> None:
    """Run `once` several times after a warm-up and print what one of its `per` repetitions takes."""
    once()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        once()
        times.append((time.perf_counter() - start) / per)
    factor = {"ms": 1e3, "µs": 1e6}[unit]
    print(
        f"{name:<52} {statistics.median(times) * factor:9.2f} {unit}  "
        f"({min(times) * factor:.2f} … {max(times) * factor:.2f})"
    )


def process(*command: str) -> Callable[[], None]:
    return lambda: subprocess.run(command, check=False, capture_output=True).check_returncode()


def ticket(number: int) -> Ticket:
    now = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=number)
    from decimal import Decimal

    stage = Stage("s1", "Работа", Decimal(1), Decimal(1), StageState.PLANNED)
    return Ticket(
        str(number),
        str(number),
        1,
        "c",
        "s",
        "c",
        "n",
        "a",
        None,
        TicketState.OPEN,
        now,
        now,
        agreed_at=now,
        stages=(stage,),
    )


def startup() -> None:
    python = sys.executable
    otbridge = str(Path(python).with_name("otbridge"))
    measure("a bare interpreter", process(python, "-c", "pass"))
    measure("otbridge --version", process(otbridge, "--version"))
    measure("otbridge --help", process(otbridge, "--help"))
    measure("everything that sync imports", process(python, "-c", "import bridge.cli.sync"))
    measure("everything that status imports", process(python, "-c", "import bridge.cli.status"))


def journal(directory: Path) -> None:
    url = f"sqlite:///{directory / 'journal.sqlite3'}"
    migrate(url)
    with Journal.open(url) as opened:
        many = 20_000
        with opened.transaction() as unit:
            for start in range(0, many, 500):
                unit.polling.merge(
                    "p", [ticket(number) for number in range(start, start + 500)], str(start), None
                )
        now = datetime(2027, 1, 1, tzinfo=UTC)

        def claim_and_release() -> None:
            for _ in range(50):
                with opened.transaction() as unit:
                    claim = unit.queue.claim(
                        "p", "me", now=now, ttl=timedelta(minutes=5), is_stale=lambda _: False, not_again=()
                    )
                    assert claim is not None
                with opened.transaction() as unit:
                    unit.queue.release(claim, state="done", reason="", due_at=None, now=now)

        measure(f"claim and release one of {many} tickets", claim_and_release, per=50)
        changed = [replace(ticket(number), version=2) for number in range(100)]

        def merge() -> None:
            with opened.transaction() as unit:
                unit.polling.merge("p", changed, "c", None)

        measure("merge a page of 100 tickets", merge)


def questions() -> None:
    from bridge.domain.questions import read
    from tests.hostile_questions import HOSTILE, hostile

    many = "\n\n".join(f"::В{n}:: Сколько будет {n}+1? {{#{n + 1}}}" for n in range(1700))
    measure("read 1,700 questions in GIFT", lambda: read(many, kind="gift"))
    for kind, piece in HOSTILE:
        text = hostile(kind, piece)
        measure(f"read 20,000 times {piece!r}", lambda text=text, kind=kind: read(text, kind=kind), runs=1)  # type: ignore[misc]


def statements() -> None:
    from decimal import Decimal
    from zoneinfo import ZoneInfo

    from bridge.domain.hours import Charge, price, write_off
    from bridge.domain.statement import Movement, Period, Work, make_statement
    from bridge.operators.statement import page, pdf, sheet, table
    from bridge.operators.statement.labels import Parties

    many = 2000
    parties = Parties("ООО «Исполнитель»", "", "", 'ООО "Ромашка" & Ко', "", "", "№ 12")
    charges = (Charge("Разработка", 75, 75, Decimal(1)), Charge("Контент", 20, 20, Decimal("0.6")))
    subject = "Восстановить удалённый курс «Охрана труда» со всеми оценками слушателей"
    work = Work("100", subject, "2.9", "Работа с электронными материалами", "Работа", charges)
    hours = write_off(charges)
    start = datetime(2026, 11, 1, tzinfo=UTC)
    rows = [
        Movement(
            str(number),
            str(number),
            "capture",
            start + timedelta(minutes=20 * number),
            hours,
            price(hours, Decimal(2500)),
            hold_id=str(number),
            work=work,
        )
        for number in range(many)
    ]
    period = Period.month(2026, 11, ZoneInfo("Europe/Moscow"))

    def made() -> None:
        make_statement("a", rows, period, datetime(2026, 12, 2, tzinfo=UTC))

    statement = make_statement("a", rows, period, datetime(2026, 12, 2, tzinfo=UTC))
    html = page.render(statement, parties)
    measure(f"a statement of {many} write-offs", made)
    measure("the same as a page", lambda: page.render(statement, parties))
    measure("the same as a table", lambda: table.render(statement))
    measure("the same as a workbook", lambda: sheet.render(statement, parties))
    measure("the same as a PDF", lambda: pdf.render(html), runs=1)


def roles(directory: Path) -> None:
    from contextlib import ExitStack

    from tests.benchmarks.roles import Site

    many = 50
    url = f"sqlite:///{directory / 'roles.sqlite3'}"
    migrate(url)
    with ExitStack() as stack:
        site = Site(directory, stack.enter_context(Journal.open(url)), url, stack)
        site.live(1)
        for _ in range(3):  # the portal's page also tells what the bridge itself has done
            site.sync()
        with site.counted() as idle:
            site.sync()
        found = []
        for _ in range(RUNS):
            with site.counted() as costs:
                site.live(many)
            found.append(costs)
    print(f"a pass in which nothing is new: {idle.statements.total()} statements, {idle.commits} commits")
    taken: dict[str, list[float]] = {
        "statements": [one.statements.total() for one in found],
        "commits": [one.commits for one in found],
        "requests to the portal": [one.portal.total() for one in found],
        "requests to Moodle": [one.moodle.total() for one in found],
        "ms": [one.seconds * 1e3 for one in found],
        "ms of the processor": [one.cpu * 1e3 for one in found],
    }
    for name, each in taken.items():
        low, high = min(each) / many, max(each) / many
        print(
            f"a role from agreement to done: {statistics.median(each) / many:9.2f} {name} "
            f"({low:.2f} … {high:.2f})"
        )


def main() -> None:
    startup()
    with tempfile.TemporaryDirectory() as directory:
        journal(Path(directory))
        roles(Path(directory))
    questions()
    statements()


if __name__ == "__main__":
    main()
