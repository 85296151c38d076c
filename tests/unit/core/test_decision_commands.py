"""What an operator types wrongly is told before anything is looked at."""

from __future__ import annotations

import shlex

import pytest
from click.testing import CliRunner

from bridge.cli import main


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("assign 1 x --param a", "NAME=VALUE"),
        ("assign 1 x --param =a", "NAME=VALUE"),
        ("assign 1 x --param a=1 --param a=2", "NAME=VALUE"),
        ("assign 1 x --quantity many", "many"),
        ("assign 1 x --params-file no-such-file", "no-such-file"),
        ("correct 1 --reason x", "give one of"),
        ("correct 1 --reason x --nothing --recount", "give one of"),
        ("correct 1 --reason x --hours 1 --minutes a=1", "give one of"),
        ("correct 1 --reason x --hours -1", "must not be negative"),
        ("correct 1 --reason x --hours NaN", "not finite"),
        ("correct 1 --reason x --hours 0.001", "not a whole number of minutes"),
        ("correct 1 --reason x --minutes a", "CATEGORY=MINUTES"),
        ("correct 1 --reason x --minutes a=-5", "CATEGORY=MINUTES"),
        ("correct 1 --reason x --minutes a=1 --minutes a=2", "CATEGORY=MINUTES"),
        ("correct 1 --nothing", "--reason"),
        ("pause 1", "--reason"),
        ("withdraw 1", "--reason"),
        ("undo 1", "--reason"),
        ("undo 1 --reason", "--reason: its value is missing"),
        ("pause 1 --reason ''", "must not be empty"),
        ("pause 1 --reason '  '", "must not be empty"),
        ("pause 1 --reason 'a\x1b[2J'", "one line of at most 1000 characters"),
        (f"pause 1 --reason {'x' * 1001}", "one line of at most 1000 characters"),
        ("pause 1 2 --reason x", "too much: 2"),
        ("pause 1 --raeson x", "there is no option --raeson; near: --reason"),
        ("paus 1", "there is no command paus; near: pause"),
        ("ledger veri", "there is no command veri; near: verify"),
        ("ledger verify x y", "too much: x y"),
        ("portal nonsense", "there is no command nonsense"),
        ("reconcile --accept a --resend b", "exclude each other"),
        ("reconcile --accept a", "need a --reason"),
        ("ledger --format xml", "“xml” is not one of table, csv, json"),
        ("--as '' status", "--as: write a name"),
        (f"--as {'x' * 101} status", "--as: write a name"),
        ("--nonsense", "there is no option --nonsense"),
    ],
)
def test_a_command_that_is_typed_wrongly_ends_with_code_2(arguments: str, told: str) -> None:
    done = CliRunner().invoke(main, ["--config", "no-such-settings.toml", *shlex.split(arguments)])
    assert done.exit_code == 2
    assert told in done.output
    assert "no-such-settings" not in done.output
