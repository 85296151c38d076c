"""What a command does not need it does not load."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

HEAVY = {"zeep", "sqlalchemy", "pydantic", "alembic", "requests", "apscheduler", "rich", "jinja2"}


def loaded_by(*arguments: str) -> set[str]:
    program = (
        f"import sys, runpy; sys.argv = ['otbridge', *{arguments!r}]\ntry:\n    from bridge.cli "
        "import main; main()\nexcept SystemExit: pass\nprint('MODULES', *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    return set(done.stdout.split("MODULES")[1].split())


@pytest.mark.parametrize("arguments", [("--version",), ("--help",)])
def test_version_and_help_load_nothing_heavy(arguments: tuple[str, ...]) -> None:
    assert not HEAVY & loaded_by(*arguments)


def test_the_commands_sync_and_run_load_neither_zeep_nor_alembic_at_their_start() -> None:
    program = "import sys, bridge.cli.sync, bridge.cli.run; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert not {"zeep", "alembic", "apscheduler"} & set(done.stdout.split())


def test_templates_are_loaded_only_where_messages_are_written() -> None:
    program = "import sys, bridge.cli.sync, bridge.cli.status, bridge.cli.run; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert "jinja2" not in done.stdout.split()


def test_a_statement_loads_what_writes_its_form_only_when_it_is_written() -> None:
    program = "import sys, bridge.cli.statement, bridge.cli.accounts; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert not {"weasyprint", "xlsxwriter", "fontTools", "cffi"} & set(done.stdout.split())


def test_the_settings_load_no_portal_and_no_database() -> None:
    program = "import sys, bridge.settings; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    loaded = set(done.stdout.split())
    assert not {"requests", "urllib3", "sqlalchemy", "zeep", "bridge.portal.redmine.adapter"} & loaded


@pytest.mark.parametrize("module", ["bridge.sandbox.demo", "bridge.sandbox.portal", "bridge.sandbox.moodle"])
def test_an_embedded_server_without_its_extra_says_which_one_it_wants(module: str) -> None:
    without = (
        "import runpy; from importlib import util; there = util.find_spec; "
        "util.find_spec = lambda name, *more: None if name == 'flask' else there(name, *more); "
        f"runpy.run_module('{module}', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", without],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "LANGUAGE": "en"},
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr
        == "the embedded portal and Moodle need the extra sandbox: pip install 'otbridge[sandbox]'\n"
    )
