"""People by their logins: what actions on groups and enrolment share."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bridge.actions.action import Reader
from bridge.moodle_ws.errors import ParameterError

USERS = "core_user_get_users_by_field"
CAPABILITIES = frozenset({"moodle/user:viewdetails", "moodle/user:viewalldetails"})
"""What the token's user needs to find them. Moodle finds nobody by what the user may not see, and a login is
seen with `viewalldetails` alone (`user_get_user_details` of Moodle 4.5).
"""
_PLAIN = re.compile(r"[-.@_a-z0-9]+", re.ASCII)
_AT_ONCE = 200
"""Values of one call; PHP takes a thousand form fields."""


def ids_by_login(logins: Iterable[str], moodle: Reader) -> dict[str, int]:
    """Ids by login, in whatever case it is written; who has no account is not among them.

    Raises:
        MoodleError: Moodle could not be asked.
    """
    wanted = {one: one.lower() for one in logins}
    known = rows_by_login(wanted.values(), moodle)
    return {login: int(known[small]["id"]) for login, small in wanted.items() if small in known}


def rows_by_login(logins: Iterable[str], moodle: Reader) -> dict[str, Mapping[str, Any]]:
    """What Moodle tells of accounts, by login in small letters.

    A login that is none by Moodle's rules (PARAM_USERNAME) refuses the whole call. Which signs may stand in
    one is the site's setting `extendedusernamechars`; so each with other signs is asked for by itself.

    Raises:
        MoodleError: Moodle could not be asked.
    """
    wanted = {one.lower() for one in logins}
    plain = sorted(one for one in wanted if _PLAIN.fullmatch(one))
    known: dict[str, Mapping[str, Any]] = {}
    for start in range(0, len(plain), _AT_ONCE):
        known |= _asked(plain[start : start + _AT_ONCE], moodle)
    for one in sorted(wanted.difference(plain)):
        try:
            known |= _asked([one], moodle)
        except ParameterError:
            continue
    return known


def _asked(logins: list[str], moodle: Reader) -> dict[str, Mapping[str, Any]]:
    return {str(row["username"]): row for row in moodle.read(USERS, field="username", values=logins)}
