"""The command line in the operator's language and in characters that the terminal can show: help, faults of
what was typed, and terminals without UTF-8.

click brings its own sentences in English. Those of its help are translated where they are shown; its errors
are made anew from their facts, so that a new release of click does not change a sentence.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from bridge import plain
from bridge.cli import technical
from bridge.i18n import tr

USAGE = 2
"""Exit code of a command line that is not understood."""

UNWRITTEN = 3
"""Exit code where the output could not be written: a full disk, for example."""

INTERRUPTED = 130
"""Exit code of a command that was ended by Ctrl-C, as a shell has it."""

_INSTEAD = {
    "“": '"',
    "”": '"',
    "„": '"',
    "«": '"',
    "»": '"',
    "’": "'",
    "–": "-",
    "—": "-",
    "…": "...",
    "№": "No",
    "≠": "!=",
    "×": "x",
    "₽": "RUB",
    "→": "->",
    "−": "-",
    "≥": ">=",
    "≤": "<=",
    "\u00a0": " ",
    "\u202f": " ",
}
"""What is written where a terminal's encoding lacks a character."""


class Formatter(click.HelpFormatter):
    """Writes help with click's own words translated."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line of usage."""
        super().write_usage(prog, args, prefix or tr("Usage:") + " ")

    def write_heading(self, heading: str) -> None:
        """Write a heading."""
        super().write_heading({"Options": tr("Options"), "Commands": tr("Commands")}.get(heading, heading))

    def write_dl(self, rows: Iterable[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        """Write a list of options or commands with what they mean."""
        super().write_dl(
            [(name, _own_words(name, description)) for name, description in rows], *args, **kwargs
        )


class Context(click.Context):
    """A context whose help is in the operator's language."""

    formatter_class = Formatter

    def invoke(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command.

        Raises:
            Fault: more was typed than it takes.
        """
        if self.args and not isinstance(self.command, click.Group):
            words = plain.line(" ".join(map(str, self.args)))
            raise Fault(tr("too much: {words}").format(words=words), self)
        return super().invoke(*args, **kwargs)


class Commands(click.Group):
    """A group whose faults are reported in the operator's language, and whose terminal may speak any
    encoding.
    """

    context_class = Context

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is named first.

        Raises:
            Fault: there is none of that name.
        """
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            near = _near(name, self.list_commands(ctx))
            raise Fault(_unknown(tr("there is no command {name}"), name, near), ctx)
        return super().resolve_command(ctx, args)

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the command line as click does; never a traceback for what was typed wrongly, or for output
        that nobody takes.
        """
        for stream in (sys.stdout, sys.stderr):
            let_speak(stream)
        try:
            return self._main(*args, **options)
        finally:
            _flush()

    def _main(self, *args: Any, **options: Any) -> Any:
        try:
            result = super().main(*args, **{**options, "standalone_mode": False})
        except click.UsageError as error:
            _end(error)
        except click.Abort:
            _say(tr("interrupted"))
            sys.exit(INTERRUPTED)
        except click.ClickException as error:
            _say(error.format_message())
            sys.exit(error.exit_code)
        if options.get("standalone_mode", True):
            sys.exit(result if isinstance(result, int) else 0)
        return result


def _flush() -> None:
    """Write the rest of the output, while a failure to write can still be reported."""
    try:
        sys.stdout.flush()
    except OSError as error:
        # The interpreter tries once more when it ends.
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 (for the rest of the process)
        if not isinstance(error, BrokenPipeError):
            from bridge.settings import unreadable

            _say(tr("the output cannot be written: {why}").format(why=unreadable(error)))
            sys.exit(UNWRITTEN)


def in_our_words(command: click.Command) -> click.Command:
    """The command, with its help and that of its own commands in the operator's language."""
    command.context_class = Context
    if not isinstance(command, click.Group):
        command.allow_extra_args = True  # our context tells them
    for inner in getattr(command, "commands", {}).values():
        in_our_words(inner)
    return command


def let_speak(stream: Any) -> None:
    """Let a stream write what its encoding lacks in other words instead of failing."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="otbridge")


def _instead(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    missing = error.object[error.start : error.end]
    shown = "".join(_INSTEAD.get(char, "?" if char.isprintable() else plain.line(char)) for char in missing)
    return shown, error.end


codecs.register_error("otbridge", _instead)


def _own_words(name: str, description: str) -> str:
    if name == "--help":
        return tr("Show this message and exit.")
    if name == "--version":
        return tr("Show the version and exit.")
    for theirs, ours in (
        ("[required]", "[" + tr("required") + "]"),
        ("[default: ", "[" + tr("default") + ": "),
        ("; required]", "; " + tr("required") + "]"),
    ):
        description = description.replace(theirs, ours)
    return description


def _end(error: click.UsageError) -> NoReturn:
    """Say what was typed wrongly, and how it goes."""
    message = _fault(error)
    if message is None:  # a group without a command: its help says all
        error.show()
        sys.exit(USAGE)
    context = error.ctx
    if context is not None:
        click.echo(context.get_usage(), err=True)
        click.echo(tr("{command} --help says more.").format(command=context.command_path) + "\n", err=True)
    _say(message)
    sys.exit(error.exit_code)


def _fault(error: click.UsageError) -> str | None:
    if isinstance(error, click.MissingParameter):
        return tr("missing: {what}").format(what=_named(error))
    if isinstance(error, click.NoSuchOption):
        return _unknown(tr("there is no option {name}"), error.option_name, error.possibilities)
    if isinstance(error, click.BadParameter):
        return f"{_named(error)}: {error.message}"
    if isinstance(error, click.BadOptionUsage):
        return tr("{option}: its value is missing, or it takes none").format(option=error.option_name)
    if type(error).__name__ == "NoArgsIsHelpError":
        return None
    if isinstance(error, Fault):
        return error.message
    return tr("the command line is not understood")


class Fault(click.UsageError):
    """What is typed wrongly beyond a single option; the message is in the operator's language."""


def _unknown(sentence: str, name: str, near: Sequence[str] | None) -> str:
    message = sentence.format(name=plain.line(name))
    return message + tr("; near: {names}").format(names=", ".join(near)) if near else message


def _near(name: str, known: Sequence[str]) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(name, known)


def _named(error: click.BadParameter) -> str:
    param = error.param
    if isinstance(param, click.Option):
        return param.opts[-1]
    return (param.metavar or param.name or "") if param is not None else str(error.param_hint or "")


def _say(message: str) -> None:
    click.echo(f"otbridge: {plain.lines(technical.shown(message))}", err=True)
