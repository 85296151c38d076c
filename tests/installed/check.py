"""What `.ci/installed` runs as root in a booted Debian of its own: docs/install.md word by word, then what
goes away and comes back.

Portal and Moodle are the embedded ones, as services beside the bridge. Everything is read from outside: by
systemd, by the guide's commands, and on the portal.
"""

from __future__ import annotations

import os
import re
import shutil
import site
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site
    from bridge.sandbox.portal.office import Office

SOURCES = Path(__file__).parents[2]
SERVERS = Path("/opt/servers")
"""What the embedded servers need beyond the bridge's own packages."""

PORTAL, MOODLE = "http://127.0.0.1:8101", "http://127.0.0.1:8102"
TOKEN, MOODLE_TOKEN, PASSWORD = "p" * 32, "m" * 32, "otbridge's own"
SETTINGS, SECRETS = "/etc/otbridge/bridge.toml", "/etc/otbridge/.env"
LEAST_OUTAGE = 6.0
"""Seconds that each outage lasts at least."""

MOST_EXPOSURE = 1.5
TIMEOUT_STOP = 90.0
"""Seconds, as the unit says."""


# --- The guide


def commands(heading: str) -> list[str]:
    """The commands that the guide has under a heading."""
    section = re.search(
        rf"^##+ {re.escape(heading)}\n(.*?)(?=^##|\Z)",
        (SOURCES / "docs" / "install.md").read_text(encoding="utf-8"),
        re.DOTALL | re.MULTILINE,
    )
    assert section, f"the guide has no section {heading!r}"
    blocks = re.findall(r"^```sh\n(.*?)^```$", section[1], re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines() if line]


def follow(heading: str, edits: dict[str, Callable[[str], str]] | None = None, *, asked: str = "") -> None:
    """Do what the guide says under a heading; `edits` is what is typed in an editor, by file, and `asked`
    what a command asks for.
    """
    for line in commands(heading):
        print(f"# {line}", flush=True)
        if line.startswith("editor "):
            assert shutil.which("editor"), "a clean Debian has an editor"
            path = Path(line.split()[1])
            before = path.read_text(encoding="utf-8")
            after = (edits or {})[str(path)](before)
            assert after != before
            path.write_text(after, encoding="utf-8")
            continue
        done = subprocess.run(
            ["bash", "-c", line], check=False, cwd=SOURCES, input=asked, capture_output=True, text=True
        )
        assert done.returncode == 0, (
            f"`{line}` of the guide ends with {done.returncode}:\n{done.stdout}{done.stderr}"
        )


def put(text: str, *pairs: tuple[str, str]) -> str:
    """The text with what an operator types in the place of what the example has."""
    for old, new in pairs:
        assert old in text, f"the example has no {old!r}"
        text = text.replace(old, new, 1)
    return text


# --- The machine


def run(*command: str, code: int = 0) -> str:
    """Run a command; returns what it said."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    said = done.stdout + done.stderr
    assert done.returncode == code, f"{' '.join(command)} ends with {done.returncode}, not {code}:\n{said}"
    return said


def shown(name: str) -> str:
    """What systemd says about the bridge's unit."""
    return run("systemctl", "show", "-P", name, "otbridge").strip()


def until(what: str, happened: Callable[[], bool], seconds: float = 60) -> float:
    """Wait for something; returns the seconds that it took."""
    began = time.monotonic()
    while not happened():
        assert time.monotonic() < began + seconds, (
            f"not within {seconds:g} s: {what}\n{run('journalctl', '-u', 'otbridge', '-n', '40')}"
        )
        time.sleep(0.2)
    took = time.monotonic() - began
    print(f"{what}: after {took:.1f} s", flush=True)
    return took


def serve(name: str, *arguments: str) -> None:
    """Start an embedded server as a service."""
    command = [
        "/opt/otbridge/bin/python",
        "-m",
        f"bridge.sandbox.{name}",
        "--directory",
        f"/var/lib/{name}",
        *arguments,
    ]
    run("systemd-run", "--quiet", "--collect", f"--unit={name}", f"--setenv=PYTHONPATH={SERVERS}", *command)


START: dict[str, Callable[[], object]] = {
    "portal": lambda: serve("portal", "--port", PORTAL.rpartition(":")[2], "--token", TOKEN),
    "moodle": lambda: serve("moodle", "--port", MOODLE.rpartition(":")[2], "--token", MOODLE_TOKEN),
    "postgresql": lambda: run("systemctl", "start", "postgresql"),
}


class Customer:
    """The customer's and the specialist's side: tickets that order a role each."""

    def __init__(self, portal: Office, moodle: Site) -> None:
        self.portal, self.moodle = portal, moodle
        self.tickets: list[str] = []

    def order(self) -> str:
        """A paid and agreed ticket; returns its id."""
        number = len(self.tickets)
        fields = {
            "service": "2.9.1-access",
            "param_shortname": f"role{number}",
            "param_name": f"Роль {number}",
            "param_context_levels": "course",
            "param_capabilities": "moodle/course:view",
        }
        ticket = self.portal.open_ticket(
            account="school",
            category="Выделенный специалист (н.часы) / Настройка",
            subject=f"Роль {number}",
            fields=fields,
            installation="AAAABBBBCCCCDDDD",
        )
        self.portal.agree(ticket, [("Работа", "1", "1")])
        self.tickets.append(ticket)
        return ticket

    def state(self, ticket: str) -> str:
        return self.portal.ticket(ticket).state

    def done(self, ticket: str) -> None:
        """The bridge does the ticket's work, the customer accepts it, the bridge writes it off."""
        until(f"ticket {ticket} is worked on", lambda: self.state(ticket) == "awaiting_acceptance")
        self.portal.accept(ticket, stage=1)
        until(f"ticket {ticket} is done", lambda: self.state(ticket) == "done")

    def lets_another_bridge_write(self) -> None:
        """What the guide asks of the portal's administrator before a new journal comes."""
        for row in self.portal.store.rows("SELECT instance FROM bridge"):
            self.portal.release_bridge(row["instance"])

    def everything_once(self) -> None:
        """Each ticket is written off once and has left one role."""
        captures = [entry for entry in self.portal.ledger() if entry.kind == "capture"]
        assert sorted(str(entry.ticket_id) for entry in captures) == sorted(self.tickets), captures
        names = [role.shortname for role in self.moodle.roles() if role.shortname.startswith("role")]
        assert sorted(names) == sorted(f"role{number}" for number in range(len(self.tickets))), names
        account = self.portal.account("school")
        assert (account.written_off, account.held) == (sum(entry.amount for entry in captures), 0), account


# --- What is looked at


def installs() -> Customer:
    """The guide up to the running service, with the journal in SQLite."""
    follow("Install")
    run("/opt/otbridge/bin/pip", "install", "--quiet", "--target", str(SERVERS), "Flask")
    for path in (SERVERS, *Path("/opt/otbridge/lib").glob("python3*/site-packages")):
        site.addsitedir(str(path))
    from bridge.sandbox.moodle.site import Site
    from bridge.sandbox.portal.office import Office

    START["portal"]()
    START["moodle"]()
    until("portal and Moodle answer", lambda: all(_listens(url) for url in (PORTAL, MOODLE)))
    customer = Customer(Office(Path("/var/lib/portal")), Site(Path("/var/lib/moodle")))
    customer.portal.open_account("school", "Школа", granted="20")
    follow(
        "Set up",
        {
            SETTINGS: lambda text: put(
                text,
                ("https://portal.example.ru", PORTAL),
                ("https://lms.example.ru", MOODLE),
                ("poll_seconds = 60", "poll_seconds = 1"),
            ),
            SECRETS: lambda text: put(
                text,
                ("PORTAL_TOKEN=", f"PORTAL_TOKEN={TOKEN}"),
                ("MOODLE_TOKEN=", f"MOODLE_TOKEN={MOODLE_TOKEN}"),
            ),
        },
    )
    follow("Check")
    assert customer.portal.ledger()[-1].kind == "top_up", "a dry run touches nothing"
    follow("Start")
    assert shown("ActiveState") == "active"
    return customer


def _listens(url: str) -> bool:
    import socket

    host, _, port = url.removeprefix("http://").rpartition(":")
    with suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
        return True
    return False


def keeps_its_secrets() -> None:
    """Nobody but root and the service sees a secret, and the unit gives away no more than it must."""
    rated = run(
        "systemd-analyze",
        "security",
        "--no-pager",
        f"--threshold={MOST_EXPOSURE * 10:.0f}",
        "otbridge.service",
    )
    print(rated.strip().splitlines()[-1])
    assert run("systemd-analyze", "--man=no", "verify", "/etc/systemd/system/otbridge.service") == ""
    pid = shown("MainPID")
    owner = Path(f"/proc/{pid}").stat().st_uid
    assert owner >= 61184, "a dynamic user"
    for secret in (TOKEN, MOODLE_TOKEN, PASSWORD):
        for place in ("environ", "cmdline"):
            assert secret.encode() not in Path(f"/proc/{pid}/{place}").read_bytes(), place
        assert secret not in run("journalctl", "-u", "otbridge") + run("systemctl", "show", "otbridge")
    for path in (SECRETS, "/var/lib/otbridge/journal.sqlite3", "/run/credentials/otbridge.service/env"):
        run("runuser", "-u", "nobody", "--", "cat", path, code=1)


def outlasts(customer: Customer, *away: str) -> None:
    """These go away and come back; the service goes on by itself, in the same process, and says it once."""
    pid, since = shown("MainPID"), f"@{time.time():.3f}"
    until("all is well", lambda: shown("StatusText") in ("all well", "всё в порядке"))
    run("systemctl", "stop", *away)
    began = time.monotonic()
    ticket = customer.order()
    until(
        f"the service tells that it is without {', '.join(away)}",
        lambda: shown("StatusText") not in ("all well", "всё в порядке"),
    )
    print(f"    {shown('StatusText')}")
    time.sleep(max(0.0, LEAST_OUTAGE - (time.monotonic() - began)))
    assert customer.state(ticket) != "awaiting_acceptance"
    for name in away:
        START[name]()
    customer.done(ticket)
    assert (shown("ActiveState"), shown("MainPID"), shown("NRestarts")) == ("active", pid, "0")
    log = run("journalctl", "-u", "otbridge", "-o", "cat", "--since", since)
    back = re.findall(r"(\S+): reachable again", log)
    assert len(set(back)) == len(back) > 0, log
    assert "Traceback" not in log, log


def starts_without_its_journal(customer: Customer) -> None:
    """A start while PostgreSQL is away: the service waits for it."""
    run("systemctl", "stop", "postgresql")
    run("systemctl", "restart", "otbridge")
    ticket = customer.order()
    time.sleep(LEAST_OUTAGE)
    assert shown("ActiveState") == "active"
    START["postgresql"]()
    customer.done(ticket)


def ends_in_time(customer: Customer) -> None:
    """SIGTERM ends the service in its time, though the portal has taken a request and says nothing more;
    the ticket goes on later.
    """
    until("it is at rest", lambda: shown("StatusText") in ("all well", "всё в порядке"))
    run("systemctl", "kill", "--signal=STOP", "portal")
    time.sleep(3)
    began = time.monotonic()
    run("systemctl", "stop", "otbridge")
    took = time.monotonic() - began
    print(f"stopped after {took:.1f} s with a portal that hangs")
    assert took < TIMEOUT_STOP
    assert (shown("Result"), shown("ExecMainStatus")) == ("success", "0")
    run("systemctl", "kill", "--signal=CONT", "portal")
    ticket = customer.order()
    run("systemctl", "start", "otbridge")
    customer.done(ticket)


def ends_with_settings_alone(customer: Customer) -> None:
    """Faulty settings: a reload keeps the old ones; a start ends with code 2 and is not tried again."""
    path = Path(SETTINGS)
    good = path.read_text(encoding="utf-8")
    path.write_text(f"{good}\nnonsense = 1\n", encoding="utf-8")
    pid = shown("MainPID")
    run("systemctl", "reload", "otbridge")
    until(
        "the service tells the fault", lambda: "nonsense" in run("journalctl", "-u", "otbridge", "-n", "20")
    )
    assert shown("MainPID") == pid
    customer.done(customer.order())
    with suppress(AssertionError):  # whether systemctl tells of it depends on when the service ends
        run("systemctl", "restart", "otbridge")
    until("the service has ended", lambda: shown("ActiveState") == "failed", 20)
    assert (shown("ExecMainStatus"), shown("NRestarts")) == ("2", "0")
    path.write_text(good, encoding="utf-8")
    run("systemctl", "start", "otbridge")
    customer.done(customer.order())


def commands_by_hand() -> None:
    """Root's commands beside the running service; those that use no token ask for none."""
    assert "done" in run("otbridge", "status", "--json")
    run("otbridge", "sync")
    run("otbridge", "reconcile")
    run("otbridge", "ledger", "verify")


def main() -> None:
    """Everything, in the order of the guide."""
    os.environ |= {
        "LC_ALL": "C.UTF-8",
        "DEBIAN_FRONTEND": "noninteractive",
        "SYSTEMD_COLORS": "0",
        "SYSTEMD_URLIFY": "0",
    }
    began = time.monotonic()
    customer = installs()
    customer.done(customer.order())
    keeps_its_secrets()
    commands_by_hand()
    outlasts(customer, "portal")
    outlasts(customer, "moodle")
    ends_with_settings_alone(customer)
    follow("Upgrading")
    customer.done(customer.order())
    customer.everything_once()

    customer.lets_another_bridge_write()
    follow(
        "A journal in PostgreSQL",
        {
            SETTINGS: lambda text: put(
                text,
                ("sqlite:////var/lib/otbridge/journal.sqlite3", "postgresql://otbridge@localhost/otbridge"),
            ),
            SECRETS: lambda text: put(
                text, ("# OTBRIDGE_JOURNAL_PASSWORD=", f'OTBRIDGE_JOURNAL_PASSWORD="{PASSWORD}"')
            ),
        },
        asked=f"{PASSWORD}\n{PASSWORD}\n",
    )
    customer.done(customer.order())
    outlasts(customer, "postgresql")
    outlasts(customer, "portal", "moodle")
    starts_without_its_journal(customer)
    ends_in_time(customer)
    keeps_its_secrets()
    customer.everything_once()
    print(f"installed by the guide, and outlasted all of it: {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    try:
        main()
    except Exception:
        subprocess.run(["systemctl", "status", "--no-pager", "-l", "otbridge"], check=False)
        subprocess.run(["journalctl", "-u", "otbridge", "-n", "60", "--no-pager"], check=False)
        raise
    sys.exit(0)
