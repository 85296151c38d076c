"""otbridge doctor's checks: settings, journal, portal, and each Moodle; every fault comes with what to do
about it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from bridge import plain
from bridge.actions import ACTIONS, Policy
from bridge.domain.catalogue import Handling, Service
from bridge.domain.tickets import Ticket, TicketState, is_paid
from bridge.flow.scope import Exit
from bridge.i18n import noop, tr
from bridge.journal import JournalError, schema_state
from bridge.moodle_ws import AccessError, MoodleError, NotMoodle, TokenError
from bridge.portal import Portal, PortalError, PortalForbidden, PortalUnauthorized
from bridge.portal.port import CAPABILITIES, CONTRACT, SCOPES
from bridge.settings import InstallationTable, Settings

PLUGIN_VERSION = 2026112903
"""The oldest version of local_otbridge that has every function of docs/plugin-api.md."""

ALWAYS_NEEDED = frozenset(
    {"core_webservice_get_site_info", "local_otbridge_get_info", "local_otbridge_get_operation"}
)
CRON_SILENCE = timedelta(minutes=10)

MOST_PAGES = 5
"""Pages of tickets that doctor reads to count them."""

_OVER = frozenset({TicketState.DONE, TicketState.WITHDRAWN})
_MOST_NAMES = 10
_MOST_ACCOUNTS = 10

INSTEAD = {
    "holds": noop(
        "the journal keeps the holds and counts them out of the balance; nobody else may spend the same hours"
    ),
    "idempotent_writes": noop(
        "each write carries its key, is looked for before and after it, by one writer at a "
        "time, and never sent twice within settle_seconds"
    ),
    "compare_and_set": noop(
        "states are compared before they are set; what is the customer's to say, the engine's workflow keeps"
    ),
    "change_cursor": noop(
        "time stamps are read with an overlap of settle_seconds; time that was changed or "
        "deleted is noticed with its ticket's next change"
    ),
}
"""What the bridge does instead of an ability that an engine lacks and its adapter makes up for."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was looked at, what was found, and, for a fault, what to do and which exit code it
    means.
    """

    name: str
    found: str
    advice: str = ""
    fault: Exit = Exit.WELL


class Probed(Protocol):
    """What doctor asks a Moodle."""

    def site_info(self) -> Mapping[str, Any]: ...
    def read(self, function: str, /, **params: Any) -> Any: ...


def check_settings(settings: Settings) -> Iterator[Check]:
    """The settings could be read, or nothing would run; this check names what they leave out."""
    yield Check(
        tr("settings"),
        tr("{path}: {count} services in the catalogue").format(
            path=settings.path, count=len(settings.catalogue)
        ),
    )
    env = settings.path.parent / ".env"
    found = (
        tr("{path} is readable by its owner only").format(path=env)
        if env.exists()
        else tr("from the environment or systemd credentials")
    )
    yield Check(tr("secrets"), found)
    by_hand = sorted(
        one for one in settings.policy.unattended if not _has_action(settings.catalogue.get(one))
    )
    if by_hand:
        yield Check(
            tr("policy"),
            tr("these services of [policy] unattended have no action that carries them out: {ids}").format(
                ids=", ".join(by_hand)
            ),
            tr("take them out: they are worked on by hand; actions are {actions}").format(
                actions=", ".join(sorted(ACTIONS))
            ),
            Exit.CONFIGURATION,
        )
    elif not settings.policy.unattended:
        yield Check(tr("policy"), tr("no service runs unattended: all work is done by hand"))


def _has_action(service: Service | None) -> bool:
    return (
        service is not None
        and service.handling is Handling.AUTO
        and not ACTIONS.keys().isdisjoint(service.actions)
    )


def check_journal(settings: Settings) -> Iterator[Check]:
    """The journal's schema."""
    name = tr("journal")
    try:
        state = schema_state(settings.bridge.journal)
    except JournalError as error:
        yield Check(
            name, str(error), tr("check [bridge] journal, the file's owner and the disk"), Exit.JOURNAL
        )
        return
    if state.current == state.head:
        yield Check(name, tr("schema {revision}").format(revision=state.head))
    else:
        found = tr("schema is {current}, the program wants {head}").format(
            current=state.current or "–", head=state.head
        )
        yield Check(
            name, found, tr("run: otbridge migrate (a newer schema needs a newer program)"), Exit.JOURNAL
        )


def check_portal(portal: Portal, settings: Settings, now: datetime) -> Iterator[Check]:
    """The portal: reachable, contract, scopes, abilities, clock (by the limit beyond which a pass lets
    time decide nothing).
    """
    policy = settings.policy
    tacit = (
        frozenset({"tacit_acceptance"}) if policy.accept_after_days or policy.accept_unasked else frozenset()
    )
    name = tr("portal {name}").format(name=portal.name)
    try:
        meta = portal.meta()
    except PortalError as error:
        code = (
            Exit.CONFIGURATION
            if isinstance(error, (PortalUnauthorized, PortalForbidden))
            else Exit.UNREACHABLE
        )
        yield Check(
            name, str(error), tr("check [portal] url, the network, the token or the serial and key"), code
        )
        return
    if meta.contract.startswith(CONTRACT):
        yield Check(
            name, tr("{engine}, contract {contract}").format(engine=meta.engine, contract=meta.contract)
        )
    else:
        found = tr("speaks contract {contract}").format(contract=meta.contract)
        yield Check(
            name, found, tr("this bridge speaks contract 1; upgrade the older side"), Exit.CONFIGURATION
        )
        return
    for title, have, needed, advice in (
        (tr("portal scopes"), meta.scopes, SCOPES, tr("give the token these scopes on the portal")),
        (
            tr("portal abilities"),
            meta.capabilities,
            (CAPABILITIES | tacit) - meta.made_up,
            tr("this engine needs an adapter that makes up for it (docs/portal-api.md)"),
        ),
    ):
        missing = needed - have
        if missing:
            yield Check(
                title,
                tr("missing: {names}").format(names=", ".join(sorted(missing))),
                advice,
                Exit.CONFIGURATION,
            )
        else:
            yield Check(title, ", ".join(sorted(needed)))
    for ability in sorted(meta.made_up):
        yield Check(tr("without {ability}").format(ability=ability), tr(INSTEAD[ability]))
    yield _clock(tr("portal clock"), meta.time, now, settings)


def check_tickets(portal: Portal, settings: Settings) -> Iterator[Check]:
    """How many tickets the settings let through: a category or a serial that is mistyped lets none.

    And that the balances of their accounts can be read.

    Parameters:
        portal: sends tickets of every category.
    """
    prefix, serials = settings.portal.category_prefix, {one.serial for one in settings.installations}
    try:
        tickets, more = _open_tickets(portal)
    except PortalError as error:
        yield Check(
            tr("tickets"),
            str(error),
            tr("check [portal] url, the network, the token or the serial and key"),
            Exit.UNREACHABLE,
        )
        return
    paid = [one for one in tickets if is_paid(one, prefix)]
    found = tr("{paid} of {all} open tickets stand in “{prefix}” or below it").format(
        paid=len(paid), all=len(tickets), prefix=prefix
    )
    if more:
        found += "; " + tr("only the first {pages} pages were read").format(pages=MOST_PAGES)
    if tickets and not paid:
        others = _counted(one.category for one in tickets)
        advice = tr("check [portal] category_prefix; the portal's categories are: {categories}").format(
            categories=others
        )
        yield Check(tr("tickets"), found, advice, Exit.CONFIGURATION)
    else:
        yield Check(tr("tickets"), found)
    known = [one for one in paid if settings.installation(one.installation) is not None]
    strangers = [
        one.installation or tr("none") for one in paid if settings.installation(one.installation) is None
    ]
    unseen = sorted(serials - {one.installation for one in paid})
    found = tr("{known} of {paid} are about an [[installation]] of the settings").format(
        known=len(known), paid=len(paid)
    )
    if unseen and strangers:
        found += "; " + tr("no ticket names {serials}").format(serials=", ".join(unseen))
    if strangers:
        advice = tr("compare the serials of [[installation]] with those of the tickets: {serials}").format(
            serials=_counted(strangers)
        )
        yield Check(tr("serials"), found, advice, Exit.CONFIGURATION)
    elif paid:
        yield Check(tr("serials"), found)
    yield from _accounts(portal, [one.account_id for one in paid])


def _accounts(portal: Portal, ids: Iterable[str]) -> Iterator[Check]:
    """That accounts of paid tickets can be read: who does not see norm-hours would write them off blindly."""
    wanted = list(dict.fromkeys(ids))[:_MOST_ACCOUNTS]
    for account in wanted:
        try:
            portal.account(account)
        except PortalError as error:
            advice = tr(
                "see that the bridge may read the account, and mend what is told; until then nothing "
                "of it is worked on"
            )
            yield Check(
                tr("account {account}").format(account=plain.line(account)),
                str(error),
                advice,
                Exit.CONFIGURATION,
            )
            return
    if wanted:
        yield Check(tr("accounts"), tr("balances of {count} accounts can be read").format(count=len(wanted)))


def _open_tickets(portal: Portal) -> tuple[list[Ticket], bool]:
    """Tickets that are neither done nor withdrawn, and whether there are more than were read."""
    found: dict[str, Ticket] = {}
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        page = portal.changed_tickets(cursor)
        if page is None:
            return list(found.values()), False
        found |= {one.id: one for one in page.tickets}
        if not page.has_more:
            break
        cursor = page.cursor
    else:
        return [one for one in found.values() if one.state not in _OVER], True
    return [one for one in found.values() if one.state not in _OVER], False


def _counted(names: Iterable[str]) -> str:
    """Names with how often each is there, the most frequent first."""
    counted = Counter(names).most_common(_MOST_NAMES)
    return ", ".join(f"{plain.line(name)} ({count})" for name, count in counted)


def check_moodle(name: str, moodle: Probed, settings: Settings, now: datetime) -> Iterator[Check]:
    """A Moodle: reachable, token, functions, plugin, capabilities, cron, clock."""
    title = tr("Moodle {name}").format(name=name)
    try:
        info = moodle.site_info()
        found = tr("{site}, Moodle {release}, user {user}").format(
            site=info["sitename"], release=info["release"], user=info["username"]
        )
        offered = {one["name"] for one in info["functions"]}
    except MoodleError as error:
        code = Exit.CONFIGURATION if isinstance(error, (TokenError, AccessError)) else Exit.UNREACHABLE
        yield Check(
            title, _description(error), tr(error.advice) or tr("check the installation's url and token"), code
        )
        return
    except (LookupError, TypeError) as error:
        yield Check(
            title, f"core_webservice_get_site_info: {error!r}", tr(NotMoodle.advice), Exit.UNREACHABLE
        )
        return
    yield Check(title, found)
    names = {
        name for one in settings.catalogue if one.id in settings.policy.unattended for name in one.actions
    }
    actions = [ACTIONS[name] for name in sorted(names & ACTIONS.keys())]
    functions = ALWAYS_NEEDED.union(*(action.functions for action in actions))
    missing = functions - offered
    if missing:
        advice = tr("install or upgrade the plugin local_otbridge and use a token of its service “otbridge”")
        yield Check(
            tr("functions"),
            tr("missing: {names}").format(names=", ".join(sorted(missing))),
            advice,
            Exit.CONFIGURATION,
        )
    else:
        yield Check(
            tr("functions"), tr("all {count} are in the token's service").format(count=len(functions))
        )
    if "local_otbridge_get_info" in missing:
        return
    try:
        plugin = moodle.read("local_otbridge_get_info")
        yield from list(
            _plugin(
                plugin,
                frozenset[str]().union(*(action.capabilities for action in actions)),
                frozenset[str]().union(*(action.steps for action in actions)),
                now,
                settings,
            )
        )
        installation = next((one for one in settings.installations if one.name == name), None)
        yield from list(_restore_category(moodle, json.loads(plugin["policy"])["categories"], installation))
    except MoodleError as error:
        yield Check(tr("plugin"), _description(error), tr(error.advice), Exit.CONFIGURATION)
    except (LookupError, TypeError) as error:
        advice = tr("upgrade it to {version} or newer").format(version=PLUGIN_VERSION)
        yield Check(tr("plugin"), f"local_otbridge_get_info: {error!r}", advice, Exit.CONFIGURATION)


def _plugin(
    plugin: Mapping[str, Any],
    needed: frozenset[str],
    steps: frozenset[str],
    now: datetime,
    settings: Settings,
) -> Iterator[Check]:
    found = tr("local_otbridge {release} ({version}), PHP {php}").format(
        release=plugin["pluginrelease"], version=plugin["pluginversion"], php=plugin["phpversion"]
    )
    if plugin["pluginversion"] >= PLUGIN_VERSION:
        yield Check(tr("plugin"), found)
    else:
        yield Check(
            tr("plugin"),
            found,
            tr("upgrade it to {version} or newer").format(version=PLUGIN_VERSION),
            Exit.CONFIGURATION,
        )
    lacking = needed - {one["name"] for one in plugin["capabilities"] if one["granted"]}
    if lacking:
        advice = tr("give them to the role of the token's user (README of the plugin)")
        yield Check(
            tr("capabilities"),
            tr("missing: {names}").format(names=", ".join(sorted(lacking))),
            advice,
            Exit.CONFIGURATION,
        )
    else:
        yield Check(tr("capabilities"), tr("all {count} are granted").format(count=len(needed)))
    yield _steps(plugin, steps)
    yield _policies(json.loads(plugin["policy"]), settings)
    silence = now - datetime.fromtimestamp(plugin["lastcron"], UTC)
    if silence <= CRON_SILENCE:
        yield Check(
            tr("cron"), tr("ran {seconds} s ago").format(seconds=max(0, int(silence.total_seconds())))
        )
    else:
        last = (
            f"{datetime.fromtimestamp(plugin['lastcron'], UTC):%Y-%m-%d %H:%M} UTC"
            if plugin["lastcron"]
            else tr("never")
        )
        advice = tr("run admin/cli/cron.php every minute: restores are tasks of Moodle's cron")
        yield Check(tr("cron"), tr("last ran: {last}").format(last=last), advice, Exit.OPERATOR)
    if not (plugin["recyclebin"] or plugin["backupfolder"]):
        advice = tr("switch on the category recycle bin, or let automated backups go to a folder")
        yield Check(
            tr("backups"),
            tr("neither recycle bin nor backup folder: deleted courses cannot come back"),
            advice,
            Exit.OPERATOR,
        )
    else:
        kinds = [
            word
            for word, on in (
                (tr("recycle bin"), plugin["recyclebin"]),
                (tr("backup folder"), plugin["backupfolder"]),
            )
            if on
        ]
        yield Check(tr("backups"), ", ".join(kinds))
    yield _clock(tr("Moodle clock"), datetime.fromtimestamp(plugin["time"], UTC), now, settings)


def _description(error: MoodleError) -> str:
    """The error without its advice, which has a place of its own."""
    code = f" [{error.errorcode}]" if error.errorcode else ""
    return f"{error.function}{code}: {error.detail}"


def _steps(plugin: Mapping[str, Any], needed: frozenset[str]) -> Check:
    """Whether the site has the kinds of steps that its actions plan, and lets them run."""
    reasons = {one["name"]: one["reason"] for one in plugin["steps"] if not one["available"]}
    known = {one["name"] for one in plugin["steps"]}
    unable = [
        f"{name} ({reasons.get(name) or tr('not in this plugin')})"
        for name in sorted(needed)
        if name in reasons or name not in known
    ]
    if not unable:
        return Check(tr("steps"), tr("all {count} can run").format(count=len(needed)))
    return Check(
        tr("steps"),
        tr("cannot run: {names}").format(names=", ".join(unable)),
        tr("upgrade the plugin, or let its settings allow the step (the site's administrator owns them)"),
        Exit.CONFIGURATION,
    )


def _policies(moodles: Mapping[str, Any], settings: Settings) -> Check:
    """Both policies: what the bridge lets orders do, and what the site's administrator lets the bridge do."""
    none = tr("none")

    def named(names: Iterable[Any]) -> str:
        return ", ".join(map(str, names)) or none

    ours = tr("the bridge's own rules of actions: {rules}").format(
        rules="; ".join(_own_rules(settings)) or none
    )
    theirs = tr(
        "Moodle allows risks: {risks}; wider contexts: {contexts}; categories: {categories}; "
        "steps off: {steps}"
    ).format(
        risks=named(moodles["risks"]),
        contexts=named(moodles["contexts"]),
        categories=named(moodles["categories"]) if moodles["categories"] else tr("all"),
        steps=named(moodles["stepsoff"]),
    )
    return Check(tr("policies"), f"{ours}; {theirs}")


def _own_rules(settings: Settings) -> Iterator[str]:
    """What the settings let orders do beyond the defaults: `create-role.capabilities_allowed = tool/*`."""
    policy = Policy(settings.rules)
    for name, action in ACTIONS.items():
        if action.rules is not None:
            for key, value in policy.of(action.rules).model_dump(exclude_defaults=True).items():
                told = ", ".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
                yield f"{name}.{key} = {told}"


def _restore_category(
    moodle: Probed, allowed: Sequence[int], installation: InstallationTable | None
) -> Iterator[Check]:
    """Whether both policies agree on where a course goes whose own category is gone."""
    wanted = installation.restore_category if installation else None
    if wanted is None:
        return
    found = moodle.read(
        "core_course_get_categories", criteria=[{"key": "id", "value": str(wanted)}], addsubcategories=False
    )
    if not found:
        yield Check(
            tr("restore_category"),
            tr("Moodle shows no category {id}").format(id=wanted),
            tr("name a category that exists and that the token's user may see"),
            Exit.CONFIGURATION,
        )
    elif allowed and not {int(one) for one in found[0]["path"].split("/") if one} & set(allowed):
        yield Check(
            tr("restore_category"),
            tr("category {id} is not among those that Moodle's policy lets the bridge work in").format(
                id=wanted
            ),
            tr("name another category, or let the site's administrator add it to the plugin's settings"),
            Exit.CONFIGURATION,
        )


def _clock(name: str, theirs: datetime, now: datetime, settings: Settings) -> Check:
    difference = abs(theirs - now)
    found = tr("{seconds} s apart from this machine's").format(seconds=int(difference.total_seconds()))
    if difference <= timedelta(seconds=settings.bridge.clock_difference_seconds):
        return Check(name, found)
    return Check(name, found, tr("let both machines keep time (chrony, systemd-timesyncd)"), Exit.OPERATOR)
