"""People by their logins: what actions on groups and enrolment share."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bridge.actions.action import Reader
from bridge.moodle_ws.errors import ParameterError

USERS = "core_user_get_users_by_field"
CAPABILITIES = frozenset({"moodle/user:viewdetails", "moodle/user:viewalldetails"})
"""What the token's user needs to find them. Moodle finds nobody by what the user may not see, and a login is
seen with `viewalldetails` alone (`user_get_user_details` of Moodle 4.5).
"""
_PLAIN = re.compile(r"[-.@_a-z0-9]+", re.ASCII)


def ids_by_login(logins: Iterable[str], moodle: Reader) -> dict[str, int]:
    """Ids by login, in whatever case it is written; who has no account is not among them.

    A login that is none by Moodle's rules (PARAM_USERNAME) refuses the whole call. Which signs may stand in
    one is the site's setting `extendedusernamechars`; so each with other signs is asked for by itself.

    Raises:
        MoodleError: Moodle could not be asked.
    """
    wanted = {one: one.lower() for one in logins}
    plain = sorted({one for one in wanted.values() if _PLAIN.fullmatch(one)})
    known = _asked(plain, moodle) if plain else {}
    for one in sorted(set(wanted.values()).difference(plain)):
        try:
            known |= _asked([one], moodle)
        except ParameterError:
            continue
    return {login: known[small] for login, small in wanted.items() if small in known}


def _asked(logins: list[str], moodle: Reader) -> dict[str, int]:
    found = moodle.read(USERS, field="username", values=logins)
    return {one["username"]: int(one["id"]) for one in found}
