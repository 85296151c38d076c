"""Settings of a site: bridge.toml and its secrets, validated at once, every fault named with its file and
key.

Secrets (tokens, keys, the journal's password) never stand in bridge.toml. They come from the environment,
from systemd credentials ($CREDENTIALS_DIRECTORY), or from a .env file, in this order. That file is the
credential "env" where there is one, else the one beside bridge.toml, which only its owner may read.
"""

from __future__ import annotations

import errno
import os
import re
import ssl
import stat
import tomllib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from importlib import resources
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from bridge.actions import ACTIONS, Rules
from bridge.domain.catalogue import Catalogue
from bridge.domain.catalogue_file import read_catalogue
from bridge.errors import UserError
from bridge.i18n import tr
from bridge.portal.redmine.convention import RedmineConvention

JOURNAL_PASSWORD = "OTBRIDGE_JOURNAL_PASSWORD"  # noqa: S105 (its name)
DEFAULT_PATHS = (Path("config/bridge.toml"), Path("/etc/otbridge/bridge.toml"))


def _address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(tr("must be an address such as https://host/path"))
    if parts.port == 0:
        raise ValueError(tr("must not name port 0"))
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError(tr("must hold neither user name nor password nor query"))
    if parts.scheme == "http" and not _on_this_machine(parts.hostname):
        raise ValueError(tr("must be https://; plain http:// is for this machine only"))
    return value.rstrip("/")


def _on_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _not_empty(tables: tuple[InstallationTable, ...]) -> tuple[InstallationTable, ...]:
    if not tables:
        raise ValueError(tr("at least one [[installation]] is needed"))
    return tables


def _several(value: Any) -> Any:
    if isinstance(value, dict):
        raise ValueError(tr("write [[installation]], with two brackets: there may be several"))  # noqa: TRY004 (pydantic's way)
    return value


Address = Annotated[str, AfterValidator(_address)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=40)]
Seconds = Annotated[float, Field(gt=0, le=86400)]
Line = Annotated[str, Field(max_length=300)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


_SECRETS_OF_POSTGRESQL = frozenset({"password", "sslpassword"})


def _journal(value: str) -> str:
    address = urlsplit(value)
    if address.password is not None or _SECRETS_OF_POSTGRESQL & parse_qs(address.query).keys():
        raise ValueError(
            tr(
                "must hold no password; leave it out and give it as OTBRIDGE_JOURNAL_PASSWORD, where "
                "the tokens stand"
            )
        )
    return value


def _category(text: str) -> str:
    if not text.replace("/", "").strip():
        raise ValueError(tr("must name a category: every ticket of the portal would be a paid one"))
    return text


def _time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(tr("must be a time zone such as Europe/Moscow or Asia/Yekaterinburg")) from error
    return name


def _proxy(value: str) -> str:
    place = urlsplit(value)
    if value and (
        place.scheme not in ("http", "https") or not place.hostname or "@" in place.netloc or place.port == 0
    ):
        raise ValueError(tr("must be an address such as http://proxy:3128, without a user"))
    return value


class BridgeTable(_Table):
    """[bridge]: where the journal is, and the rhythm of the work."""

    journal: Annotated[str, AfterValidator(_journal)] = "sqlite:////var/lib/otbridge/journal.sqlite3"
    catalogue: Path | None = None
    templates: Path | None = None
    poll_seconds: Seconds = 60
    operation_wait_seconds: Seconds = 900
    clock_difference_seconds: Seconds = 300
    time_zone: Annotated[str, AfterValidator(_time_zone)] = "Europe/Moscow"

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone: its days are the days of ledgers and statements."""
        return ZoneInfo(self.time_zone)


class _Peer(_Table):
    """How a portal or a Moodle is spoken to: time-outs, and what stands in between."""

    connect_seconds: Seconds = 10
    read_seconds: Seconds = 60
    call_seconds: Seconds = 300
    ca_file: Path | None = None
    proxy: Annotated[str, AfterValidator(_proxy)] = ""


class PortalTable(_Peer):
    """[portal]: the client portal."""

    name: Name = "portal"
    url: Address
    auth: Literal["bearer", "otserial"] = "bearer"
    serial: str = ""
    category_prefix: Annotated[str, AfterValidator(_category)] = "Выделенный специалист (н.часы)"
    engine: Literal["contract", "redmine"] = "contract"
    settle_seconds: Seconds = 120
    redmine: RedmineConvention | None = None

    @model_validator(mode="after")
    def _serial_with_otserial(self) -> PortalTable:
        if self.auth == "otserial" and not self.serial:
            raise ValueError(tr('serial: missing, auth = "otserial" needs it'))
        return self

    @model_validator(mode="after")
    def _convention_with_redmine(self) -> PortalTable:
        if (self.engine == "redmine") != (self.redmine is not None):
            raise ValueError(
                tr(
                    'engine = "redmine" and the table [portal.redmine], which otbridge init-redmine '
                    "prints, go together"
                )
            )
        if self.engine == "redmine" and self.auth != "bearer":
            raise ValueError(tr('auth: a Redmine knows API keys only: "bearer"'))
        if self.engine == "redmine" and self.settle_seconds < self.read_seconds:
            raise ValueError(tr("settle_seconds: must not be less than read_seconds"))
        return self


class InstallationTable(_Peer):
    """[[installation]]: a 3KL installation, found by the serial that its tickets carry."""

    name: Name = "main"
    serial: Annotated[str, Field(min_length=1)]
    url: Address
    transport: Literal["rest", "soap"] = "rest"
    restore_category: Annotated[int, Field(gt=0)] | None = None


class PolicyTable(_Table):
    """[policy]: what runs unattended, and what counts as acceptance (R4). What orders of single actions may
    do stands in tables of its own, `[policy.create-role]`: `Rules` of the actions.
    """

    unattended: tuple[str, ...] = ()
    accept_after_days: Annotated[int, Field(gt=0, le=3650)] | None = None
    accept_unasked: tuple[str, ...] = ()
    undo_rejected: tuple[str, ...] = ()


class CustomerTable(_Table):
    """[statement.customer.ACCOUNT]: a customer as statements name them, by the portal's id of the account."""

    name: Line = ""
    details: Line = ""
    contract: Line = ""
    signs: Line = ""


class StatementTable(_Table):
    """[statement]: who sells the hours and who signs, and which balances count as low."""

    seller: Line = ""
    details: Line = ""
    contract: Line = ""
    signs: Line = ""
    low_hours: Annotated[Decimal, Field(ge=0, le=1_000_000)] = Decimal(5)
    low_days: Annotated[int, Field(ge=0, le=3650)] = 14
    customer: Mapping[str, CustomerTable] = {}

    def of(self, account_id: str) -> CustomerTable:
        """What is set for an account; its contract is the one of all where it has none of its own."""
        found = self.customer.get(account_id, CustomerTable())
        return found if found.contract else found.model_copy(update={"contract": self.contract})


class _File(_Table):
    bridge: BridgeTable = BridgeTable()
    portal: PortalTable
    installation: Annotated[
        tuple[InstallationTable, ...], BeforeValidator(_several), AfterValidator(_not_empty)
    ]
    policy: PolicyTable = PolicyTable()
    statement: StatementTable = StatementTable()


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a pass needs to know, secrets included; its repr shows none of them."""

    path: Path
    bridge: BridgeTable
    portal: PortalTable
    installations: tuple[InstallationTable, ...]
    policy: PolicyTable
    catalogue: Catalogue
    portal_secret: str = field(repr=False)
    moodle_tokens: Mapping[str, str] = field(repr=False)
    journal_password: str = field(default="", repr=False)
    statement: StatementTable = field(default_factory=StatementTable)
    rules: tuple[Rules, ...] = ()

    def installation(self, serial: str | None) -> InstallationTable | None:
        """The installation of a ticket: the one that its serial names, or the only one when the ticket
        names none.
        """
        if serial is None and len(self.installations) == 1:
            return self.installations[0]
        return next((one for one in self.installations if one.serial == serial), None)


def find(path: Path | None = None) -> Path:
    """The settings file: `path`, $OTBRIDGE_CONFIG, ./config/bridge.toml or /etc/otbridge/bridge.toml.

    Raises:
        UserError: there is none.
    """
    given = path or (Path(os.environ["OTBRIDGE_CONFIG"]) if os.environ.get("OTBRIDGE_CONFIG") else None)
    candidates = (given,) if given else DEFAULT_PATHS
    for candidate in candidates:
        if _is_there(candidate):
            return candidate
    raise UserError(
        tr("there is no settings file"),
        [
            tr("looked for {paths}; copy config/bridge.example.toml there").format(
                paths=", ".join(str(candidate) for candidate in candidates)
            )
        ],
    )


def _is_there(path: Path) -> bool:
    """Whether the file is there; also where this user may not look, for the reading then says so."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except PermissionError:
        return True
    except OSError:
        return False


def load(
    path: Path | None = None, environ: Mapping[str, str] | None = None, *, tokens: bool = True
) -> Settings:
    """Read and check the settings, the catalogue and the secrets.

    Parameters:
        tokens: whether the secrets of portal and Moodle are asked for; without them the settings serve the
            journal alone.

    Raises:
        UserError: with every fault of all of them.
    """
    path = find(path)
    environ = os.environ if environ is None else environ
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(tr("{path} cannot be read").format(path=path), [unreadable(error)]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(tr("{path} is not valid TOML").format(path=path), [unreadable(error)]) from error
    problems: list[str] = []
    rules = _rules(document, problems)
    try:
        file = _File.model_validate(document)
    except ValidationError as error:
        problems += _faults(error)
    if problems:
        _collect(problems, lambda: Secrets.gather(path.parent, environ))
        raise UserError(tr("{path}: the settings have faults").format(path=path), problems)
    problems = [f"{path}: {problem}" for problem in _doubles(file)]
    catalogue = _collect(problems, lambda: _catalogue(file.bridge, path))
    if catalogue is not None:
        problems += [
            f"{path}: policy.{key}: {one}: " + tr("the catalogue has no such service")
            for key in ("unattended", "accept_unasked", "undo_rejected")
            for one in getattr(file.policy, key)
            if not catalogue.get(one)
        ]
    portal_name = "OTBRIDGE_PORTAL_OTKEY" if file.portal.auth == "otserial" else "OTBRIDGE_PORTAL_TOKEN"
    names = {
        one.name: moodle_secret_name(one.name, alone=len(file.installation) == 1) for one in file.installation
    }
    needed = (portal_name, *names.values()) if tokens else ()
    wanted = (JOURNAL_PASSWORD,) if file.bridge.journal.startswith("postgresql") else ()
    secrets = _collect(problems, lambda: Secrets.gather(path.parent, environ).take(needed, wanted))
    if secrets is not None:
        problems += [
            tr(
                "{name}: missing; set it in the environment, in {file} (mode 0600), or as a systemd "
                "credential"
            ).format(name=name, file=path.parent / ".env")
            for name in needed
            if not secrets[name]
        ]
    bridge = file.bridge.model_copy(update={"journal": journal_url(file.bridge.journal, path.parent)})
    if bridge.templates is not None:
        templates = path.parent / bridge.templates
        bridge = bridge.model_copy(update={"templates": templates})
        if not templates.is_dir():
            problems.append(
                f"{path}: bridge.templates: " + tr("{path} is not a directory").format(path=templates)
            )
    portal, installations = (
        _with_ca_file(file.portal, path, problems),
        tuple(_with_ca_file(one, path, problems) for one in file.installation),
    )
    if problems or catalogue is None or secrets is None:
        raise UserError(tr("the settings have faults"), problems)
    return Settings(
        path=path,
        bridge=bridge,
        portal=portal,
        installations=installations,
        policy=file.policy,
        catalogue=catalogue,
        portal_secret=secrets.get(portal_name, ""),
        moodle_tokens={key: secrets[name] for key, name in names.items() if name in secrets},
        journal_password=secrets.get(JOURNAL_PASSWORD, ""),
        statement=file.statement,
        rules=rules,
    )


_MOVED = {"capabilities_allowed": "create-role"}
"""Keys that stood in [policy] itself, with the action in whose table they stand now."""


def _rules(document: dict[str, Any], problems: list[str]) -> tuple[Rules, ...]:
    """Take the tables of single actions out of [policy]."""
    policy = document.get("policy")
    if not isinstance(policy, dict):
        return ()
    for key, owner in _MOVED.items():
        if key in policy and isinstance(policy.setdefault(owner, {}), dict):
            policy[owner].setdefault(key, policy.pop(key))
    found: list[Rules] = []
    for name, action in ACTIONS.items():
        if action.rules is not None and name in policy:
            try:
                found.append(action.rules.model_validate(policy.pop(name)))
            except ValidationError as error:
                problems += _faults(error, "policy", name)
    return tuple(found)


def _faults(error: ValidationError, *where: str) -> list[str]:
    """Each fault with the path of its key."""
    return [
        f"{'.'.join(map(str, (*where, *one['loc'])))}: {_fault(one)}"
        for one in error.errors(include_url=False)
    ]


def _with_ca_file(table: _Peer, path: Path, problems: list[str]) -> Any:
    """The table with its `ca_file` as a path from the settings' directory, looked into."""
    if table.ca_file is None:
        return table
    ca_file = path.parent / table.ca_file
    try:
        ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        problems.append(f"{path}: ca_file: {ca_file}: {unreadable(error)}")
    return table.model_copy(update={"ca_file": ca_file})


def unreadable(error: Exception) -> str:
    """Why a file cannot be read or written, in the operator's language; the system's own words where it is
    something rare.
    """
    if isinstance(error, UnicodeDecodeError):
        return tr("it is not a text in UTF-8")
    if isinstance(error, tomllib.TOMLDecodeError):
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line, column = place.groups() if place else ("?", "?")
        return tr("line {line}, column {column}: check quotes, brackets and equals signs").format(
            line=line, column=column
        )
    known = {
        errno.ENOENT: tr("there is no such file"),
        errno.ENOTDIR: tr("there is no such file"),
        errno.EISDIR: tr("it is a directory"),
        errno.EACCES: tr("this user may not read it"),
        errno.ENOSPC: tr("the disk is full"),
        errno.EDQUOT: tr("the disk quota is used up"),
        errno.EROFS: tr("the disk is read-only"),
    }
    number = error.errno if isinstance(error, OSError) else None
    return known.get(number or 0) or (error.strerror if isinstance(error, OSError) else None) or str(error)


def moodle_secret_name(installation: str, *, alone: bool) -> str:
    """Name of the secret with an installation's token: without a suffix where there is one installation
    only.
    """
    return (
        "OTBRIDGE_MOODLE_TOKEN"
        if alone
        else f"OTBRIDGE_MOODLE_TOKEN_{installation.upper().replace('-', '_')}"
    )


def journal_url(url: str, directory: Path) -> str:
    """The journal's address with a relative SQLite path taken from the settings file's directory."""
    head, separator, tail = url.partition("sqlite:///")
    if not head and separator and tail and not tail.startswith("/"):
        return f"sqlite:///{(directory / tail).resolve()}"
    return url


@dataclass(frozen=True, slots=True)
class Secrets:
    """Secrets from the environment, systemd credentials and the .env file, the first that has one wins."""

    environ: Mapping[str, str] = field(repr=False)
    credentials: Path | None
    env_file: Path

    @classmethod
    def gather(cls, directory: Path, environ: Mapping[str, str]) -> Secrets:
        """Raises UserError when the .env file beside bridge.toml may be read by others."""
        env_file = directory / ".env"
        with suppress(FileNotFoundError, PermissionError):
            mode = stat.S_IMODE(env_file.stat().st_mode)
            if mode & 0o077:
                sentence = tr("{path} holds secrets, but others may read it (mode {mode})").format(
                    path=env_file, mode=f"{mode:04o}"
                )
                raise UserError(sentence, [f"chmod 600 {env_file}"])
        given = environ.get("CREDENTIALS_DIRECTORY")
        credentials = Path(given) if given else None
        if credentials is not None and (credentials / "env").is_file():
            env_file = credentials / "env"
        return cls(environ, credentials, env_file)

    def take(self, needed: Iterable[str], wanted: Iterable[str] = ()) -> dict[str, str]:
        """The secrets of these names, "" where nobody has one. The .env file is read only when others lack
        one.

        Parameters:
            wanted: those that may be missing: for them alone a .env file that cannot be read counts as empty.

        Raises:
            UserError: a credential, or the .env file that is needed, cannot be read.
        """
        needed = tuple(needed)
        found = {name: self.environ.get(name) or self._credential(name) for name in (*needed, *wanted)}
        if not all(found.values()):
            kept = self._kept(needed=not all(found[name] for name in needed))
            found = {name: secret or kept.get(name) or "" for name, secret in found.items()}
        return found

    def _credential(self, name: str) -> str:
        path = self.credentials / name if self.credentials is not None else None
        if path is None or not path.is_file():
            return ""
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(tr("{path} cannot be read").format(path=path), [unreadable(error)]) from error

    def _kept(self, *, needed: bool) -> Mapping[str, str | None]:
        """What stands in the .env file."""
        from dotenv import dotenv_values

        try:
            return dotenv_values(self.env_file, interpolate=False)
        except (OSError, UnicodeDecodeError) as error:
            if not needed:
                return {}
            raise UserError(
                tr("{path} cannot be read").format(path=self.env_file), [unreadable(error)]
            ) from error


def default_catalogue() -> Catalogue:
    """The catalogue that comes with the bridge."""
    text = resources.files("bridge.defaults").joinpath("catalogue.toml").read_text(encoding="utf-8")
    return read_catalogue(text, "catalogue.toml")


def _fault(fault: Any) -> str:
    """A fault of a value, as pydantic found it, in the operator's language."""
    context = fault.get("ctx", {})
    match fault["type"]:
        case "value_error":
            return str(context["error"])
        case "missing":
            return tr("missing")
        case "extra_forbidden":
            return tr("there is no such key")
        case "string_type" | "path_type":
            return tr("must be a text in quotes")
        case "decimal_type" | "decimal_parsing" | "finite_number":
            return tr("must be a number")
        case "int_type" | "int_parsing" | "int_from_float":
            return tr("must be a whole number")
        case "float_type" | "float_parsing":
            return tr("must be a number")
        case "bool_type" | "bool_parsing":
            return tr("must be true or false")
        case "greater_than":
            return tr("must be more than {limit}").format(limit=context["gt"])
        case "less_than_equal":
            return tr("must be at most {limit}").format(limit=context["le"])
        case "greater_than_equal":
            return tr("must be at least {limit}").format(limit=context["ge"])
        case "literal_error":
            return tr("must be one of {known}").format(known=context["expected"].replace(" or ", ", "))
        case "tuple_type" | "list_type":
            return tr("must be a list in brackets")
        case "dict_type" | "model_type" | "model_attributes_type" | "dataclass_type":
            return tr("must be a table")
        case "string_too_short" | "too_short":
            return tr("must not be empty")
        case "string_too_long":
            return tr("must have at most {limit} characters").format(limit=context["max_length"])
        case "string_pattern_mismatch":
            return tr("must match {pattern}").format(pattern=context["pattern"])
    return str(fault["msg"])


def _catalogue(table: BridgeTable, path: Path) -> Catalogue:
    if table.catalogue is None:
        return default_catalogue()
    file = path.parent / table.catalogue
    try:
        return read_catalogue(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path}: bridge.domain.catalogue: " + tr("{path} cannot be read").format(path=file),
            [unreadable(error)],
        ) from error


def _doubles(file: _File) -> list[str]:
    problems = []
    for key in ("name", "serial"):
        # Names that differ in - and _ only would share the name of their secret.
        values = [
            getattr(one, key).replace("_", "-") if key == "name" else getattr(one, key)
            for one in file.installation
        ]
        problems += [
            tr("installation: {key} “{value}” stands twice").format(key=key, value=value)
            for value in sorted({one for one in values if values.count(one) > 1})
        ]
    return problems


def _collect(problems: list[str], read: Any) -> Any:
    try:
        return read()
    except UserError as error:
        problems.append(error.message)
        problems.extend(error.problems)
        return None
