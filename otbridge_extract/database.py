"""Scratch databases, by the database's own command-line client: the standard library knows no server."""

from __future__ import annotations

import re
import secrets
import subprocess
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from otbridge_extract.commands import running
from otbridge_extract.dump import Line
from otbridge_extract.errors import Refused
from otbridge_extract.guard import Guard
from otbridge_extract.settings import Database

SANDBOX = b"/*!999999\\- enable the sandbox mode */\n"
"""Newer clients of MariaDB then run no command of the client (`\\!`); others take it for a comment."""


class Scratch:
    """Makes, fills, asks and drops scratch databases; all bear the site's name.

    Args:
        folder: for the file with the client's options, which holds the password.
    """

    def __init__(self, settings: Database, site: str, folder: Path, guard: Guard) -> None:
        self._settings = settings
        self._prefix = f"otbridge_{site}_"
        self._guard = guard
        self._postgres = settings.kind == "pgsql"
        self._options = folder / "client.options"
        password = Path(settings.password_file).read_text("utf-8").strip() if settings.password_file else ""
        self.password = password
        if not self._postgres:
            self._options.touch(mode=0o600)
            self._options.write_text(self._client_options(password), "utf-8")

    def make(self) -> str:
        """A new, empty database; returns its name."""
        name = self._prefix + secrets.token_hex(4)
        if self._postgres:
            self._ask(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'")
        else:
            self._ask(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci")
        return name

    def drop_all(self) -> Sequence[str]:
        """Drop every scratch database of this site; returns their names."""
        pattern = self._prefix.replace("_", r"\_") + "%"
        question = (
            f"SELECT datname FROM pg_database WHERE datname LIKE '{pattern}'"
            if self._postgres
            else f"SHOW DATABASES LIKE '{pattern}'"
        )
        names = [row[0] for row in self._ask(question) if re.fullmatch(self._prefix + r"[0-9a-f]{8}", row[0])]
        for name in names:
            if self._postgres:
                self._ask(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            else:
                for row in self._ask(f"SELECT id FROM information_schema.processlist WHERE db = '{name}'"):
                    with suppress(Refused):  # It ended by itself.
                        self._ask(f"KILL {int(row[0])}")
                self._ask(f"DROP DATABASE IF EXISTS `{name}`")
        return names

    def fill(self, name: str, lines: Iterable[Line], moved: Callable[[int], None]) -> Line | None:
        """Load lines of a dump; returns the last one of a whole dump, None where it is missing."""
        end: Line | None = None
        with running(
            self._guard,
            self._client(name),
            what=self._settings.kind,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        ) as process:
            assert process.stdin
            write = process.stdin.write
            if not self._postgres:
                write(SANDBOX)
                write(b"SET SESSION unique_checks=0, foreign_key_checks=0;\n")
            for line in lines:
                if line.kind == "end":
                    end = line
                    continue
                write(line.text)
                moved(len(line.text))
            process.stdin.flush()
        return end

    def rows(self, name: str, question: str) -> Sequence[Sequence[str]]:
        """Rows of an answer, as texts. Questions are made of numbers and names that this program knows."""
        return self._ask(question, name)

    def _ask(self, question: str, name: str = "") -> Sequence[Sequence[str]]:
        with running(
            self._guard, [*self._client(name), *self._asking(question)], what=self._settings.kind
        ) as process:
            assert process.stdout
            said = process.stdout.read().decode("utf-8", "replace")
        return [line.split("\t") for line in said.splitlines()]

    def _asking(self, question: str) -> Sequence[str]:
        if self._postgres:
            return ("-A", "-t", "-F", "\t", "-c", question)
        return ("-B", "-N", "-e", question)

    def _client(self, name: str) -> Sequence[str]:
        one = self._settings
        if self._postgres:
            where = [*(("-h", one.socket or one.host) if one.socket or one.host else ())]
            port = ("-p", str(one.port)) if one.port else ()
            return (
                *("psql", "-X", "-q", "-w", "-v", "ON_ERROR_STOP=1", *where, *port, "-U", one.user),
                *("-d", name or "postgres"),
            )
        return ("mariadb", f"--defaults-file={self._options}", *((name,) if name else ()))

    def _client_options(self, password: str) -> str:
        one = self._settings
        lines = ["[client]", f"user={one.user}", "default-character-set=utf8mb4", "max-allowed-packet=1G"]
        if one.socket:
            lines.append(f"socket={one.socket}")
        elif one.host:
            lines.append(f"host={one.host}")
        if one.port:
            lines.append(f"port={one.port}")
        if password:
            quoted = password.replace("\\", "\\\\").replace('"', '\\"')
            lines.append(f'password="{quoted}"')
        return "\n".join([*lines, ""])
