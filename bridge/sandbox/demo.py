"""The demo: seeded tickets, the embedded portal and Moodle, and the real `otbridge` command between them,
over real HTTP.

`python -m bridge.sandbox.demo --directory DIR` keeps its state in DIR; run again, it shows that nothing is
done twice.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from bridge.domain.hours import from_kopecks, from_milli, text
from bridge.sandbox.moodle import SandboxMoodle
from bridge.sandbox.portal import SandboxPortal

SERIAL = "AAAABBBBCCCCDDDD"
PAID = "Выделенный специалист (н.часы)"
ACCOUNT, POOR_ACCOUNT = "school-7", "academy"

SETTINGS = """\
[bridge]
journal = "sqlite:///journal.sqlite3"
poll_seconds = 5

[portal]
name = "demo"
url = "{portal}"

[[installation]]
name = "main"
serial = "{serial}"
url = "{moodle}"

[policy]
unattended = ["2.9.1-restore", "2.9.1-access"]
"""

RESTORE = {"service": "2.9.1-restore", "param_fullname": "Охрана труда"}
ROLE = {
    "service": "2.9.1-access",
    "param_shortname": "branch_methodist",
    "param_name": "Методист филиала",
    "param_description": "Видит курсы и оценки своего филиала, ничего не меняет",
    "param_context_levels": "coursecat, course",
    "param_capabilities": (
        "moodle/course:view\nmoodle/course:viewhiddencourses\nmoodle/grade:viewall\n"
        "moodle/course:viewparticipants"
    ),
}
MATERIALS = {"service": "2.9.1-content"}
BROKEN_ROLE = {"service": "2.9.1-access", "param_shortname": "Куратор группы", "param_name": "Куратор"}

EXPLAINED = (
    "a deleted course is brought back",
    "a role is created for a fixed price",
    "a faulty order: the customer is told why",
    "too little balance: it waits for a top-up",
    "a specialist works: time logged × K counts",
    "not agreed on yet: nothing is done",
    "basic support: the bridge keeps off it",
)
"""What each ticket shows, in the order of their numbers."""

COUNTED = {
    "operation": "done in Moodle",
    "hold": "holds",
    "note": "messages",
    "capture": "write-offs",
}
"""Kinds of effects that are counted for each pass."""

COLOURS = {"done": "green", "suspended": "yellow", "needs-order": "yellow", "left alone": "dim"}


def seed(portal: SandboxPortal, moodle: SandboxMoodle) -> None:
    """Courses and tickets as items 1 and 2.9.1 of the vendor's terms describe them."""
    course = moodle.add_course(
        fullname="Охрана труда",
        shortname="OT-2026",
        activities={"page": 4, "quiz": 2, "forum": 1},
        questions=25,
        files=12,
    )
    moodle.run_automated_backup(course)
    moodle.delete_course(course)
    portal.open_account(ACCOUNT, "Школа № 7", granted="8", hour_price="2500")
    portal.open_account(POOR_ACCOUNT, "Академия", granted="0.5", hour_price="2500")
    agreed = [
        (
            "Восстановить случайно удалённый курс «Охрана труда»",
            RESTORE,
            ACCOUNT,
            ("Восстановление курса", "1.5", "1"),
        ),
        ("Роль для методистов филиалов", ROLE, ACCOUNT, ("Создание роли", "0.5", "1")),
        ("Роль куратора группы", BROKEN_ROLE, ACCOUNT, ("Создание роли", "0.5", "1")),
        ("Вернуть удалённый курс", RESTORE, POOR_ACCOUNT, ("Восстановление курса", "1", "1")),
        ("Разместить лекции в курсе", MATERIALS, ACCOUNT, ("Размещение лекций", "3", "0.6")),
    ]
    for subject, fields, account, stage in agreed:
        ticket = portal.open_ticket(
            category=f"{PAID} / Настройка",
            subject=subject,
            text=subject,
            fields=fields,
            account=account,
            installation=SERIAL,
        )
        portal.agree(ticket, [stage])
        if account == ACCOUNT and fields is RESTORE:
            portal.log_time(ticket, minutes=30, category="developer", stage=1)
    portal.open_ticket(
        category=f"{PAID} / Настройка",
        subject="Роль для проверяющих (смета не согласована)",
        text="",
        fields=ROLE,
        account=ACCOUNT,
        installation=SERIAL,
    )
    portal.open_ticket(
        category="Техническая поддержка / Консультация",
        subject="Как работает «Логика курса»?",
        text="",
        fields={},
        account=ACCOUNT,
        installation=SERIAL,
    )


def main() -> int:
    """Run the demo; returns 0 when everything went as it should."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--directory", type=Path, required=True, help="where the demo keeps its state")
    directory: Path = parser.parse_args().directory
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    console = Console(highlight=False)
    first = not (directory / "bridge.toml").exists()
    with (
        SandboxMoodle.start(directory=directory / "moodle") as moodle,
        SandboxPortal.start(directory=directory / "portal") as portal,
    ):
        if first:
            seed(portal, moodle)
        _configure(directory, portal, moodle)
        _otbridge(directory, "migrate")
        console.print(
            "[bold]A portal with seven tickets and a Moodle, both embedded; otbridge between them.[/bold]"
        )
        if not first:
            console.print("This is not the first run: everything was done before.")
        shown = [_sync(console, directory, "the first pass")]
        worked = _work_by_hand(portal)
        if worked:
            shown.append(_sync(console, directory, f"a specialist logs 2 hours on {', '.join(worked)}"))
        accepted = _accept(portal)
        if accepted:
            shown.append(_sync(console, directory, f"the customer accepts {', '.join(accepted)}"))
        shown.append(_sync(console, directory, "once more"))
        _table(console, portal, shown)
        code = _sums(console, portal, moodle)
    console.print("Look closer; these two read the bridge's journal alone:")
    for command in ("status", "show 100001"):
        line = f"  {_program()} --config {directory / 'bridge.toml'} {command}"
        console.print(line, style="cyan", markup=False, soft_wrap=True)
    return code


def _configure(directory: Path, portal: SandboxPortal, moodle: SandboxMoodle) -> None:
    (directory / "bridge.toml").write_text(
        SETTINGS.format(portal=portal.url, moodle=moodle.url, serial=SERIAL), encoding="utf-8"
    )
    env = directory / ".env"
    env.touch(mode=0o600)
    env.write_text(
        f"OTBRIDGE_PORTAL_TOKEN={portal.token}\nOTBRIDGE_MOODLE_TOKEN={moodle.token}\n", encoding="utf-8"
    )


def _program() -> Path:
    program = Path(sys.executable).with_name("otbridge")
    return program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program


def _otbridge(directory: Path, *arguments: str) -> str:
    """What the command prints.

    Raises:
        SystemExit: it failed; exit code 1 only says that an operator is needed.
    """
    command = [str(_program()), "--config", str(directory / "bridge.toml"), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 (its own command)
    if done.returncode not in (0, 1):
        sys.exit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def _sync(console: Console, directory: Path, why: str) -> dict[str, str]:
    """One pass, and a line on what it did; returns where each ticket stands after it."""
    report = json.loads(_otbridge(directory, "sync", "--json"))
    done = Counter(kind.partition(":")[0] for ticket in report["tickets"] for kind in ticket["done"])
    counted = ", ".join(f"{words} {done[kind]}" for kind, words in COUNTED.items() if done[kind])
    console.print(f"[bold cyan]otbridge sync[/bold cyan], {why}: [green]{counted or 'nothing to do'}[/green]")
    listed = json.loads(_otbridge(directory, "status", "--json"))["tickets"]
    return {ticket["number"]: ticket["status"] for ticket in listed}


def _work_by_hand(portal: SandboxPortal) -> list[str]:
    """A specialist does what no action does, and logs the time on the portal."""
    worked = []
    for ticket in portal.tickets():
        if ticket.fields.get("service") == MATERIALS["service"] and ticket.stages[0].state == "in_progress":
            portal.log_time(ticket.id, minutes=120, category="editor", stage=1)
            portal.report_ready(ticket.id, stage=1)
            worked.append(ticket.number)
    return worked


def _accept(portal: SandboxPortal) -> list[str]:
    """The customer looks at what is ready and accepts it."""
    accepted = []
    for ticket in portal.tickets():
        for number, stage in enumerate(ticket.stages, 1):
            if stage.state == "ready":
                portal.accept(ticket.id, stage=number)
                accepted.append(ticket.number)
    return accepted


def _table(console: Console, portal: SandboxPortal, shown: list[dict[str, str]]) -> None:
    """Each ticket in a line: what it shows, where it stood after the first pass, what it came to."""
    captures = [entry for entry in portal.ledger() if entry.kind == "capture"]
    table = Table("Ticket", "What it shows", "After the first pass → now", "Written off", box=box.SIMPLE_HEAD)
    for ticket, explained in zip(portal.tickets(), EXPLAINED, strict=True):
        own = [entry for entry in captures if entry.ticket_id == ticket.id]
        hours = sum((entry.amount for entry in own), from_milli(0))
        roubles = sum((entry.price or from_kopecks(0) for entry in own), from_kopecks(0))
        statuses = dict.fromkeys(one.get(ticket.number, "left alone") for one in (shown[0], shown[-1]))
        table.add_row(
            ticket.number,
            explained,
            " → ".join(f"[{COLOURS.get(status, 'default')}]{status}[/]" for status in statuses),
            f"{text(hours)} h, {roubles:.0f} ₽" if own else "–",
        )
    console.print(table)


def _sums(console: Console, portal: SandboxPortal, moodle: SandboxMoodle) -> int:
    """The balance, and what Moodle has; returns 0 where each thing was made and written off once."""
    account = portal.account(ACCOUNT)
    balance = {
        "granted": account.granted,
        "written off": account.written_off,
        "held": account.held,
        "available": account.available,
    }
    numbers = ", ".join(f"{name} {text(value)}" for name, value in balance.items())
    console.print(f"Norm-hours of {ACCOUNT}: {numbers}")
    courses = [course for course in moodle.courses() if course.fullname == "Охрана труда"]
    roles = [role for role in moodle.roles() if role.shortname == ROLE["param_shortname"]]
    captures = [entry for entry in portal.ledger() if entry.kind == "capture"]
    console.print(
        f"Moodle has {len(courses)} course “Охрана труда” and {len(roles)} role “{ROLE['param_name']}”; "
        f"write-offs in the ledger: {len(captures)}\n"
    )
    return 0 if len(courses) == len(roles) == 1 and len(captures) == 3 else 1


if __name__ == "__main__":
    sys.exit(main())
