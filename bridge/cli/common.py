"""What the commands share: opening the bridge, reporting errors, exit codes."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, NoReturn, ParamSpec, TypeVar

import click

from bridge import moodle_ws, plain, portal
from bridge.cli import technical
from bridge.errors import BridgeError, UserError
from bridge.flow.context import Bridge, Progress, utc_now
from bridge.flow.messages import Messages
from bridge.flow.oplog import DONE, PlainFormatter
from bridge.flow.scope import Exit
from bridge.i18n import tr
from bridge.journal import Journal, JournalError, JournalUnusable, TicketRecord
from bridge.moodle_ws import Moodle, MoodleClient
from bridge.portal import HttpPortal, Portal
from bridge.settings import InstallationTable, Settings, load, unreadable

if TYPE_CHECKING:
    from bridge.portal.redmine.adapter import RedminePortal

P = ParamSpec("P")
R = TypeVar("R")


def settings_of(ctx: click.Context, *, tokens: bool = True) -> Settings:
    """The settings that the command line points to; the password of a PostgreSQL journal goes where its
    driver looks for it.

    Parameters:
        tokens: whether the command speaks to the portal or to Moodle; one that does not asks for no token.

    Raises:
        UserError: with every fault that they have.
    """
    _logging(ctx.obj["verbose"], service=ctx.info_name == "run")
    settings = load(ctx.obj["config"], tokens=tokens)
    if settings.journal_password:
        os.environ["PGPASSWORD"] = settings.journal_password
    return settings


@contextmanager
def open_bridge(settings: Settings, progress: Progress | None = None) -> Iterator[Bridge]:
    """Open the journal and the portal; a Moodle is opened when a ticket first needs it.

    Raises:
        UserError: a message template has faults.
        JournalError: the journal cannot be used.
    """
    from bridge.journal.owner import own_name

    with ExitStack() as stack:

        def connect_moodle(installation: InstallationTable) -> Moodle:
            return stack.enter_context(open_moodle(settings, installation))

        messages = Messages(settings.bridge.templates, settings.bridge.zone)
        journal = stack.enter_context(Journal.open(settings.bridge.journal))
        portal = stack.enter_context(open_portal(settings, journal))
        bridge = Bridge(settings, messages, journal, portal, connect_moodle, own_name())
        yield bridge if progress is None else replace(bridge, progress=progress)


@contextmanager
def open_portal(settings: Settings, journal: Journal | None = None) -> Iterator[Portal]:
    """The portal's client.

    Parameters:
        journal: keeps the books of an engine that cannot, opened where none is given; a portal that can knows
            the bridge by it.

    Raises:
        JournalError: such an engine's journal cannot be used.
    """
    table = settings.portal
    if table.engine == "contract":
        with _open_contract(settings, _instance(journal)) as contract:
            yield contract
        return
    with ExitStack() as stack:
        kept = journal or stack.enter_context(Journal.open(settings.bridge.journal))
        yield stack.enter_context(_open_redmine(settings, kept))


def _open_redmine(settings: Settings, journal: Journal) -> RedminePortal:
    from bridge.journal.owner import own_name
    from bridge.journal.portal_books import JournalBooks
    from bridge.portal.redmine.connect import connect

    table = settings.portal
    assert table.redmine is not None, "the settings see to it"
    settle = timedelta(seconds=table.settle_seconds)
    books = JournalBooks(journal, table.name, own_name(), settle, utc_now)
    return connect(
        table.name,
        table.url,
        settings.portal_secret,
        table.redmine,
        books,
        category_prefix=table.category_prefix,
        settle=settle,
        clock=utc_now,
        connect_timeout=table.connect_seconds,
        read_timeout=table.read_seconds,
        call_timeout=table.call_seconds,
        ca_file=table.ca_file,
        proxy=table.proxy,
        zone=settings.bridge.zone,
        instance=_instance(journal),
    )


def _instance(journal: Journal | None) -> str:
    """The name of the journal, by which a portal distinguishes this bridge from another one; "" for a command
    that writes nothing.
    """
    if journal is None:
        return ""
    with journal.transaction(read_only=True) as unit:
        return unit.polling.instance()


def _open_contract(settings: Settings, instance: str) -> HttpPortal:
    table = settings.portal
    auth = (
        portal.OtserialAuth(table.serial, settings.portal_secret)
        if table.auth == "otserial"
        else portal.BearerAuth(settings.portal_secret)
    )
    return portal.connect(
        table.name,
        table.url,
        auth,
        category_prefix=table.category_prefix,
        connect_timeout=table.connect_seconds,
        read_timeout=table.read_seconds,
        call_timeout=table.call_seconds,
        ca_file=table.ca_file,
        proxy=table.proxy,
        instance=instance,
    )


def open_moodle(settings: Settings, installation: InstallationTable) -> MoodleClient:
    """The client of an installation's Moodle, as a context manager."""
    return moodle_ws.connect(
        installation.url,
        settings.moodle_tokens[installation.name],
        transport=installation.transport,
        connect_timeout=installation.connect_seconds,
        read_timeout=installation.read_seconds,
        call_timeout=installation.call_seconds,
        ca_file=installation.ca_file,
        proxy=installation.proxy,
    )


def reports_errors(command: Callable[P, R]) -> Callable[P, R]:
    """Let errors that the bridge names end in their sentence and their exit code instead of a traceback."""

    @wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except UserError as error:
            fail(str(error), Exit.CONFIGURATION)
        except JournalError as error:
            fail(str(error), journal_exit(error))
        except BridgeError as error:
            fail(str(error), Exit.UNREACHABLE)
        except OSError as error:
            if error.filename is None:
                raise  # of the output; bridge.cli.usage reports it
            fail(f"{error.filename}: {unreadable(error)}", Exit.CONFIGURATION)

    return wrapper


def journal_exit(error: JournalError) -> Exit:
    """What an error of the journal means: it can't be used now; its address is wrong; or an operator has
    to look at its rows.
    """
    if isinstance(error, JournalUnusable):
        return Exit.JOURNAL
    return Exit.CONFIGURATION if type(error) is JournalError else Exit.OPERATOR


def fail(message: str, code: Exit) -> NoReturn:
    """Say `message` on standard error and exit with `code`."""
    click.echo(f"otbridge: {plain.lines(technical.shown(message))}", err=True)
    sys.exit(int(code))


def find_ticket(journal: Journal, number: str) -> TicketRecord:
    """The journal's record of the ticket that people call `number`; exits with code 1 when there is none
    or there are several.
    """
    with journal.transaction(read_only=True) as unit:
        records = unit.tickets.by_number(number)
    if len(records) != 1:
        message = (
            tr("the journal has no ticket {number}")
            if not records
            else tr("several portals have a ticket {number}")
        )
        fail(message.format(number=number), Exit.OPERATOR)
    return records[0]


def _logging(verbose: int, *, service: bool) -> None:
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlainFormatter())
    logging.basicConfig(level=level, handlers=[handler])
    if service:
        DONE.setLevel(logging.INFO)
    # Addresses, and with them tokens in the SOAP transport's, stand in these loggers' debug lines.
    for name in ("urllib3", "zeep", "requests", "apscheduler"):
        logging.getLogger(name).setLevel(logging.WARNING)
