"""Checksums of a pristine release of Moodle, for audits: out of its archive or an unpacked folder.

The list is what the step site.audit compares a site's files with (docs/audit.md): a head, then lines of a
SHA-256, two spaces, and a path as it is on a site.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from bridge.errors import UserError
from bridge.i18n import tr

HEAD = "# otbridge checksums 1"
_PIECE = 1024 * 1024
_LEFT_OUT = frozenset({".git", "node_modules"})
_VERSIONS = ("version.php", "public/version.php")
"""Where Moodle tells its version; below `public` from 5.1 on."""
_ITS_OWN = frozenset({"config.php", "public/config.php"})
"""A site's own file, which an unpacked folder may have by now."""


def checksums(source: Path) -> list[str]:
    """The lines of the list.

    Parameters:
        source: a release as download.moodle.org gives it (.tgz, .tar.gz, .zip), or its folder.

    Raises:
        UserError: it is neither, or holds no Moodle.
    """
    sums: dict[str, str] = {}
    versions: dict[str, str] = {}
    try:
        for path, content in _files(source):
            digest = hashlib.sha256()
            kept = bytearray()
            while piece := content.read(_PIECE):
                digest.update(piece)
                if PurePosixPath(path).name == "version.php" and len(kept) < _PIECE:
                    kept += piece
            sums[path] = digest.hexdigest()
            if kept:
                versions[path] = kept.decode("utf-8", "replace")
    except (OSError, tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        problem = tr("{source} cannot be read: {error}").format(source=source, error=error)
        raise UserError(tr("no list of checksums was made"), [problem]) from error
    root, about = _moodle(versions, source)
    own = {path.removeprefix(root): digest for path, digest in sums.items() if path.startswith(root)}
    return [
        HEAD,
        *(f"# {name}: {value}" for name, value in about.items()),
        *(f"{own[path]}  {path}" for path in sorted(own) if path not in _ITS_OWN),
    ]


def _moodle(versions: dict[str, str], source: Path) -> tuple[str, dict[str, str]]:
    """The folder of Moodle in what was read, and what it says of itself."""
    for path in sorted(versions, key=lambda one: (one.count("/"), one)):
        release = re.search(r"\$release\s*=\s*['\"]([^'\"]+)['\"]", versions[path])
        version = re.search(r"\$version\s*=\s*([0-9.]+)", versions[path])
        where = next((one for one in reversed(_VERSIONS) if f"/{path}".endswith(f"/{one}")), "")
        if release and version and where:
            return path.removesuffix(where), {"version": version[1], "release": release[1]}
    problem = tr("{source} holds no Moodle: there is no version.php with a release").format(source=source)
    raise UserError(tr("no list of checksums was made"), [problem])


def _files(source: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Paths and contents of the files; links are left out."""
    if source.is_dir():
        for path in sorted(source.rglob("*")):
            inside = path.relative_to(source)
            if path.is_file() and not path.is_symlink() and not _LEFT_OUT & set(inside.parts):
                with path.open("rb") as opened:
                    yield inside.as_posix(), opened
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            for one in archive.infolist():
                if not one.is_dir() and not _LEFT_OUT & set(one.filename.split("/")):
                    with archive.open(one) as packed:
                        yield one.filename, packed
    else:
        with tarfile.open(source, "r|*") as stream:
            for member in stream:
                content = stream.extractfile(member) if member.isreg() else None
                if content is not None and not _LEFT_OUT & set(member.name.split("/")):
                    with content:
                        yield member.name.removeprefix("./"), content
