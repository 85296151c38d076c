"""The command otbridge-extract."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from otbridge_extract.errors import Refused, SettingsError
from otbridge_extract.extractor import room
from otbridge_extract.guard import MEGABYTE
from otbridge_extract.index import Index
from otbridge_extract.service import Service
from otbridge_extract.settings import Settings, read


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 well, 1 something failed, 2 faults in settings."""
    parser = argparse.ArgumentParser(
        prog="otbridge-extract", description="Takes one course out of a whole-site backup of 3KL."
    )
    parser.add_argument("--config", type=Path, required=True, help="settings of one site (TOML)")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="the service")
    commands.add_parser("once", help="take new backups in, do what is asked, and end")
    commands.add_parser(
        "check", help="what is missing on this server, changing nothing but an empty database"
    )
    listing = commands.add_parser("list", help="the whole-site backups in the index")
    listing.add_argument("--course", type=int, help="only those in which this course was alive")
    chosen = parser.parse_args(arguments)
    os.umask(0o027)
    try:
        settings = read(chosen.config)
        if chosen.command == "list":
            return _list(settings, chosen.course)
        if os.geteuid() == 0:
            raise SettingsError(
                "otbridge-extract runs the site's PHP and reads the site's git: never as root"
            )
        return (
            _check(settings) if chosen.command == "check" else _serve(settings, once=chosen.command == "once")
        )
    except (SettingsError, OSError) as error:
        print(f"otbridge-extract: {error}", file=sys.stderr)
        return 2


def _serve(settings: Settings, *, once: bool) -> int:
    service = Service(settings)

    def stop(*_: object) -> None:
        service.guard.stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if not once:
        service.run()
        return 0
    service.begin()
    while service.work():
        pass
    service.end()
    return 0


def _list(settings: Settings, course: int | None) -> int:
    index = Index(settings.site.state / "index.sqlite")
    for one in index.backups():
        weight = index.holds(one, course) if course else 0
        if weight is None:
            continue
        estimate = index.estimate(one, weight)
        when = datetime.fromtimestamp(one.taken, settings.zone()).strftime("%Y-%m-%d %H:%M")
        told = one.problem or f"{estimate.seconds} s, {estimate.bytes // MEGABYTE} MB"
        print(f"{one.key}  {when}  {one.name}  {told}")
    return 0


def _check(settings: Settings) -> int:
    """Say of each thing that an extraction needs whether it is there."""
    service = Service(settings)
    faults = 0

    def tell(what: str, fault: str = "") -> None:
        nonlocal faults
        faults += bool(fault)
        print(f"{'FAULT' if fault else 'ok   '} {what}{': ' + fault if fault else ''}")

    for kind, source in service.sources.items():
        try:
            tell(f"backups ({kind}): {len(source.found())}")
        except Refused as refused:
            tell(f"backups ({kind})", str(refused))
    answers, requests = settings.site.spool / "answers", settings.site.spool / "requests"
    tell(f"{answers} can be written", "" if os.access(answers, os.W_OK) else "it cannot")
    tell(f"{requests} can be read", "" if os.access(requests, os.R_OK | os.X_OK) else "it cannot")
    tell(f"{requests} cannot be written", "it can" if os.access(requests, os.W_OK) else "")
    try:
        name = service.scratch.make()
        service.scratch.drop_all()
        tell(f"a database ({name}) can be made and dropped")
    except Refused as refused:
        tell("a database can be made and dropped", str(refused))
    try:
        told = service.php_version()
        tell(f"PHP: {told}")
    except Refused as refused:
        tell("PHP", str(refused))
    left = room(settings) // MEGABYTE
    tell(f"disk: {left} MB may be used", "" if left else "nothing is free beyond [limits] free_mb")
    return 1 if faults else 0
