"""The functions of the plugin local_otbridge, as docs/plugin-api.md tells them."""

from __future__ import annotations

import json
import re
import time
import unicodedata
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bridge.sandbox.moodle import mbz, operations, programs, whole_site
from bridge.sandbox.moodle.descriptions import Many, Struct, Value, default
from bridge.sandbox.moodle.people import ASSIGNABLE
from bridge.sandbox.moodle.problems import invalid_parameter, php_error
from bridge.sandbox.moodle.registry import external
from bridge.sandbox.moodle.site import RELEASE, VERSION
from bridge.sandbox.moodle.steps import kinds

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

PREFIX = "local_otbridge_"
PLUGIN_VERSION = 2026112903
PLUGIN_RELEASE = "2.0.0"
MOST_LOOKALIKES = 10
OWN_NEEDS = (
    "local/otbridge:view", "local/otbridge:run", "local/otbridge:restore", "moodle/restore:restorecourse",
    "moodle/user:viewdetails", "moodle/user:viewalldetails", "moodle/site:viewuseridentity",
    "moodle/cohort:view",
)  # fmt: skip
"""What the functions ask for, those of core that find people among them."""
FAITHFUL = (
    "moodle/restore:configure", "moodle/restore:createuser", "moodle/restore:rolldates",
    "moodle/course:update", "moodle/course:changefullname", "moodle/course:changeshortname",
    "moodle/course:changeidnumber",
    "moodle/course:changesummary", "moodle/course:enrolconfig", "moodle/course:managescales",
    "moodle/course:setforcedlanguage", "moodle/grade:manageoutcomes", "moodle/question:add",
    "moodle/question:managecategory", "moodle/role:assign", "moodle/role:override",
    "mod/glossary:manageentries",
)  # fmt: skip
"""What a restore leaves something out without."""
RISKS = ("xss", "personal", "spam")
"""Risks that roles may carry beyond their archetype's unless the administrator says otherwise."""

OPERATION = Struct(
    {
        "opkey": Value("alphanumext"),
        "kind": Value("alpha"),
        "undoes": Value("alphanumext"),
        "ticket": Value("raw"),
        "status": Value("alpha"),
        "progress": Value("float"),
        "step": Value("raw"),
        "stepsdone": Value("int"),
        "stepstotal": Value("int"),
        "result": Value("raw"),
        "errorcode": Value("alphanumext"),
        "error": Value("raw"),
        "faults": Value("raw"),
        "undone": Value("alphanumext"),
        "timecreated": Value("int"),
        "timestarted": Value("int"),
        "timefinished": Value("int"),
    }
)
OPKEY = Value("alphanumext", "operation key (UUID)", nullable=False)
PROGRAM = Value("raw", "the program, one JSON text", nullable=False)
DRAFT = default("int", 0, "draft area that holds the program's files")
FAULTS = Many(
    Struct(
        {"path": Value("raw"), "code": Value("alphanumext"), "message": Value("raw"), "facts": Value("raw")}
    )
)


@external(
    "local_otbridge_get_info",
    "What the bridge must know about this site",
    {},
    Struct(
        {
            "release": Value("text"),
            "version": Value("text"),
            "pluginversion": Value("int"),
            "pluginrelease": Value("text"),
            "phpversion": Value("text"),
            "time": Value("int"),
            "lastcron": Value("int"),
            "adhocqueued": Value("int"),
            "recyclebin": Value("bool"),
            "backupfolder": Value("bool"),
            "capabilities": Many(Struct({"name": Value("raw"), "granted": Value("bool")})),
            "steps": Many(
                Struct(
                    {
                        "name": Value("raw"),
                        "available": Value("bool"),
                        "reason": Value("raw"),
                        "heavy": Value("bool"),
                        "needs": Value("raw"),
                    }
                )
            ),
            "policy": Value("raw"),
            "limits": Value("raw"),
        }
    ),
)
def get_info(site: Site, _params: Mapping[str, Any]) -> Any:
    """Versions, cron, where backups are, what the token's user may, and the kinds of steps."""
    site.require("local/otbridge:view")
    queued = site.store.row("SELECT COUNT(*) AS number FROM operation WHERE status = 'queued'")
    limits = {
        "program": programs.MOST_BYTES,
        "steps": programs.MOST_STEPS,
        "files": programs.MOST_FILES,
        "lightsteps": programs.LIGHT_STEPS,
        "upload": 512 * 1024 * 1024,
    }
    off = site.steps_off()
    policy = {
        "stepsoff": off,
        "risks": list(RISKS),
        "contexts": [],
        "categories": [],
        "assignable": [f"{archetype or 'none'}:{level}" for archetype, level in ASSIGNABLE],
        "auths": ["manual"],
    }
    return {
        "release": RELEASE,
        "version": VERSION,
        "pluginversion": PLUGIN_VERSION,
        "pluginrelease": PLUGIN_RELEASE,
        "phpversion": "8.2.29",
        "time": int(time.time()),
        "lastcron": site.last_cron,
        "adhocqueued": queued["number"] if queued else 0,
        "recyclebin": True,
        "backupfolder": site.backup_folder.is_dir(),
        "capabilities": [{"name": name, "granted": site.has_capability(name)} for name in needed()],
        "steps": [
            {
                "name": name,
                "available": name not in off,
                "reason": "switched off in the plugin's settings" if name in off else "",
                "heavy": kind.heavy,
                "needs": json.dumps(list(kind.needs)),
            }
            for name, kind in sorted(kinds().items())
        ],
        "policy": json.dumps(policy),
        "limits": json.dumps(limits),
    }


def needed() -> list[str]:
    """Every capability that the token's user needs: for the functions, the steps, and for restoring."""
    of_steps = (one for kind in kinds().values() for one in kind.needs)
    return list(dict.fromkeys((*OWN_NEEDS, *of_steps, *FAITHFUL)))


@external(
    "local_otbridge_find_backups",
    "Find backups of a course, also of one that no longer exists",
    {
        "courseid": default("int", 0, "original id of the course"),
        "idnumber": default("raw", "", "exact"),
        "shortname": default("raw", "", "exact"),
        "fullname": default("raw", "", "exact"),
        "limit": default("int", 50, "how many at most"),
        "private": default("bool", False, "also the users' own areas"),
    },
    Struct(
        {
            "backups": Many(
                Struct(
                    {
                        "ref": Value("raw"),
                        "source": Value("alpha"),
                        "filename": Value("raw"),
                        "size": Value("int"),
                        "timecreated": Value("int"),
                        "courseid": Value("int"),
                        "idnumber": Value("raw"),
                        "shortname": Value("raw"),
                        "fullname": Value("raw"),
                        "users": Value("bool"),
                        "categoryid": Value("int"),
                        "stored": Value("int"),
                        "siteurl": Value("raw"),
                        "samesite": Value("bool"),
                        "category": Value("raw"),
                        "origin": Value("int"),
                        "alive": Value("int"),
                    }
                )
            ),
            "truncated": Value("bool"),
            "unread": Value("int"),
            "unreadable": Many(
                Struct({"source": Value("alpha"), "filename": Value("raw"), "reason": Value("raw")})
            ),
            "lookalikes": Many(Value("raw")),
        }
    ),
)
def find_backups(site: Site, params: Mapping[str, Any]) -> Any:
    """Search recycle bins, the automated-backup folder and stored backup areas."""
    site.require("local/otbridge:restore", "moodle/restore:restorecourse")
    wanted = {
        name: params[name] for name in ("courseid", "idnumber", "shortname", "fullname") if params[name]
    }
    if not wanted:
        raise invalid_parameter("At least one of courseid, idnumber, shortname and fullname is needed")
    if params["limit"] < 1:
        raise invalid_parameter("limit must be at least 1")
    found: list[dict[str, Any]] = []
    unreadable: list[dict[str, Any]] = []
    alike: set[str] = set()
    for one in site.backup_files():
        if one.private and not params["private"]:
            continue
        try:
            content = mbz.read(one.path)
        except mbz.BadBackup as problem:
            unreadable.append({"source": one.source, "filename": one.filename, "reason": str(problem)})
            continue
        samesite = content.site == site.identifier
        origin = site.origin(content.courseid) if samesite else 0
        if _matches(site, content, wanted):
            found.append(
                {
                    "ref": one.ref,
                    "source": one.source,
                    "filename": one.filename,
                    "size": 0 if one.source == whole_site.SOURCE else one.path.stat().st_size,
                    "timecreated": content.time,
                    "courseid": content.courseid,
                    "idnumber": content.idnumber,
                    "shortname": content.shortname,
                    "fullname": content.fullname,
                    "users": content.users,
                    "categoryid": one.category,
                    "stored": one.stored,
                    "siteurl": content.siteurl,
                    "samesite": samesite,
                    "category": "",
                    "origin": origin,
                    "alive": site.alive(origin) if origin else 0,
                }
            )
        names = {value for value in wanted.values() if isinstance(value, str)}
        alike |= {
            one
            for one in (content.shortname, content.fullname, content.idnumber)
            if one and one not in names and _folded(one) in map(_folded, names)
        }
    found.sort(key=lambda item: item["stored"], reverse=True)
    unread = site.unread_backups
    site.unread_backups = max(0, unread - 1)
    return {
        "backups": found[: params["limit"]],
        "truncated": unread > 0 or len(found) > params["limit"],
        "unread": unread,
        "unreadable": unreadable,
        "lookalikes": [] if found else sorted(alike)[:MOST_LOOKALIKES],
    }


def _matches(site: Site, content: mbz.Backup, wanted: Mapping[str, Any]) -> bool:
    """A course that was restored and lost again is found by each of its ids."""
    found = {**{name: getattr(content, name) for name in wanted}, "courseid": site.origin(content.courseid)}
    return all(
        found[name] == (site.origin(value) if name == "courseid" else value) for name, value in wanted.items()
    )


_CONFUSABLE = str.maketrans("АВЕЁКМНОРСТУХаеёорсухік", "ABEEKMHOPCTYXaeeopcyxik")


def _folded(name: str) -> str:
    """A name without what the eye does not see: letters of two scripts, case, kinds of spaces."""
    plain = unicodedata.normalize("NFKC", name).translate(_CONFUSABLE)
    return " ".join(plain.replace("\u200b", "").split()).casefold()


@external(
    "local_otbridge_check",
    "What a program would do here, and what is wrong with it",
    {"program": PROGRAM, "draftitemid": DRAFT},
    Struct({"ok": Value("bool"), "heavy": Value("bool"), "faults": FAULTS, "notes": FAULTS}),
)
def check(site: Site, params: Mapping[str, Any]) -> Any:
    """Judge a program; reads only."""
    site.require("local/otbridge:run")
    if params["draftitemid"] is None:
        raise php_error(
            "local_otbridge\\checker::check(): Argument #2 ($draftitemid) must be of type int, null given"
        )
    heavy, faults, notes = operations.check(site, params["program"], params["draftitemid"])
    return {
        "ok": not faults,
        "heavy": heavy,
        "faults": [operations.document(one) for one in faults],
        "notes": [operations.document(one) for one in notes],
    }


@external(
    "local_otbridge_run",
    "Run a program of steps",
    {"opkey": OPKEY, "program": PROGRAM, "draftitemid": DRAFT},
    OPERATION,
)
def run(site: Site, params: Mapping[str, Any]) -> Any:
    """Run a program under its key: in the call when it is light, else by cron."""
    opkey = _key(params["opkey"])
    site.require("local/otbridge:run")
    return operations.run(site, opkey, params["program"], params["draftitemid"])


@external("local_otbridge_get_operation", "State of an operation", {"opkey": OPKEY}, OPERATION)
def get_operation(site: Site, params: Mapping[str, Any]) -> Any:
    """What became of a key."""
    site.require("local/otbridge:view")
    return operations.get(site, _key(params["opkey"]))


@external(
    "local_otbridge_undo",
    "Take back what an operation did",
    {"opkey": OPKEY, "undoes": Value("alphanumext", "key of the operation", nullable=False)},
    OPERATION,
)
def undo(site: Site, params: Mapping[str, Any]) -> Any:
    """Undo an operation under a key of its own."""
    opkey, undoes = _key(params["opkey"]), _key(params["undoes"])
    site.require("local/otbridge:run")
    return operations.undo(site, opkey, undoes)


def _key(given: Any) -> str:
    """The key in lower case; refused unless it is a UUID."""
    opkey = str(given).lower()
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", opkey):
        raise invalid_parameter("opkey must be a UUID")
    return opkey
