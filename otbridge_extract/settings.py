"""The helper's settings: one TOML file for each site."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from otbridge_extract.errors import SettingsError

LOGS = (
    "log",
    "log_queries",
    "logstore_standard_log",
)
"""Tables (without prefix) of logs, whose rows are loaded only where `logs` says so."""
NEVER = (
    "backup_files_temp",
    "backup_ids_temp",
    "backup_logs",
    "cache_flags",
    "config_log",
    "mnet_log",
    "portfolio_log",
    "sessions",
    "stats_daily",
    "stats_monthly",
    "stats_user_daily",
    "stats_user_monthly",
    "stats_user_weekly",
    "stats_weekly",
    "task_log",
    "upgrade_log",
)
"""Tables whose rows no backup of a course reads."""


@dataclass(frozen=True)
class Site:
    """The site.

    Attributes:
        name: letters and digits; part of the names of scratch databases.
        wwwroot: the site's address, by which links in texts are known.
        spool: folder with `requests` and `answers`.
        state: the helper's own folder: index, code, scratch.
        requests_from: name of the user whose requests count; empty: anybody's who can write there.
    """

    name: str
    wwwroot: str
    spool: Path
    state: Path
    requests_from: str = ""


@dataclass(frozen=True)
class Backups:
    """Where whole-site backups are.

    Attributes:
        git: the virtual host's folder, in which `otlamp_savevhost` commits.
        rotate: the folder of `otlamp_rotatebackup`.
        code: the site's code, for archives, which hold none.
        timezone: of the server's clock, in which dumps and tags tell the time.
        every_minutes: how often it is looked for new ones.
    """

    git: Path | None = None
    rotate: Path | None = None
    code: Path | None = None
    timezone: str = "Europe/Moscow"
    every_minutes: int = 10


@dataclass(frozen=True)
class Database:
    """Where scratch databases are made.

    Attributes:
        kind: Moodle's word: `mariadb`, `mysqli` or `pgsql`.
        socket: of the server; empty: host and port.
        password_file: empty: the server knows the user by its socket.
        datadir: where the server keeps its files, to see how much room there is.
    """

    kind: str = "mariadb"
    socket: str = ""
    host: str = ""
    port: int = 0
    user: str = "otbridge-extract"
    password_file: str = ""
    prefix: str = "mdl_"
    datadir: Path | None = None


@dataclass(frozen=True)
class Php:
    """PHP's command line, of the version that the site needs."""

    command: tuple[str, ...] = ("/usr/bin/php",)
    memory_mb: int = 1024


@dataclass(frozen=True)
class Limits:
    """What an extraction may take.

    Attributes:
        free_mb: disk that stays free, on the state's and on the database's disk.
        scratch_mb: the most that one extraction may be estimated to need.
        seconds: the longest that one extraction may take.
        load: average load of one minute above which none is begun; 0: never mind.
        linger_seconds: how long a scratch database waits for another request.
        keep_days: how long an extracted course is kept.
        missing_files: how many files of the course may be missing in the backup.
        tries: how often an extraction is begun that dies each time.
        logs: whether rows of logs are loaded.
    """

    free_mb: int = 2048
    scratch_mb: int = 20480
    seconds: int = 7200
    load: float = 0.0
    linger_seconds: int = 300
    keep_days: int = 7
    missing_files: int = 0
    tries: int = 10
    logs: bool = False


@dataclass(frozen=True)
class Settings:
    """All of them."""

    site: Site
    backups: Backups
    database: Database = field(default_factory=Database)
    php: Php = field(default_factory=Php)
    limits: Limits = field(default_factory=Limits)

    def without_rows(self) -> frozenset[str]:
        """Tables, with their prefix, whose rows are not loaded."""
        names = NEVER if self.limits.logs else (*NEVER, *LOGS)
        return frozenset(self.database.prefix + name for name in names)

    def zone(self) -> ZoneInfo:
        """The zone of the server's clock."""
        return ZoneInfo(self.backups.timezone)


def read(path: Path) -> Settings:
    """Read a file of settings.

    Raises:
        SettingsError: it cannot be read, or has a fault.
    """
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: {error}") from error
    return parse(found, str(path))


def parse(found: Mapping[str, Any], where: str = "settings") -> Settings:
    """Make settings of a parsed document; `where` stands before each fault.

    Raises:
        SettingsError: an option is unknown, missing, or of the wrong kind.
    """
    parts = {"site": Site, "backups": Backups, "database": Database, "php": Php, "limits": Limits}
    for name in found:
        if name not in parts:
            raise SettingsError(f"{where}: [{name}] is unknown; there are {', '.join(parts)}")
    made = {name: _part(kind, found.get(name, {}), f"{where}: [{name}]") for name, kind in parts.items()}
    settings = Settings(**made)
    _judge(settings, where)
    return settings


def _part(kind: type[Any], found: object, where: str) -> Any:
    if not isinstance(found, dict):
        raise SettingsError(f"{where} must be a table")
    hints = get_type_hints(kind)
    values: dict[str, Any] = {}
    for name, value in found.items():
        if name not in hints:
            raise SettingsError(f"{where} {name} is unknown; there are {', '.join(hints)}")
        values[name] = _value(value, str(hints[name]), f"{where} {name}")
    for one in fields(kind):
        needed = one.default.__class__.__name__ == "_MISSING_TYPE"
        if needed and one.name not in values:
            raise SettingsError(f"{where} {one.name} is missing")
    return kind(**values)


def _value(value: object, hint: str, where: str) -> object:
    whole = isinstance(value, int) and not isinstance(value, bool)
    if "Path" in hint and isinstance(value, str) and value.startswith("/"):
        return Path(value)
    if "tuple" in hint and isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return tuple(value)
    if (hint == "<class 'str'>" and isinstance(value, str)) or (
        hint == "<class 'bool'>" and isinstance(value, bool)
    ):
        return value
    if hint == "<class 'int'>" and whole and value >= 0:  # type: ignore[operator]
        return value
    if hint == "<class 'float'>" and (whole or isinstance(value, float)) and value >= 0:  # type: ignore[operator]
        return float(value)  # type: ignore[arg-type]
    wanted = {
        "<class 'int'>": "a whole number, 0 or more",
        "<class 'float'>": "a number, 0 or more",
        "<class 'bool'>": "true or false",
        "<class 'str'>": "a text",
    }.get(hint, "a list of texts" if "tuple" in hint else "an absolute path")
    raise SettingsError(f"{where} must be {wanted}")


def _judge(settings: Settings, where: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9]{0,15}", settings.site.name):
        raise SettingsError(f"{where}: [site] name must be 1 to 16 small letters and digits")
    if not re.fullmatch(r"https?://[^\s'\\/]+(/[^\s'\\]*[^\s'\\/])?", settings.site.wwwroot):
        raise SettingsError(f"{where}: [site] wwwroot must be an address without a slash at its end")
    if settings.backups.git is None and settings.backups.rotate is None:
        raise SettingsError(f"{where}: [backups] needs git or rotate")
    if settings.backups.rotate is not None and settings.backups.code is None:
        raise SettingsError(f"{where}: [backups] code is missing: the archives of rotate hold no code")
    if settings.database.kind not in {"mariadb", "mysqli", "pgsql"}:
        raise SettingsError(f"{where}: [database] kind must be mariadb, mysqli or pgsql")
    if not re.fullmatch(r"[a-z0-9_]{0,20}", settings.database.prefix):
        raise SettingsError(f"{where}: [database] prefix must be small letters, digits and _")
    try:
        settings.zone()
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError(f"{where}: [backups] timezone {settings.backups.timezone} is unknown") from error
