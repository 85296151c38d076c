"""otbridge checksums: the checksums of a pristine release of Moodle, for audits. Needs no settings file."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.cli.common import reports_errors
from bridge.i18n import tr


@click.command(
    "checksums",
    help=tr(
        "Make the list of checksums of a release of Moodle, with which audit-site compares a site's files."
        " RELEASE is the archive from download.moodle.org, or its unpacked folder."
    ),
)
@click.argument("release", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help=tr("Write to FILE instead of the terminal."),
)
@reports_errors
def command(release: Path, output: Path | None) -> None:
    from bridge.operators.checksums import checksums

    lines = checksums(release)
    text = "\n".join(lines) + "\n"
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, "utf-8")
        files = sum(not line.startswith("#") for line in lines)
        click.echo(tr("{count} files: {output}").format(count=files, output=output))
