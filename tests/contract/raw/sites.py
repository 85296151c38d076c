"""The two sites that are asked, with the same things in both: a category with one below it, a course, a
hidden one, one that is there to be deleted, and somebody.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
import requests

from bridge.moodle_ws import connect
from bridge.sandbox.moodle import SandboxMoodle
from bridge.sandbox.moodle.site import CAPABILITIES, ENTERING, USER_ID
from tests.contract.raw.asked import Raw

NAME = "Raw R&D a < b {}"
TRIES, BAD_GATEWAY = 3, 502
"""The site's PHP was being restarted: no answer of Moodle's."""
SHORTNAME = "raw& < {}"


class Site(Protocol):
    """A Moodle that is asked; `values` are what stands for `$name$` in a request."""

    values: dict[str, str]
    session: requests.Session

    def cron(self) -> None:
        """Let cron run."""


def send(site: Site, raw: Raw) -> requests.Response:
    """Send one request as it is."""
    if raw.cron:
        site.cron()
    url, values = site.values["url"], site.values
    address = f"{url}{raw.path}" + (f"?{_filled(raw.query.encode(), values).decode()}" if raw.query else "")
    headers = {name: _filled(text.encode(), values).decode() for name, text in raw.headers.items()}
    for _ in range(TRIES):
        answer = site.session.request(
            raw.method,
            address,
            data=_filled(raw.body, values),
            headers=headers,
            timeout=60,
            allow_redirects=False,
        )
        if answer.status_code != BAD_GATEWAY:
            break
    return answer


def _filled(text: bytes, values: Mapping[str, str]) -> bytes:
    for name, value in values.items():
        for quotes in (b"%22", b'"'):  # a number where the program is written with a text
            text = text.replace(b"%s$N%s$%s" % (quotes, name.encode(), quotes), value.encode())
        text = text.replace(b"$%s$" % name.encode(), value.encode())
    return text


def _common(url: str, token: str, admin: str) -> dict[str, str]:
    unique = uuid.uuid4().hex[:8]
    key, fresh = str(uuid.uuid4())[:-4], str(uuid.uuid4().int % 900_000_000 + 100_000_000)
    return {
        "url": url,
        "token": token,
        "TOKEN": token.upper(),
        "admin": admin,
        "u": unique,
        "uuid": key,
        "UUID": key.upper(),
        "fresh": fresh,
    }


class Sandbox:
    """The embedded Moodle."""

    def __init__(self, moodle: SandboxMoodle, *, weak: bool) -> None:
        self._moodle = moodle
        self.session = requests.Session()
        self.values = _common(moodle.url, moodle.token, moodle.token)
        unique = self.values["u"]
        category = moodle.add_category(NAME.format(unique), idnumber=f"raw-{unique}")
        below = moodle.add_category(f"Below {unique}", parent=category)
        with connect(moodle.url, moodle.token) as client:
            made = _courses(client, category, unique)
        user = moodle.add_user(f"raw{unique}", firstname="Ann & Co", lastname="O'Neil")
        self.values |= {
            "category": str(category), "below": str(below), "user": str(user), "me": str(USER_ID),
            "weak": moodle.token, "sitename": moodle.course(1)["fullname"],
            "siteshort": moodle.course(1)["shortname"], **made,
        }  # fmt: skip
        moodle.cron_seconds = 3600
        if weak:
            moodle.restrict(capabilities=(*CAPABILITIES, *ENTERING))

    def cron(self) -> None:
        """See `Site`."""
        self._moodle.cron_seconds = 0
        self._moodle.work_waiting.set()
        self._moodle.wait_for_operations()
        self._moodle.cron_seconds = 3600


class Real:
    """The site that MOODLE_URL names."""

    def __init__(self, url: str, token: str, admin: str, *, weak: bool) -> None:
        self.session = requests.Session()
        self.values = _common(url, token, admin)
        unique = self.values["u"]
        with connect(url, admin) as client:
            (top,) = client.write(
                "core_course_create_categories",
                categories=[{"name": NAME.format(unique), "idnumber": f"raw-{unique}"}],
            )
            (below,) = client.write(
                "core_course_create_categories", categories=[{"name": f"Below {unique}", "parent": top["id"]}]
            )
            made = _courses(client, top["id"], unique)
            person = {
                "username": f"raw{unique}", "password": f"Raw-{unique}-1", "firstname": "Ann & Co",
                "lastname": "O'Neil", "email": f"raw{unique}@example.org",
            }  # fmt: skip
            other = {**person, "username": f"weak{unique}", "email": f"weak{unique}@example.org"}
            user, comes_in = client.write("core_user_create_users", users=[person, other])
            (site,) = client.read("core_course_get_courses_by_field", field="id", value="1")["courses"]
        with connect(url, token) as client:
            me = client.site_info()["userid"]
        self.values |= {
            "category": str(top["id"]), "below": str(below["id"]), "user": str(user["id"]), "me": str(me),
            "sitename": site["fullname"], "siteshort": site["shortname"], **made,
        }  # fmt: skip
        if weak:
            self.values["weak"] = self._php(WEAK, str(comes_in["id"]))

    def cron(self) -> None:
        """See `Site`."""
        self._php("require 'admin/cli/cron.php';", "--keep-alive=0", define=False)

    @staticmethod
    def _php(code: str, *arguments: str, define: bool = True) -> str:
        php, root = os.environ.get("MOODLE_PHP"), os.environ.get("MOODLE_DIRROOT")
        if not php or not root:
            pytest.skip("MOODLE_PHP and MOODLE_DIRROOT do not say how to run the site's scripts")
        head = "define('CLI_SCRIPT', true); require 'config.php';" if define else ""
        command = [*shlex.split(php), "-r", head + code, "--", *arguments]
        if not define:
            command = [*shlex.split(php), "admin/cli/cron.php", *arguments]
        done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True, timeout=300)
        return done.stdout.strip()


WEAK = """
$user = (int) $argv[1];
$service = $DB->get_record('external_services', ['shortname' => 'otbridge'], '*', MUST_EXIST);
$DB->insert_record('external_services_users', (object) ['externalserviceid' => $service->id,
    'userid' => $user, 'timecreated' => time()]);
$role = create_role('Comes in', 'comesin' . $user, '');
assign_capability('webservice/rest:use', CAP_ALLOW, $role, context_system::instance()->id);
role_assign($role, $user, context_system::instance()->id);
$token = md5(random_string(20));
$DB->insert_record('external_tokens', (object) ['token' => $token, 'privatetoken' => random_string(64),
    'tokentype' => EXTERNAL_TOKEN_PERMANENT, 'userid' => $user, 'externalserviceid' => $service->id,
    'contextid' => context_system::instance()->id, 'creatorid' => get_admin()->id, 'timecreated' => time(),
    'validuntil' => 0, 'name' => 'weak']);
echo $token;
"""


def _courses(client: Any, category: int, unique: str) -> dict[str, str]:
    wanted: list[dict[str, object]] = [
        {"fullname": NAME.format(unique), "shortname": SHORTNAME.format(unique), "idnumber": f"raw-{unique}"},
        {"fullname": f"Hidden {unique}", "shortname": f"hidden-{unique}", "visible": 0},
        {"fullname": f"Spare & < {unique}", "shortname": f"spare-{unique}"},
    ]
    made = client.write(
        "core_course_create_courses", courses=[{**one, "categoryid": category} for one in wanted]
    )
    return dict(zip(("course", "hidden", "spare"), (str(one["id"]) for one in made), strict=True))


@contextmanager
def sandbox(directory: Path, group: str) -> Iterator[Site]:
    """The embedded Moodle with the things that the requests name."""
    with SandboxMoodle.start(directory, restore_seconds=0.02) as moodle:
        yield Sandbox(moodle, weak=group == "weak")


def real(group: str) -> Site:
    """The real one; skips where there is none."""
    url, token, admin = (
        os.environ.get(name, "") for name in ("MOODLE_URL", "MOODLE_TOKEN", "MOODLE_ADMIN_TOKEN")
    )
    if not (url and token and admin):
        pytest.skip("MOODLE_URL, MOODLE_TOKEN and MOODLE_ADMIN_TOKEN name no real Moodle")
    return Real(url, token, admin, weak=group == "weak")
