"""The functions of the plugin local_otbridge, as docs/plugin-api.md tells them."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bridge.sandbox.moodle import mbz, operations, roles
from bridge.sandbox.moodle.descriptions import Many, Need, Struct, Value, default
from bridge.sandbox.moodle.problems import MoodleProblem, invalid_parameter
from bridge.sandbox.moodle.registry import external
from bridge.sandbox.moodle.site import CAPABILITIES, RELEASE, VERSION

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

PREFIX = "local_otbridge_"
PLUGIN_VERSION = 2026112700
PLUGIN_RELEASE = "1.0.0"

OPERATION = Struct(
    {
        "opkey": Value("alphanumext"),
        "action": Value("alphanumext"),
        "status": Value("alpha"),
        "progress": Value("float"),
        "step": Value("text"),
        "result": Value("raw"),
        "errorcode": Value("alphanumext"),
        "error": Value("raw"),
        "timecreated": Value("int"),
        "timestarted": Value("int"),
        "timefinished": Value("int"),
    }
)
OPKEY = Value("alphanumext", "operation key (UUID)", nullable=False)


def _names(desc: str) -> Many:
    return Many(Value("alphanumext"), desc, Need.DEFAULT)


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
        }
    ),
)
def get_info(site: Site, _params: Mapping[str, Any]) -> Any:
    """Versions, cron, where backups are, and the capabilities that the token's user has."""
    site.require("local/otbridge:view")
    queued = site.store.row("SELECT COUNT(*) AS number FROM operation WHERE status = 'queued'")
    now = int(time.time())
    return {
        "release": RELEASE,
        "version": VERSION,
        "pluginversion": PLUGIN_VERSION,
        "pluginrelease": PLUGIN_RELEASE,
        "phpversion": "8.2.29",
        "time": now,
        "lastcron": now,
        "adhocqueued": queued["number"] if queued else 0,
        "recyclebin": True,
        "backupfolder": site.backup_folder.is_dir(),
        "capabilities": [{"name": name, "granted": site.has_capability(name)} for name in CAPABILITIES],
    }


@external(
    "local_otbridge_find_backups",
    "Find backups of a course, also of one that no longer exists",
    {
        "courseid": default("int", 0, "original id of the course"),
        "idnumber": default("raw", "", "exact"),
        "shortname": default("text", "", "exact"),
        "fullname": default("text", "", "exact"),
        "limit": default("int", 50, "how many at most"),
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
                    }
                )
            ),
            "truncated": Value("bool"),
            "unreadable": Many(
                Struct({"source": Value("alpha"), "filename": Value("raw"), "reason": Value("raw")})
            ),
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
    unreadable = []
    for ref, source, filename, path, category in site.backup_files():
        try:
            content = mbz.read(path)
        except mbz.BadBackup as problem:
            unreadable.append({"source": source, "filename": filename, "reason": str(problem)})
            continue
        if all(getattr(content, name) == value for name, value in wanted.items()):
            found.append(
                {
                    "ref": ref,
                    "source": source,
                    "filename": filename,
                    "size": path.stat().st_size,
                    "timecreated": content.time,
                    "courseid": content.courseid,
                    "idnumber": content.idnumber,
                    "shortname": content.shortname,
                    "fullname": content.fullname,
                    "users": content.users,
                    "categoryid": category,
                }
            )
    found.sort(key=lambda item: item["timecreated"], reverse=True)
    return {
        "backups": found[: params["limit"]],
        "truncated": len(found) > params["limit"],
        "unreadable": unreadable,
    }


@external(
    "local_otbridge_restore_course",
    "Restore a course from a backup into a new course",
    {
        "opkey": OPKEY,
        "ref": default("raw", "", "reference from find_backups"),
        "draftitemid": default("int", 0, "draft area that holds the backup file"),
        "categoryid": Value("int", "category of the new course", nullable=False),
        "fullname": default("text", "", "empty: as in the backup"),
        "shortname": default("text", "", "empty: as in the backup"),
        "users": default("bool", True, "whether users and their data come along"),
    },
    OPERATION,
)
def restore_course(site: Site, params: Mapping[str, Any]) -> Any:
    """Queue a restore; the worker does it."""
    params = _with_key({**params, "users": bool(params["users"])})
    site.require("local/otbridge:restore", "moodle/restore:restorecourse", "moodle/course:create")
    if params["users"]:
        site.require("moodle/restore:userinfo")
    if bool(params["ref"]) == bool(params["draftitemid"]):
        raise invalid_parameter("Exactly one of ref and draftitemid is needed")

    def check() -> None:
        site.category(params["categoryid"])
        site.refuse_taken_shortname(operations.shortname_in_backup(site, params))

    return operations.once(site, "restore_course", params, check=check, do=None)


@external(
    "local_otbridge_create_role",
    "Create a role",
    {
        "opkey": OPKEY,
        "shortname": Value("alphanumext", "short name of the role", nullable=False),
        "name": Value("text", "name of the role", nullable=False),
        "description": default("raw", ""),
        "archetype": default("alphanumext", "", "empty: none"),
        "contextlevels": _names("names of context levels"),
        "capabilities": Many(
            Struct({"name": Value("raw"), "permission": Value("alpha")}),
            "on top of the archetype's",
            Need.DEFAULT,
        ),
        "allowassign": _names("short names of roles"),
        "allowoverride": _names("short names of roles"),
        "allowswitch": _names("short names of roles"),
        "allowview": _names("short names of roles"),
    },
    OPERATION,
)
def create_role(site: Site, params: Mapping[str, Any]) -> Any:
    """Make a role at once."""
    params = _with_key(params)
    site.require("local/otbridge:managerole", "moodle/role:manage")
    if not params["shortname"] or not params["name"]:
        raise invalid_parameter("shortname and name must not be empty")
    for item in params["capabilities"]:
        if item["permission"] not in roles.PERMISSIONS:
            raise invalid_parameter(f"permission must be one of {', '.join(roles.PERMISSIONS)}")

    def do() -> Mapping[str, Any]:
        role = roles.create(
            site.store,
            shortname=params["shortname"],
            name=params["name"],
            description=params["description"] or "",
            archetype=params["archetype"] or "",
            levels=params["contextlevels"],
            permissions={item["name"]: item["permission"] for item in params["capabilities"]},
            allow={kind: params[f"allow{kind}"] for kind in roles.ALLOW_KINDS},
        )
        return roles.read_back(site.store, role)

    return operations.once(site, "create_role", params, check=lambda: None, do=do)


@external(
    "local_otbridge_delete_role",
    "Delete a role that create_role made and nobody holds",
    {"opkey": OPKEY, "roleid": Value("int", "the role", nullable=False)},
    OPERATION,
)
def delete_role(site: Site, params: Mapping[str, Any]) -> Any:
    """Delete one of the plugin's own roles at once."""
    params = _with_key(params)
    site.require("local/otbridge:managerole", "moodle/role:manage")
    role = params["roleid"]

    def check() -> None:
        made_here = {
            item.result["roleid"]
            for item in site.operations()
            if item.action == "create_role" and item.result
        }
        if role not in made_here or not _role(site, role):
            raise MoodleProblem("rolenotours", f"Role {role} was not created by this plugin")
        if site.store.row("SELECT 1 FROM role_assignment WHERE role = ?", role):
            raise MoodleProblem("roleassigned", f"Role {role} is assigned to somebody")

    def do() -> Mapping[str, Any]:
        shortname = _role(site, role)
        roles.delete(site.store, role)
        return {"roleid": role, "shortname": shortname}

    return operations.once(site, "delete_role", params, check=check, do=do)


@external("local_otbridge_get_operation", "State of an operation", {"opkey": OPKEY}, OPERATION)
def get_operation(site: Site, params: Mapping[str, Any]) -> Any:
    """What became of a key."""
    site.require("local/otbridge:view")
    return operations.get(site, _with_key(params)["opkey"])


def _role(site: Site, role: int) -> str:
    found = site.store.row("SELECT shortname FROM role WHERE id = ?", role)
    return str(found["shortname"]) if found else ""


def _with_key(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """The parameters with the key in lower case; refused unless it is a UUID."""
    opkey = str(params["opkey"]).lower()
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", opkey):
        raise invalid_parameter("opkey must be a UUID")
    return {**params, "opkey": opkey}
