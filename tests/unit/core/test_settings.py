"""Settings: the examples work as they stand, and every fault is named with its file and key, all at once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.actions.create_role.policy import CreateRoleRules
from bridge.domain.tickets import TicketState
from bridge.errors import UserError
from bridge.settings import Settings, find, journal_url, load

CONFIG = Path(__file__).parents[3] / "config"
PORTAL = '[portal]\nurl = "https://portal.example.ru/api/v1"\n'
MAIN = '[[installation]]\nserial = "A"\nurl = "https://lms.example.ru"\n'
SECOND = (
    '[[installation]]\nname = "second-lms"\nserial = "B"\nurl = '
    '"https://two.example.ru/moodle/"\ntransport = "soap"\n'
)
REDMINE = """[portal]
url = "https://redmine.example.ru"
engine = "redmine"
[portal.redmine]
trackers = { ticket = 1, stage = 2 }
ticket_states = { open = 1, in_progress = 2, suspended = 3, awaiting_acceptance = 4, done = 5, withdrawn = 6 }
stage_states = { planned = 1, in_progress = 2, ready = 4, accepted = 7, rejected = 8, written_off = 9 }
activities = { top_up = 21, capture = 22, reversal = 23 }
issue_fields = { key = 31, agreed = 32, coefficient = 33 }
entry_fields = { hours = 41, key = 42, details = 43 }
project_fields = { hour_price = 51, overdraft = 52 }
"""
ENVIRON = {"OTBRIDGE_PORTAL_TOKEN": "portal-secret", "OTBRIDGE_MOODLE_TOKEN": "moodle-secret"}

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write bridge.toml, and .env with a mode; returns the path of bridge.toml."""

    def written(toml: str = PORTAL + MAIN, env: str | bytes | None = None, mode: int = 0o600) -> Path:
        path = tmp_path / "bridge.toml"
        path.write_text(toml, encoding="utf-8")
        if env is not None:
            (tmp_path / ".env").write_bytes(env.encode() if isinstance(env, str) else env)
            (tmp_path / ".env").chmod(mode)
        return path

    return written


def faults(path: Path, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(UserError) as caught:
        load(path, ENVIRON if environ is None else environ)
    return str(caught.value)


# --- what works


def test_the_examples_work_once_their_secrets_are_filled_in(tmp_path: Path) -> None:
    shutil.copy(CONFIG / "bridge.example.toml", tmp_path / "bridge.toml")
    lines = (CONFIG / "env.example").read_text(encoding="utf-8").replace("TOKEN=\n", "TOKEN=secret\n")
    (tmp_path / ".env").touch(mode=0o600)
    (tmp_path / ".env").write_text(lines, encoding="utf-8")
    settings = load(tmp_path / "bridge.toml", {})
    assert settings.policy.unattended == ("2.9.1-restore", "2.9.1-access")
    assert (settings.portal.name, settings.portal.auth, settings.installations[0].transport) == (
        "clients",
        "bearer",
        "rest",
    )
    assert (settings.portal_secret, settings.moodle_tokens) == ("secret", {"main": "secret"})
    assert settings.bridge.journal == "sqlite:////var/lib/otbridge/journal.sqlite3"


def test_the_example_of_secrets_holds_none(tmp_path: Path) -> None:
    shutil.copy(CONFIG / "bridge.example.toml", tmp_path / "bridge.toml")
    (tmp_path / ".env").touch(mode=0o600)
    (tmp_path / ".env").write_text((CONFIG / "env.example").read_text(encoding="utf-8"), encoding="utf-8")
    told = faults(tmp_path / "bridge.toml", {})
    assert "OTBRIDGE_PORTAL_TOKEN: missing" in told
    assert "OTBRIDGE_MOODLE_TOKEN: missing" in told


def test_what_is_left_out_has_a_default(write: Write) -> None:
    settings = load(write(), ENVIRON)
    assert (
        settings.bridge.poll_seconds,
        settings.bridge.operation_wait_seconds,
        settings.policy.unattended,
    ) == (60, 900, ())
    assert settings.portal.category_prefix == "Выделенный специалист (н.часы)"
    assert len(settings.catalogue) >= 2


def test_what_orders_of_an_action_may_do_stands_in_its_own_table(write: Write) -> None:
    table = '[policy.create-role]\ncapabilities_allowed = ["tool/*"]\n'
    wanted = (CreateRoleRules(capabilities_allowed=("tool/*",)),)
    assert load(write(PORTAL + MAIN + table), ENVIRON).rules == wanted
    assert load(write(PORTAL + MAIN), ENVIRON).rules == ()
    older = '[policy]\ncapabilities_allowed = ["tool/*"]\n'
    assert load(write(PORTAL + MAIN + older), ENVIRON).rules == wanted, "where it stood before"
    both = load(write(f"{PORTAL}{MAIN}[policy]\ncapabilities_allowed = []\n{table}"), ENVIRON)
    assert both.rules == wanted


def test_addresses_have_no_slash_at_their_end(write: Write) -> None:
    assert (
        load(write(PORTAL + MAIN.replace("lms.example.ru", "lms.example.ru/")), ENVIRON).installations[0].url
        == "https://lms.example.ru"
    )


def test_paths_are_taken_from_where_the_settings_are(write: Write, tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    shutil.copy(CONFIG / "catalogue.toml", tmp_path / "own" / "services.toml")
    top = '[bridge]\njournal = "sqlite:///j.sqlite3"\ncatalogue = "own/services.toml"\ntemplates = "own"\n'
    settings = load(write(top + PORTAL + MAIN), ENVIRON)
    assert settings.bridge.journal == f"sqlite:///{tmp_path / 'j.sqlite3'}"
    assert settings.bridge.templates == tmp_path / "own"


@pytest.mark.parametrize(
    "url", ["sqlite:////var/lib/j.sqlite3", "postgresql+psycopg://otbridge@db/otbridge", "sqlite://"]
)
def test_other_journals_stay_where_they_are(url: str, tmp_path: Path) -> None:
    assert journal_url(url, tmp_path) == url


def test_a_redmine_is_the_portal_where_the_settings_say_so(write: Write) -> None:
    settings = load(write(REDMINE + MAIN), ENVIRON)
    assert settings.portal.engine == "redmine"
    assert settings.portal.redmine is not None
    assert (
        settings.portal.redmine.trackers.stage,
        settings.portal.redmine.ticket_states[TicketState.WITHDRAWN],
    ) == (
        2,
        6,
    )
    assert (settings.portal.settle_seconds, settings.portal_secret) == (120, "portal-secret")


def test_without_a_word_the_portal_keeps_the_contract(write: Write) -> None:
    portal = load(write(), ENVIRON).portal
    assert (portal.engine, portal.redmine) == ("contract", None)


# --- statements


def test_without_a_word_a_statement_has_no_names_and_usual_thresholds(write: Write) -> None:
    statement = load(write(), ENVIRON).statement
    assert (statement.seller, statement.low_hours, statement.low_days) == ("", 5, 14)
    assert statement.of("school").name == ""


def test_a_customer_has_its_own_contract_or_that_of_all(write: Write) -> None:
    toml = """
[statement]
contract = "№ 1"
low_hours = 2.5
[statement.customer.school]
name = 'ООО "Ромашка" & Ко'
[statement.customer."12/7"]
contract = "№ 7"
"""
    statement = load(write(PORTAL + MAIN + toml), ENVIRON).statement
    assert statement.low_hours == Decimal("2.5")
    assert (statement.of("school").name, statement.of("school").contract) == ('ООО "Ромашка" & Ко', "№ 1")
    assert statement.of("12/7").contract == "№ 7"
    assert statement.of("nobody").contract == "№ 1"


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("low_hours = -1", "statement.low_hours: must be at least 0"),
        ("low_hours = 'many'", "statement.low_hours: must be a number"),
        ("low_hours = nan", "statement.low_hours: must be a number"),
        ("low_days = 1.5", "statement.low_days: must be a whole number"),
        ("seller = 1", "statement.seller: must be a text in quotes"),
        ("seler = 'x'", "statement.seler: there is no such key"),
        ("customer = 'x'", "statement.customer: must be a table"),
        ("customer.a.nam = 'x'", "statement.customer.a.nam: there is no such key"),
        (f"customer.a.name = '{'x' * 301}'", "statement.customer.a.name: must have at most 300 characters"),
    ],
)
def test_faults_of_statements_are_named(write: Write, toml: str, told: str) -> None:
    assert told in faults(write(f"{PORTAL}{MAIN}[statement]\n{toml}\n"))


# --- several installations


def test_a_ticket_goes_to_the_installation_whose_serial_it_names(write: Write) -> None:
    environ = {**ENVIRON, "OTBRIDGE_MOODLE_TOKEN_MAIN": "one", "OTBRIDGE_MOODLE_TOKEN_SECOND_LMS": "two"}
    settings = load(write(PORTAL + MAIN + SECOND), environ)
    found = settings.installation("B")
    assert found is not None
    assert (found.name, found.url, found.transport) == ("second-lms", "https://two.example.ru/moodle", "soap")
    assert settings.moodle_tokens == {"main": "one", "second-lms": "two"}


def test_a_serial_that_nobody_has_finds_none(write: Write) -> None:
    assert load(write(), ENVIRON).installation("Z") is None


def test_a_ticket_without_a_serial_goes_to_the_only_installation(write: Write) -> None:
    alone = load(write(), ENVIRON)
    assert alone.installation(None) is alone.installations[0]


def test_a_ticket_without_a_serial_goes_to_none_of_several(write: Write) -> None:
    environ = {**ENVIRON, "OTBRIDGE_MOODLE_TOKEN_MAIN": "one", "OTBRIDGE_MOODLE_TOKEN_SECOND_LMS": "two"}
    assert load(write(PORTAL + MAIN + SECOND), environ).installation(None) is None


def test_each_of_several_installations_needs_its_own_token(write: Write) -> None:
    told = faults(write(PORTAL + MAIN + SECOND))
    assert "OTBRIDGE_MOODLE_TOKEN_MAIN: missing" in told
    assert "OTBRIDGE_MOODLE_TOKEN_SECOND_LMS: missing" in told


# --- secrets


@pytest.mark.parametrize(
    ("environ", "credential", "secret"),
    [
        ({"OTBRIDGE_PORTAL_TOKEN": "environ"}, "credential", "environ"),
        ({}, "credential", "credential"),
        ({}, None, "file"),
    ],
)
def test_the_environment_goes_before_credentials_and_these_before_the_env_file(
    write: Write, tmp_path: Path, environ: Any, credential: str | None, secret: str
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    if credential:
        (credentials / "OTBRIDGE_PORTAL_TOKEN").write_text(f"{credential}\n", encoding="utf-8")
    path = write(env="OTBRIDGE_PORTAL_TOKEN=file\nOTBRIDGE_MOODLE_TOKEN=m\n")
    assert load(path, {"CREDENTIALS_DIRECTORY": str(credentials), **environ}).portal_secret == secret


def test_a_secret_of_the_env_file_is_taken_literally(write: Write) -> None:
    path = write(env="OTBRIDGE_PORTAL_TOKEN='a$b${HOME}#c'\nOTBRIDGE_MOODLE_TOKEN=m\n")
    assert load(path, {}).portal_secret == "a$b${HOME}#c"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_an_env_file_that_others_may_read_is_refused_with_advice(
    write: Write, tmp_path: Path, mode: int
) -> None:
    told = faults(write(env="OTBRIDGE_PORTAL_TOKEN=x\n", mode=mode))
    assert f"{tmp_path / '.env'} holds secrets, but others may read it (mode {mode:04o})" in told
    assert f"chmod 600 {tmp_path / '.env'}" in told


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_an_env_file_that_only_its_owner_may_read_is_taken(write: Write, mode: int) -> None:
    assert (
        load(write(env="OTBRIDGE_PORTAL_TOKEN=x\nOTBRIDGE_MOODLE_TOKEN=y\n", mode=mode), {}).portal_secret
        == "x"
    )


def test_an_env_file_that_is_no_text_is_named(write: Write, tmp_path: Path) -> None:
    assert f"{tmp_path / '.env'} cannot be read" in faults(write(env=b"OTBRIDGE_PORTAL_TOKEN=\xff\xfe"), {})


def test_a_credential_that_is_no_text_is_named(write: Write, tmp_path: Path) -> None:
    (tmp_path / "OTBRIDGE_PORTAL_TOKEN").write_bytes(b"\xff\xfe")
    told = faults(write(), {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert f"{tmp_path / 'OTBRIDGE_PORTAL_TOKEN'} cannot be read" in told


def test_missing_secrets_are_named_with_where_they_may_stand(write: Write, tmp_path: Path) -> None:
    told = faults(write(), {})
    assert (
        f"OTBRIDGE_PORTAL_TOKEN: missing; set it in the environment, in {tmp_path / '.env'} "
        "(mode 0600), or as a systemd credential"
    ) in told
    assert "OTBRIDGE_MOODLE_TOKEN: missing" in told


def test_with_otserial_the_key_of_the_installation_is_the_secret(write: Write) -> None:
    path = write(PORTAL + 'auth = "otserial"\nserial = "A"\n' + MAIN)
    assert load(path, {**ENVIRON, "OTBRIDGE_PORTAL_OTKEY": "key"}).portal_secret == "key"
    assert "OTBRIDGE_PORTAL_OTKEY: missing" in faults(path)


def test_the_unit_s_credential_is_the_env_file(write: Write, tmp_path: Path) -> None:
    (tmp_path / "env").write_text("OTBRIDGE_PORTAL_TOKEN=p\nOTBRIDGE_MOODLE_TOKEN=m\n", encoding="utf-8")
    settings = load(write(env="OTBRIDGE_PORTAL_TOKEN=not this\n"), {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert (settings.portal_secret, settings.moodle_tokens) == ("p", {"main": "m"})


@pytest.fixture
def forbidden_env(monkeypatch: pytest.MonkeyPatch) -> None:
    """A .env file that this user may not read, also where the tests are run by root."""

    def refused(*_args: object, **_more: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("dotenv.dotenv_values", refused)


POSTGRESQL = '[bridge]\njournal = "postgresql://otbridge@h/d"\n' + PORTAL + MAIN


@pytest.mark.usefixtures("forbidden_env")
@pytest.mark.parametrize("toml", [PORTAL + MAIN, POSTGRESQL])
def test_an_env_file_that_nobody_needs_may_be_unreadable(write: Write, toml: Any) -> None:
    assert load(write(toml, env="X=1\n"), ENVIRON).portal_secret == "portal-secret"
    assert load(write(toml, env="X=1\n"), {}, tokens=False).portal_secret == ""


@pytest.mark.usefixtures("forbidden_env")
def test_an_env_file_that_is_needed_and_unreadable_is_named(write: Write, tmp_path: Path) -> None:
    assert f"{tmp_path / '.env'} cannot be read\n  - this user may not read it" in faults(
        write(env="X=1\n"), {}
    )


def test_without_tokens_none_is_asked_for(write: Write) -> None:
    settings = load(write(), {}, tokens=False)
    assert (settings.portal_secret, settings.moodle_tokens) == ("", {})


@pytest.mark.parametrize("tokens", [True, False])
def test_a_postgresql_journal_has_its_password_from_where_the_tokens_are(write: Write, tokens: bool) -> None:
    env = "OTBRIDGE_PORTAL_TOKEN=p\nOTBRIDGE_MOODLE_TOKEN=m\nOTBRIDGE_JOURNAL_PASSWORD=Hjk7\n"
    settings = load(write(POSTGRESQL, env=env), {}, tokens=tokens)
    assert settings.journal_password == "Hjk7"
    assert "Hjk7" not in repr(settings)
    assert load(write(env=env), {}, tokens=tokens).journal_password == ""


def test_no_secret_shows_when_settings_are_printed(write: Write) -> None:
    settings = load(write(env="OTBRIDGE_PORTAL_TOKEN=Hjk7\nOTBRIDGE_MOODLE_TOKEN=Qwe9\n"), {})
    for shown in (repr(settings), str(settings), f"{settings}"):
        assert "Hjk7" not in shown
        assert "Qwe9" not in shown


# --- faults


@pytest.mark.parametrize(
    ("toml", "fault"),
    [
        (MAIN, "portal: missing"),
        (PORTAL, "installation: missing"),
        (f"installation = []\n{PORTAL}", "installation: at least one [[installation]] is needed"),
        (f"[brige]\n{PORTAL}{MAIN}", "brige: there is no such key"),
        (f"[bridge]\npoll = 1\n{PORTAL}{MAIN}", "bridge.poll: there is no such key"),
        (f"[bridge]\npoll_seconds = 0\n{PORTAL}{MAIN}", "bridge.poll_seconds: must be more than 0"),
        (f"[bridge]\npoll_seconds = inf\n{PORTAL}{MAIN}", "bridge.poll_seconds: must be at most 86400"),
        (f'{PORTAL}name = "Портал"\n{MAIN}', "portal.name: must match"),
        (f'{PORTAL}auth = "basic"\n{MAIN}', "portal.auth: must be one of 'bearer', 'otserial'"),
        (f'{PORTAL}auth = "otserial"\n{MAIN}', 'portal: serial: missing, auth = "otserial" needs it'),
        (f'{PORTAL}token = "x"\n{MAIN}', "portal.token: there is no such key"),
        (f'{PORTAL}category_prefix = ""\n{MAIN}', "portal.category_prefix: must name a category"),
        (f'{PORTAL}{MAIN}transport = "xmlrpc"\n', "installation.0.transport: must be one of 'rest', 'soap'"),
        (f"{PORTAL}{MAIN}restore_category = 0\n", "installation.0.restore_category: must be more than 0"),
        (f'{PORTAL}{MAIN}[policy]\nunattended = "all"\n', "policy.unattended: must be a list in brackets"),
        (
            f'{PORTAL}{MAIN}[policy]\nunattended = ["9.9.9"]\n',
            "policy.unattended: 9.9.9: the catalogue has no such service",
        ),
        (
            f"{PORTAL}{MAIN}[policy.create-role]\ncapabilities = []\n",
            "policy.create-role.capabilities: there is no such key",
        ),
        (
            f'{PORTAL}{MAIN}[policy.create-role]\ncapabilities_allowed = "tool/*"\n',
            "policy.create-role.capabilities_allowed: must be a list in brackets",
        ),
        (f"{PORTAL}{MAIN}[policy]\ncreate-role = 3\n", "policy.create-role: must be a table"),
        (
            f"{PORTAL}{MAIN}[policy]\ncreate-role = 3\ncapabilities_allowed = []\n",
            "policy.create-role: must be a table",
        ),
        (f"{PORTAL}{MAIN}[policy.create-groups]\n", "policy.create-groups: there is no such key"),
        (f"policy = 3\n{PORTAL}{MAIN}", "policy: must be a table"),
        (f"{PORTAL}{MAIN}{SECOND.replace('second-lms', 'main')}", "installation: name “main” stands twice"),
        (
            f"{PORTAL}{MAIN}{SECOND.replace(chr(34) + 'B', chr(34) + 'A')}",
            "installation: serial “A” stands twice",
        ),
        (
            PORTAL + MAIN.replace("serial", 'name = "a-b"\nserial') + SECOND.replace("second-lms", "a_b"),
            "installation: name “a-b” stands twice",
        ),
        (
            f'[bridge]\njournal = "postgresql+psycopg://u:secret@h/d"\n{PORTAL}{MAIN}',
            "bridge.journal: must hold no password",
        ),
        (
            f'[bridge]\njournal = "postgresql://h/d?password=secret"\n{PORTAL}{MAIN}',
            "bridge.journal: must hold no password",
        ),
        (
            f'[bridge]\njournal = "postgresql://h/d?sslpassword=secret"\n{PORTAL}{MAIN}',
            "bridge.journal: must hold no password",
        ),
        (f'[bridge]\ncatalogue = "none.toml"\n{PORTAL}{MAIN}', "bridge.domain.catalogue: "),
        (f'[bridge]\ntemplates = "none"\n{PORTAL}{MAIN}', "bridge.templates: "),
        (
            f"{PORTAL}[installation]\nserial = 'A'\n",
            "installation: write [[installation]], with two brackets: there may be several",
        ),
        ("[portal", "is not valid TOML"),
    ],
)
def test_a_fault_is_named_with_its_file_and_key(write: Write, toml: Any, fault: str) -> None:
    path = write(toml)
    told = faults(path)
    assert fault in told
    assert str(path.parent) in told


GO_TOGETHER = (
    'portal: engine = "redmine" and the table [portal.redmine], which otbridge '
    "init-redmine prints, go together"
)


@pytest.mark.parametrize(
    ("toml", "fault"),
    [
        (f'{PORTAL}engine = "redmine"\n', GO_TOGETHER),
        (REDMINE.replace('engine = "redmine"\n', ""), GO_TOGETHER),
        (REDMINE.replace('"redmine"', '"contract"'), GO_TOGETHER),
        (REDMINE.replace('"redmine"', '"jira"'), "portal.engine: must be one of 'contract', 'redmine'"),
        (
            REDMINE.replace("engine", 'auth = "otserial"\nserial = "A"\nengine'),
            'portal: auth: a Redmine knows API keys only: "bearer"',
        ),
        (
            REDMINE.replace("engine", "settle_seconds = 59\nengine"),
            "portal: settle_seconds: must not be less than read_seconds",
        ),
        (
            REDMINE.replace("engine", "read_seconds = 121\nengine"),
            "portal: settle_seconds: must not be less than read_seconds",
        ),
        (
            REDMINE.replace("engine", "settle_seconds = 0\nengine"),
            "portal.settle_seconds: must be more than 0",
        ),
        (REDMINE.replace("ticket = 1", "ticket = 0"), "portal.redmine.trackers.ticket: must be more than 0"),
        (REDMINE.replace("ticket = 1", "ticket = 1, bug = 3"), "portal.redmine.trackers.bug: "),
        (REDMINE.replace(", done = 5", ""), "portal.redmine: ticket_states: no status for done"),
        (
            REDMINE.replace("done = 5", "done = 6"),
            "portal.redmine: ticket_states: the same id for done, withdrawn",
        ),
        (REDMINE.replace("trackers", "tracker"), "portal.redmine.trackers: missing"),
        (REDMINE.replace("[portal.redmine]\n", '[portal.redmine]\nurl = "x"\n'), "portal.redmine.url: "),
    ],
)
def test_a_fault_of_a_redmine_is_named_with_its_key(write: Write, toml: Any, fault: Any) -> None:
    assert fault in faults(write(toml + MAIN))


@pytest.mark.parametrize("seconds", [60, 61])
def test_what_was_sent_to_a_redmine_settles_no_sooner_than_its_answer_is_given_up(
    write: Write, seconds: int
) -> None:
    assert (
        load(
            write(REDMINE.replace("engine", f"settle_seconds = {seconds}\nengine") + MAIN), ENVIRON
        ).portal.settle_seconds
        == seconds
    )


@pytest.mark.parametrize(
    "url",
    [
        "ftp://x.ru",
        "lms.example.ru",
        "https://",
        "https://u:p@x.ru",
        "https://x.ru?token=1",
        "https://x.ru#a",
        "https://[::1",
        "https://x.ru:x",
        "https://x.ru:0",
    ],
)
def test_what_is_no_plain_address_is_refused(write: Write, url: str) -> None:
    assert "installation.0.url: " in faults(write(PORTAL + MAIN.replace("https://lms.example.ru", url)))


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "127.0.1.1", "localhost", "[::1]:80"])
def test_plain_http_is_for_this_machine(write: Write, host: str) -> None:
    assert (
        load(write(PORTAL + MAIN.replace("https://lms.example.ru", f"http://{host}")), ENVIRON)
        .installations[0]
        .url
        == f"http://{host}"
    )


@pytest.mark.parametrize(
    "host", ["lms.example.ru", "127.0.0.1.example.ru", "localhost.example.ru", "0.0.0.0", "10.0.0.1"]
)
def test_plain_http_to_another_machine_is_refused(write: Write, host: str) -> None:
    told = faults(write(PORTAL + MAIN.replace("https://lms.example.ru", f"http://{host}")))
    assert "installation.0.url: must be https://; plain http:// is for this machine only" in told


def test_all_faults_are_told_at_once(write: Write, tmp_path: Path) -> None:
    toml = '[bridge]\npoll_seconds = 0\n[portal]\nurl = "portal"\n' + MAIN.replace("https", "ftp")
    told = faults(write(toml, env="X=1\n", mode=0o644))
    for fault in (
        "bridge.poll_seconds: ",
        "portal.url: ",
        "installation.0.url: ",
        f"chmod 600 {tmp_path / '.env'}",
    ):
        assert fault in told


def test_faults_of_settings_catalogue_and_secrets_are_told_at_once(write: Write, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[[service]]\nid = 'x'\n", encoding="utf-8")
    told = faults(
        write(f'[bridge]\ncatalogue = "c.toml"\n{PORTAL}{MAIN}{SECOND.replace("second-lms", "main")}'), {}
    )
    for fault in (
        "service x: name: ",
        "installation: name “main” stands twice",
        "OTBRIDGE_PORTAL_TOKEN: missing",
    ):
        assert fault in told


def test_a_catalogue_that_is_no_text_is_named(write: Write, tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_bytes("# Услуги".encode("cp1251"))
    assert f"bridge.domain.catalogue: {tmp_path / 'c.toml'} cannot be read" in faults(
        write(f'[bridge]\ncatalogue = "c.toml"\n{PORTAL}{MAIN}')
    )


def test_one_fault_of_an_installation_is_one_fault(write: Write) -> None:
    assert faults(write(PORTAL + MAIN.replace("https", "ftp"))).count("\n") == 1


# --- where settings are looked for


def test_a_place_where_this_user_may_not_look_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_args: object, **_more: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "stat", refused)
    monkeypatch.setattr(Path, "read_text", refused)
    told = faults(tmp_path / "bridge.toml")
    assert told == f"{tmp_path / 'bridge.toml'} cannot be read\n  - this user may not read it"


def test_a_named_file_is_the_only_one_looked_for(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no settings file") as caught:
        find(tmp_path / "none.toml")
    assert str(tmp_path / "none.toml") in str(caught.value)


def test_the_environment_may_name_the_file(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write()
    monkeypatch.setenv("OTBRIDGE_CONFIG", str(path))
    assert find() == path


def test_without_a_name_the_usual_places_are_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OTBRIDGE_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "bridge.toml").write_text(PORTAL + MAIN, encoding="utf-8")
    assert find() == Path("config/bridge.toml")
    assert isinstance(load(None, ENVIRON), Settings)
