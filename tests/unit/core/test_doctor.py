"""otbridge doctor: every check when all is well, and every fault with what to do and the exit code it
means.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.actions import ACTIONS
from bridge.actions.create_role.policy import CreateRoleRules
from bridge.domain.catalogue_file import read_catalogue
from bridge.domain.tickets import Ticket, TicketState
from bridge.flow.scope import Exit
from bridge.journal import migrate
from bridge.moodle_ws import AccessError, MoodleError, NotMoodle, TokenError, Unreachable
from bridge.operators.doctor import (
    ALWAYS_NEEDED,
    PLUGIN_VERSION,
    Check,
    check_journal,
    check_moodle,
    check_portal,
    check_settings,
    check_tickets,
)
from bridge.portal import (
    Meta,
    PortalError,
    PortalNotContract,
    PortalRefused,
    PortalUnauthorized,
    PortalUnreachable,
    TicketPage,
)
from bridge.portal.port import CAPABILITIES, SCOPES
from bridge.settings import BridgeTable, PolicyTable, PortalTable, Settings, load
from tests.builders import NOW, make_ticket

CATALOGUE = """
[category.development]
name = "Разработка"
coefficient = "1"
[[service]]
id = "restore"
name = "Курс"
billing = { kind = "actual" }
handling = "auto"
category = "development"
actions = ["restore-course"]

[[service]]
id = "access"
name = "Роль"
billing = { kind = "actual" }
handling = "auto"
category = "development"
actions = ["create-role"]
"""
TOML = """
[bridge]
journal = "sqlite:///journal.sqlite3"
catalogue = "catalogue.toml"
[portal]
url = "https://portal.example.ru/v1"
[[installation]]
serial = "A"
url = "https://lms.example.ru"
[policy]
unattended = ["restore", "access"]
"""
ENVIRON = {"OTBRIDGE_PORTAL_TOKEN": "p", "OTBRIDGE_MOODLE_TOKEN": "m"}


def settings_in(directory: Path, toml: str = TOML, catalogue: str = CATALOGUE) -> Settings:
    (directory / "bridge.toml").write_text(toml, encoding="utf-8")
    (directory / "catalogue.toml").write_text(catalogue, encoding="utf-8")
    return load(directory / "bridge.toml", ENVIRON)


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.operators.doctor.tr", lambda message: message)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


def only(checks: list[Check], name: str) -> Check:
    (found,) = [check for check in checks if check.name == name]
    return found


def is_well(checks: list[Check]) -> bool:
    return all(check.fault is Exit.WELL and not check.advice for check in checks)


# --- settings


def test_sound_settings_are_told(settings: Settings) -> None:
    checks = list(check_settings(settings))
    assert is_well(checks)
    assert only(checks, "settings").found == f"{settings.path}: 2 services in the catalogue"
    assert only(checks, "secrets").found == "from the environment or systemd credentials"


def test_an_env_file_of_its_owner_only_is_told(settings: Settings) -> None:
    (settings.path.parent / ".env").touch(mode=0o600)
    assert "is readable by its owner only" in only(list(check_settings(settings)), "secrets").found


def test_an_unattended_service_whose_action_the_bridge_does_not_have_is_a_fault(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, catalogue=CATALOGUE.replace("create-role", "fly"))
    fault = only(list(check_settings(settings)), "policy")
    assert (fault.found, fault.fault) == (
        "these services of [policy] unattended have no action that carries them out: access",
        Exit.CONFIGURATION,
    )
    assert all(name in fault.advice for name in ACTIONS)


def test_a_policy_that_lets_nothing_run_is_told(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, TOML.replace('["restore", "access"]', "[]"))
    assert (
        only(list(check_settings(settings)), "policy").found
        == "no service runs unattended: all work is done by hand"
    )


# --- journal


def test_a_journal_with_the_program_s_schema_is_well(settings: Settings) -> None:
    migrate(settings.bridge.journal)
    checks = list(check_journal(settings))
    assert is_well(checks)
    assert len(checks) == 1


def test_a_journal_that_was_never_made_wants_migrate(settings: Settings) -> None:
    (fault,) = check_journal(settings)
    assert fault.fault is Exit.JOURNAL
    assert fault.found.startswith("schema is –, the program wants ")
    assert "otbridge migrate" in fault.advice
    assert not Path(settings.bridge.journal.removeprefix("sqlite:///")).exists(), "looking makes no file"


def test_a_journal_that_cannot_be_read_is_a_fault(settings: Settings) -> None:
    Path(settings.bridge.journal.removeprefix("sqlite:///")).write_bytes(
        b"no database at all, but long enough to be read as one" * 100
    )
    (fault,) = check_journal(settings)
    assert (fault.fault, fault.advice) == (
        Exit.JOURNAL,
        "check [bridge] journal, the file's owner and the disk",
    )


# --- portal


class FakePortal:
    """A portal that says of itself what it is told to say."""

    name = "clients"

    def __init__(self, error: PortalError | None = None, **changes: Any) -> None:
        self.error = error
        self.said = replace(
            Meta("1.0", "osTicket 1.18", NOW, CAPABILITIES, SCOPES, Decimal("0.01")), **changes
        )

    def meta(self) -> Meta:
        if self.error:
            raise self.error
        return self.said


def portal_checks(
    error: PortalError | None = None,
    policy: PolicyTable = PolicyTable(),  # noqa: B008 (frozen)
    **changes: Any,
) -> list[Check]:
    return list(check_portal(FakePortal(error, **changes), site(policy), NOW))  # type: ignore[arg-type]


def site(policy: PolicyTable = PolicyTable(), **bridge: Any) -> Settings:  # noqa: B008 (frozen)
    """Settings without a file; `bridge` says what its table says beyond the defaults."""
    return Settings(
        path=Path("bridge.toml"),
        bridge=BridgeTable(**bridge),
        portal=PortalTable(name="clients", url="https://portal.example.ru"),
        installations=(),
        policy=policy,
        catalogue=read_catalogue(CATALOGUE, "catalogue.toml"),
        portal_secret="",
        moodle_tokens={},
    )


@pytest.mark.parametrize(
    "policy", [PolicyTable(accept_after_days=14), PolicyTable(accept_unasked=("access",))]
)
def test_acceptance_without_the_customer_s_word_needs_a_portal_that_knows_it(policy: Any) -> None:
    assert only(portal_checks(policy=policy), "portal abilities").found == "missing: tacit_acceptance"
    assert is_well(portal_checks(policy=policy, capabilities=CAPABILITIES | {"tacit_acceptance"}))


def test_a_portal_that_serves_the_contract_is_well() -> None:
    checks = portal_checks()
    assert is_well(checks)
    assert [check.name for check in checks] == [
        "portal clients",
        "portal scopes",
        "portal abilities",
        "portal clock",
    ]
    assert checks[0].found == "osTicket 1.18, contract 1.0"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (PortalUnreachable("GET /meta", "no route"), Exit.UNREACHABLE),
        (PortalNotContract("GET /meta", "HTML"), Exit.UNREACHABLE),
        (PortalUnauthorized("GET /meta", "wrong token", status=401), Exit.CONFIGURATION),
    ],
)
def test_a_portal_that_cannot_be_asked_ends_its_checks(error: Any, code: Any) -> None:
    (fault,) = portal_checks(error)
    assert (fault.found, fault.fault) == (str(error), code)
    assert "[portal] url" in fault.advice


@pytest.mark.parametrize(
    ("changes", "name", "found", "code"),
    [
        ({"contract": "2.0"}, "portal clients", "speaks contract 2.0", Exit.CONFIGURATION),
        ({"contract": "11.0"}, "portal clients", "speaks contract 11.0", Exit.CONFIGURATION),
        ({"scopes": SCOPES - {"ledger:write"}}, "portal scopes", "missing: ledger:write", Exit.CONFIGURATION),
        (
            {"capabilities": CAPABILITIES - {"holds", "ledger"}},
            "portal abilities",
            "missing: holds, ledger",
            Exit.CONFIGURATION,
        ),
        (
            {"time": NOW + timedelta(seconds=301)},
            "portal clock",
            "301 s apart from this machine's",
            Exit.OPERATOR,
        ),
        (
            {"time": NOW - timedelta(hours=1)},
            "portal clock",
            "3600 s apart from this machine's",
            Exit.OPERATOR,
        ),
    ],
)
def test_what_a_portal_lacks_is_a_fault(changes: Any, name: str, found: str, code: Any) -> None:
    checks = portal_checks(**changes)
    fault = only(checks, name)
    assert (fault.found, fault.fault) == (found, code)
    assert fault.advice
    assert is_well([check for check in checks if check is not fault])


@pytest.mark.parametrize("seconds", [300, -300])
def test_five_minutes_between_clocks_are_no_fault(seconds: int) -> None:
    assert is_well(portal_checks(time=NOW + timedelta(seconds=seconds)))


@pytest.mark.parametrize(
    ("seconds", "fault"), [(10, Exit.WELL), (-10, Exit.WELL), (11, Exit.OPERATOR), (-11, Exit.OPERATOR)]
)
def test_clocks_are_judged_by_the_limit_beyond_which_a_pass_lets_time_decide_nothing(
    seconds: int, fault: Any
) -> None:
    strict, theirs = site(clock_difference_seconds=10), NOW + timedelta(seconds=seconds)
    portal = only(list(check_portal(FakePortal(time=theirs), strict, NOW)), "portal clock")  # type: ignore[arg-type]
    moodle = only(moodle_checks(strict, plugin={**PLUGIN, "time": int(theirs.timestamp())}), "Moodle clock")
    assert (portal.fault, moodle.fault) == (fault, fault)


# --- tickets


class Telling(FakePortal):
    """A portal that tells these tickets, so many on a page."""

    def __init__(self, *tickets: Ticket, size: int = 2, error: PortalError | None = None) -> None:
        super().__init__(error)
        self.tickets, self.size = tickets, size
        self.asked: list[str] = []
        self.unreadable: frozenset[str] = frozenset()

    def account(self, account_id: str) -> None:
        self.asked.append(account_id)
        if account_id in self.unreadable:
            raise PortalRefused("project 3", "time entry 7: 'field 41' may not be seen", code="account")

    def changed_tickets(self, cursor: str | None, etag: str | None = None) -> TicketPage:
        if self.error:
            raise self.error
        start = int(cursor or 0)
        end = start + self.size
        return TicketPage(self.tickets[start:end], (), str(end), None, has_more=end < len(self.tickets))


def ticket_checks(settings: Settings, portal: Telling) -> dict[str, Check]:
    return {check.name: check for check in check_tickets(portal, settings)}  # type: ignore[arg-type]


def tickets(*serials: str | None, **changes: Any) -> list[Ticket]:
    return [
        make_ticket(id=f"{serial}-{place}", installation=serial, **changes)
        for place, serial in enumerate(serials)
    ]


def test_tickets_that_the_settings_let_through_are_counted(settings: Settings) -> None:
    other = make_ticket(id="o", category="Общие вопросы")
    over = make_ticket(id="d", state=TicketState.DONE, installation="OLD")
    checks = ticket_checks(settings, Telling(*tickets("A", "A", None), other, over))
    assert is_well(list(checks.values()))
    assert (
        checks["tickets"].found == "3 of 4 open tickets stand in “Выделенный специалист (н.часы)” or below it"
    )
    assert checks["serials"].found == "3 of 3 are about an [[installation]] of the settings"


def test_the_balances_of_paid_tickets_are_read(settings: Settings) -> None:
    portal = Telling(
        *tickets("A", "A", account_id="school"), *tickets("A", account_id="other", category="Общие вопросы")
    )
    assert ticket_checks(settings, portal)["accounts"].found == "balances of 1 accounts can be read"
    assert portal.asked == ["school"]
    many = Telling(*(make_ticket(id=str(number), account_id=str(number)) for number in range(10)), size=10)
    assert len([*ticket_checks(settings, many), *many.asked]) == 3 + 10


def test_a_balance_that_cannot_be_read_is_told(settings: Settings) -> None:
    portal = Telling(*tickets("A", account_id="school"), *tickets("A", account_id="blind\x1b"))
    portal.unreadable = frozenset({"blind\x1b"})
    fault = ticket_checks(settings, portal)["account blind\\x1b"]
    assert (fault.fault, "'field 41' may not be seen" in fault.found) == (Exit.CONFIGURATION, True)
    assert fault.advice


def test_a_category_that_is_mistyped_lets_none_through_and_is_told_with_those_there_are(
    settings: Settings,
) -> None:
    checks = ticket_checks(
        settings,
        Telling(*tickets("A", "A", category="Выделенный специалст/x"), *tickets("B", category="Прочее\x1b")),
    )
    fault = checks["tickets"]
    assert (fault.found[:4], fault.fault) == ("0 of", Exit.CONFIGURATION)
    assert fault.advice == (
        "check [portal] category_prefix; the portal's categories are: Выделенный специалст/x "
        "(2), Прочее\\x1b (1)"
    )
    assert "serials" not in checks


def test_a_serial_that_is_mistyped_is_told_with_those_of_the_tickets(settings: Settings) -> None:
    checks = ticket_checks(settings, Telling(*tickets("AA", "AA", "BB")))
    fault = checks["serials"]
    assert (fault.found, fault.fault) == (
        "0 of 3 are about an [[installation]] of the settings; no ticket names A",
        Exit.CONFIGURATION,
    )
    assert fault.advice == "compare the serials of [[installation]] with those of the tickets: AA (2), BB (1)"


def test_a_portal_without_tickets_is_no_fault(settings: Settings) -> None:
    checks = ticket_checks(settings, Telling())
    assert is_well(list(checks.values()))
    assert list(checks) == ["tickets"]


def test_of_a_large_portal_only_the_first_pages_are_read(settings: Settings) -> None:
    checks = ticket_checks(settings, Telling(*tickets(*["A"] * 30)))
    assert checks["tickets"].found.startswith("10 of 10 ")
    assert "only the first 5 pages were read" in checks["tickets"].found


def test_tickets_that_cannot_be_asked_for_are_told(settings: Settings) -> None:
    (fault,) = ticket_checks(settings, Telling(error=PortalUnreachable("GET /tickets", "no route"))).values()
    assert (fault.name, fault.fault) == ("tickets", Exit.UNREACHABLE)


# --- Moodle

FUNCTIONS = ALWAYS_NEEDED.union(*(action.functions for action in ACTIONS.values()))
GRANTS = frozenset[str]().union(*(action.capabilities for action in ACTIONS.values()))
INFO = {
    "sitename": "СДО",
    "release": "4.5",
    "username": "otbridge",
    "functions": [{"name": name} for name in FUNCTIONS],
}
SECONDS = int(NOW.timestamp())
CATEGORIES = [{"id": 5, "path": "/2/5"}, {"id": 7, "path": "/7"}]
PLUGIN = {
    "release": "4.5",
    "version": "2024100700",
    "pluginversion": PLUGIN_VERSION,
    "pluginrelease": "1.0",
    "phpversion": "8.1",
    "time": SECONDS,
    "lastcron": SECONDS - 30,
    "adhocqueued": 0,
    "recyclebin": True,
    "backupfolder": True,
    "capabilities": [{"name": name, "granted": True} for name in GRANTS],
    "steps": [
        {"name": name, "available": True, "reason": "", "heavy": False, "needs": "[]"}
        for name in sorted(frozenset[str]().union(*(action.steps for action in ACTIONS.values())))
    ],
    "policy": json.dumps({"stepsoff": [], "risks": ["xss", "spam"], "contexts": [], "categories": []}),
}


class FakeMoodle:
    """A Moodle that says of itself and of its plugin what it is told to say."""

    def __init__(self, info: Any = INFO, plugin: Any = PLUGIN) -> None:
        self.info, self.plugin = info, plugin

    def site_info(self) -> Any:
        return self._said(self.info)

    def read(self, function: str, /, **params: Any) -> Any:
        if function == "core_course_get_categories":
            assert params["addsubcategories"] is False
            (wanted,) = params["criteria"]
            return [one for one in CATEGORIES if str(one["id"]) == wanted["value"]]
        assert (function, params) == ("local_otbridge_get_info", {})
        return self._said(self.plugin)

    @staticmethod
    def _said(value: Any) -> Any:
        if isinstance(value, MoodleError):
            raise value
        return value


def moodle_checks(settings: Settings, info: Any = INFO, plugin: Any = PLUGIN) -> list[Check]:
    return list(check_moodle("main", FakeMoodle(info, plugin), settings, NOW))


def lacking(*names: str) -> dict[str, Any]:
    return {**INFO, "functions": [{"name": name} for name in FUNCTIONS if name not in names]}


def test_a_moodle_with_everything_is_well(settings: Settings) -> None:
    checks = moodle_checks(settings)
    assert is_well(checks)
    assert [check.name for check in checks] == [
        "Moodle main",
        "functions",
        "plugin",
        "capabilities",
        "steps",
        "policies",
        "cron",
        "backups",
        "Moodle clock",
    ]
    assert checks[0].found == "СДО, Moodle 4.5, user otbridge"
    assert only(checks, "cron").found == "ran 30 s ago"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Unreachable("core_webservice_get_site_info", "no route"), Exit.UNREACHABLE),
        (NotMoodle("core_webservice_get_site_info", "HTML"), Exit.UNREACHABLE),
        (TokenError("core_webservice_get_site_info", "Invalid token"), Exit.CONFIGURATION),
        (AccessError("core_webservice_get_site_info", "no access"), Exit.CONFIGURATION),
    ],
)
def test_a_moodle_that_cannot_be_asked_ends_its_checks(settings: Settings, error: Any, code: Any) -> None:
    (fault,) = moodle_checks(settings, info=error)
    assert (fault.found, fault.advice, fault.fault) == (
        f"{error.function}: {error.detail}",
        error.advice,
        code,
    )


def test_an_answer_that_is_not_moodle_s_is_a_fault(settings: Settings) -> None:
    (fault,) = moodle_checks(settings, info={"hello": "world"})
    assert (fault.name, fault.fault) == ("Moodle main", Exit.UNREACHABLE)
    assert fault.advice


def test_a_missing_function_is_named(settings: Settings) -> None:
    checks = moodle_checks(settings, info=lacking("local_otbridge_run", "core_course_get_categories"))
    fault = only(checks, "functions")
    assert fault.found == "missing: core_course_get_categories, local_otbridge_run"
    assert (fault.fault, "local_otbridge" in fault.advice) == (Exit.CONFIGURATION, True)


def test_only_what_runs_unattended_is_needed(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, TOML.replace('["restore", "access"]', '["restore"]'))
    assert is_well(
        moodle_checks(settings, info=lacking("core_user_get_users_by_field", "core_course_create_courses"))
    )


@pytest.mark.parametrize(
    ("steps", "found"),
    [
        (
            [{"name": "role.create", "available": False, "reason": "switched off"}],
            "role.create (switched off)",
        ),
        ([], "role.create (not in this plugin)"),
    ],
)
def test_steps_that_cannot_run_are_named(settings: Settings, steps: Any, found: str) -> None:
    check = only(moodle_checks(settings, plugin={**PLUGIN, "steps": steps}), "steps")
    assert found in check.found
    assert check.fault is Exit.CONFIGURATION


def test_both_policies_are_shown(settings: Settings) -> None:
    allowed = replace(
        settings, rules=(CreateRoleRules(capabilities_allowed=("moodle/course:*", "tool/x:y")),)
    )
    policy = {
        "stepsoff": ["role.create"],
        "risks": ["xss"],
        "contexts": ["teacher:system"],
        "categories": [2],
    }
    check = only(moodle_checks(allowed, plugin={**PLUGIN, "policy": json.dumps(policy)}), "policies")
    assert check.found == (
        "the bridge's own rules of actions: create-role.capabilities_allowed = moodle/course:*, tool/x:y; "
        "Moodle allows risks: xss; wider contexts: teacher:system; categories: 2; steps off: role.create"
    )


@pytest.mark.parametrize(
    ("category", "allowed", "found"),
    [
        (5, [], ""),
        (5, [2], ""),
        (7, [2], "category 7 is not among those that Moodle's policy lets the bridge work in"),
        (9, [], "Moodle shows no category 9"),
    ],
)
def test_a_category_for_lost_courses_must_be_one_that_moodles_policy_allows(
    settings: Settings, category: int, allowed: list[int], found: str
) -> None:
    (installation,) = settings.installations
    there = replace(settings, installations=(installation.model_copy(update={"restore_category": category}),))
    policy = {"stepsoff": [], "risks": [], "contexts": [], "categories": allowed}
    checks = moodle_checks(there, plugin={**PLUGIN, "policy": json.dumps(policy)})
    told = [check for check in checks if check.name == "restore_category"]
    assert [check.found for check in told] == ([found] if found else [])
    assert all(check.fault is Exit.CONFIGURATION for check in told)


def test_without_the_plugin_its_checks_are_left_out(settings: Settings) -> None:
    checks = moodle_checks(settings, info=lacking("local_otbridge_get_info"))
    assert [check.name for check in checks] == ["Moodle main", "functions"]


def test_a_plugin_that_may_not_be_asked_is_a_fault(settings: Settings) -> None:
    fault = only(
        moodle_checks(settings, plugin=AccessError("local_otbridge_get_info", "no capability")), "plugin"
    )
    assert (fault.fault, fault.advice) == (Exit.CONFIGURATION, AccessError.advice)


def test_a_plugin_too_old_to_tell_everything_is_a_fault(settings: Settings) -> None:
    old = {key: value for key, value in PLUGIN.items() if key not in ("capabilities", "recyclebin")}
    fault = only(moodle_checks(settings, plugin={**old, "pluginversion": 2020010100}), "plugin")
    assert fault.fault is Exit.CONFIGURATION
    assert str(PLUGIN_VERSION) in fault.advice


@pytest.mark.parametrize(
    ("changes", "name", "found", "code"),
    [
        (
            {"pluginversion": PLUGIN_VERSION - 1},
            "plugin",
            f"local_otbridge 1.0 ({PLUGIN_VERSION - 1}), PHP 8.1",
            Exit.CONFIGURATION,
        ),
        (
            {
                "capabilities": [
                    {"name": name, "granted": name != "moodle/role:manage"}
                    for name in GRANTS
                    if name != "local/otbridge:view"
                ]
            },
            "capabilities",
            "missing: local/otbridge:view, moodle/role:manage",
            Exit.CONFIGURATION,
        ),
        ({"lastcron": SECONDS - 601}, "cron", "last ran: 2026-03-01 09:19 UTC", Exit.OPERATOR),
        ({"lastcron": 0}, "cron", "last ran: never", Exit.OPERATOR),
        (
            {"recyclebin": False, "backupfolder": False},
            "backups",
            "neither recycle bin nor backup folder: deleted courses cannot come back",
            Exit.OPERATOR,
        ),
        ({"time": SECONDS + 420}, "Moodle clock", "420 s apart from this machine's", Exit.OPERATOR),
    ],
)
def test_what_a_moodle_lacks_is_a_fault(
    settings: Settings, changes: Any, name: str, found: str, code: Any
) -> None:
    checks = moodle_checks(settings, plugin={**PLUGIN, **changes})
    fault = only(checks, name)
    assert (fault.found, fault.fault) == (found, code)
    assert fault.advice
    assert is_well([check for check in checks if check is not fault])


@pytest.mark.parametrize(
    ("bin_", "folder", "found"), [(True, False, "recycle bin"), (False, True, "backup folder")]
)
def test_one_source_of_backups_is_enough(settings: Settings, bin_: bool, folder: bool, found: str) -> None:
    assert (
        only(
            moodle_checks(settings, plugin={**PLUGIN, "recyclebin": bin_, "backupfolder": folder}), "backups"
        ).found
        == found
    )
