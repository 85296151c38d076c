"""What Moodle's archetypes bring along of the capabilities that orders may grant only where the site's policy
names them.

Measured on the `db/access.php` files of Moodle 4.5.6 and of 3KL 3.9.8a with all their plugins: what the
archetypes get by default is the same on both, but for plugins that only one has. What a site's further
plugins add is seen when the role is read back (create_role).
"""

from __future__ import annotations

from collections.abc import Mapping

_TEACHER = frozenset(
    {
        "moodle/role:review",
        "tool/brickfield:viewcoursetools",
        "tool/monitor:managerules",
        "tool/monitor:subscribe",
        "tool/recyclebin:viewitems",
    }
)

GUARDED_DEFAULTS: Mapping[str, frozenset[str]] = {
    "manager": frozenset({"*"}),
    "coursecreator": frozenset({"moodle/restore:rolldates", "moodle/site:configview"}),
    "editingteacher": _TEACHER
    | {
        "moodle/backup:backupactivity",
        "moodle/backup:backupcourse",
        "moodle/backup:backupsection",
        "moodle/backup:backuptargetimport",
        "moodle/backup:configure",
        "moodle/backup:downloadfile",
        "moodle/restore:configure",
        "moodle/restore:restoreactivity",
        "moodle/restore:restorecourse",
        "moodle/restore:restoresection",
        "moodle/restore:restoretargetimport",
        "moodle/restore:uploadfile",
        "moodle/restore:viewautomatedfilearea",
        "moodle/role:assign",
        "moodle/role:safeoverride",
        "moodle/role:switchroles",
        "moodle/site:trustcontent",
        "tool/recyclebin:deleteitems",
        "tool/recyclebin:restoreitems",
    },
    "teacher": _TEACHER,
    "student": frozenset(),
    "guest": frozenset(),
    "user": frozenset(),
    "frontpage": frozenset(),
}
"""Guarded capabilities that a role of the archetype holds although nobody ordered them; a manager holds
nearly all.
"""

EVERYBODYS = frozenset(
    {
        "moodle/site:sendmessage",
        "moodle/webservice:createmobiletoken",
        "tool/dataprivacy:downloadownrequest",
        "tool/dataprivacy:requestdelete",
        "tool/mfa:mfaaccess",
        "tool/policy:accept",
    }
)
"""Guarded capabilities that everybody who is logged in holds already: an archetype that brings them gives
nobody more.
"""
