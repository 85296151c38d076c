"""The actions on a site on a real Moodle: made by an order, looked at through another road, taken back."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import time
import uuid
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from bridge.actions import ACTIONS, Context, OperationFailed, OrderRefused, Policy, Site, TicketFile
from bridge.actions.apply_theme.policy import ApplyThemeRules
from bridge.actions.planning import Wanted, carry_out, plan_order, take_back
from bridge.operators.checksums import checksums
from tests.e2e.conftest import World
from tests.live.conftest import RealMoodle

pytestmark = pytest.mark.live

PASSWORD = "Ученик-1234"
LEARNER = """
define('CLI_SCRIPT', 1); require 'config.php'; [, $course, $name, $password] = $argv;
require_once "$CFG->dirroot/user/lib.php"; require_once "$CFG->libdir/enrollib.php";
$id = user_create_user(['username' => $name, 'password' => $password, 'firstname' => 'Пётр',
    'lastname' => 'Ёжиков', 'confirmed' => 1, 'email' => "$name@example.org", 'auth' => 'manual',
    'mnethostid' => $CFG->mnet_localhost_id]);
enrol_try_internal_enrol($course, $id, $DB->get_field('role', 'id', ['shortname' => 'student']));
echo $id;
"""
GRADE = """
define('CLI_SCRIPT', 1); require 'config.php'; [, $course, $user, $grade] = $argv;
require_once "$CFG->libdir/gradelib.php"; require_once "$CFG->libdir/grade/grade_item.php";
$item = new grade_item(['courseid' => $course, 'itemtype' => 'manual', 'itemname' => 'Зачёт',
    'grademax' => 100]);
$old = grade_item::fetch(['courseid' => $course, 'itemtype' => 'manual']);
if ($old) { $item = $old; } else { $item->insert('manual'); }
$item->update_final_grade($user, $grade, 'test'); grade_regrade_final_grades($course);
cache_helper::purge_by_event('changesingradecategories'); purge_all_caches();
"""
DELETE = """
define('CLI_SCRIPT', 1); require 'config.php'; require_once "$CFG->dirroot/course/lib.php";
ob_start(); delete_course((int) $argv[1], false); ob_end_clean();
"""


def picture(red: int) -> bytes:
    """A PNG of 40 × 20 points in one colour."""
    rows = (b"\x00" + bytes((red, 60, 20)) * 40) * 20

    def piece(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 40, 20, 8, 2, 0, 0, 0)
    packed = zlib.compress(rows)
    return b"\x89PNG\r\n\x1a\n" + piece(b"IHDR", head) + piece(b"IDAT", packed) + piece(b"IEND", b"")


class Files:
    """The files of a ticket, by name."""

    def __init__(self, directory: Path, **contents: bytes) -> None:
        self._held: dict[str, TicketFile] = {}
        for name, content in contents.items():
            path = directory / name.replace("__", ".")
            path.write_bytes(content)
            digest = hashlib.sha256(content).hexdigest()
            self._held[path.name] = TicketFile(path.name, digest, len(content), path)

    def get(self, name: str) -> TicketFile:
        return self._held[name]

    def by_digest(self, sha256: str) -> TicketFile:
        return next(one for one in self._held.values() if one.sha256 == sha256)


class Order:
    """An order that was carried out, and how it is taken back."""

    def __init__(self, real: RealMoodle, files: Files, *wanted: Wanted, policy: Policy | None = None) -> None:
        self.site = Site(real.bridge, policy or Policy(), patience=120.0)
        self.key = str(uuid.uuid4())
        context = Context(real.bridge, files=files, policy=self.site.policy)
        planned = plan_order(wanted, context, self.site, ACTIONS).frozen()
        self.evidence = carry_out(planned, self.key, self.site, files.by_digest, ACTIONS)
        again = carry_out(planned, self.key, self.site, files.by_digest, ACTIONS)
        assert again == self.evidence, "a repetition changes nothing"

    def take_back(self) -> dict[str, Any]:
        return take_back(self.evidence, str(uuid.uuid4()), self.key, self.site, ACTIONS)


def signed_in(real: RealMoodle, name: str, password: str) -> requests.Session:
    """A person in a browser."""
    session = requests.Session()
    page = session.get(f"{real.url}/login/index.php", timeout=60).text
    found = re.search(r'name="logintoken" value="([^"]+)"', page)
    assert found
    fields = {"username": name, "password": password, "logintoken": found[1]}
    answer = session.post(f"{real.url}/login/index.php", data=fields, timeout=60)
    assert "/login/index.php" not in answer.url, "the login was refused"
    return session


def offered(real: RealMoodle, step: str) -> None:
    """Skip where the site cannot run a kind of step."""
    steps = {one["name"]: one for one in real.bridge.read("local_otbridge_get_info")["steps"]}
    if not steps[step]["available"]:
        pytest.skip(str(steps[step]["reason"]))


# --- certificates


def test_a_learner_gets_the_certificate_when_the_grade_is_reached(
    real: RealMoodle, tmp_path: Path, unique: str
) -> None:
    offered(real, "certificate.add")
    files = Files(tmp_path, blank__png=picture(240))
    course = {"fullname": f"Охрана труда {unique}", "shortname": unique, "category_id": "1"}
    lines = [
        {"text": "СЕРТИФИКАТ № 1", "size": 40, "bold": True, "space": 0},
        {"field": "имя", "size": 28},
        {"field": "курс"},
        {"field": "оценка"},
        {"field": "дата", "align": "справа"},
        {"field": "код", "size": 10},
    ]
    wanted = {"name": "Сертификат", "background": "blank.png", "grade_to_pass": "80", "line": lines}
    order = Order(real, files, Wanted("create-course", course), Wanted("add-certificate", wanted))
    made, certificate = order.evidence["parts"]
    id_, cmid, module = str(made["course_id"]), certificate["cmid"], certificate["module"]
    try:
        user = real.cli("-r", LEARNER, "--", id_, unique, PASSWORD).strip()
        real.cli("-r", GRADE, "--", id_, user, "79")
        learner = signed_in(real, unique, PASSWORD)
        shown = learner.get(f"{real.url}/course/view.php?id={id_}", timeout=60).text
        assert "Сертификат" in shown
        assert f"/mod/{module}/view.php?id={cmid}" not in shown, "below the grade it is shown and locked"
        asked = {"id": cmid, "downloadown": 1} if module == "customcert" else {"id": cmid, "action": "get"}
        address = f"{real.url}/mod/{module}/view.php"
        refused = learner.get(address, params=asked, timeout=60)
        assert not refused.content.startswith(b"%PDF")

        real.cli("-r", GRADE, "--", id_, user, "91")
        assert (
            f"/mod/{module}/view.php?id={cmid}"
            in learner.get(f"{real.url}/course/view.php?id={id_}", timeout=60).text
        )
        pdf = learner.get(address, params=asked, timeout=120).content
        assert pdf.startswith(b"%PDF")
        assert b"/Subtype /Image" in pdf, "the background"
        if shutil.which("pdftotext"):
            said = subprocess.run(
                ["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True
            )
            text = said.stdout.decode()
            for one in ("СЕРТИФИКАТ № 1", "Пётр Ёжиков", f"Охрана труда {unique}", "91", "%"):
                assert one in text, text
        with pytest.raises(OperationFailed, match="issue"):
            order.take_back()  # A certificate that was issued is not destroyed.
    finally:
        real.cli("-r", DELETE, "--", id_)


def test_a_certificate_goes_again(real: RealMoodle, tmp_path: Path, unique: str) -> None:
    offered(real, "certificate.add")
    course = {"fullname": f"Курс {unique}", "shortname": unique, "category_id": "1"}
    files = Files(tmp_path, blank__png=picture(100))
    wanted = {"name": "Сертификат", "background": "blank.png"}
    order = Order(real, files, Wanted("create-course", course), Wanted("add-certificate", wanted))
    (id_,) = {one["course_id"] for one in order.evidence["parts"] if "course_id" in one}
    assert "Сертификат" in {name for _, name, _ in real.contents(id_)}
    order.take_back()
    assert real.course_by("shortname", unique) == []


# --- the look


def style(page: str, theme: str, browser: requests.Session, word: str, *, there: bool) -> str:
    """The stylesheet that a page links, once a word of the order is `there`, or is not.

    The first to ask gets the sheet of before (Moodle 4.5, theme/styles.php), while the new one is compiled.
    """
    links = re.findall(r'href="([^"]*styles\.php[^"]*)"', page)
    assert links
    assert f"/{theme}/" in links[0]
    for _ in range(30):
        css = browser.get(links[0], timeout=180).text
        if (word in css) is there:
            return css
        time.sleep(2)
    raise AssertionError("the stylesheet was not compiled anew")


def test_the_site_shows_logo_and_colour_and_then_its_own_look_again(
    real: RealMoodle, tmp_path: Path, unique: str
) -> None:
    logo = picture(int(unique[:2], 16))
    files = Files(tmp_path, logo__png=logo, more__scss=f".w{unique} {{\n  color: $primary;\n}}\n".encode())
    wanted = {"theme": "classic", "brand_color": "#aa3312", "logo": "logo.png", "scss_file": "more.scss"}
    policy = Policy((ApplyThemeRules(settings=("*",)),))
    visitor = requests.Session()
    address = f"{real.url}/login/index.php"
    before = visitor.get(address, timeout=60).text
    order = Order(real, files, Wanted("apply-theme", wanted), policy=policy)
    try:
        page = visitor.get(address, timeout=60).text
        css = style(page, "classic", visitor, unique, there=True)
        assert re.search(rf"\.w{unique}\s*\{{\s*color:\s*#aa3312", css)
        assert re.search(r"--primary:\s*#aa3312", css)
        (src,) = set(re.findall(r'src="([^"]*/core_admin/logo/[^"]*)"', page))
        served = visitor.get(src.replace("/0x200/", "/0x0/"), timeout=60)
        assert served.headers["Content-Type"] == "image/png"
    finally:
        order.take_back()
    page = visitor.get(address, timeout=60).text
    assert ("core_admin/logo/" in page) == ("core_admin/logo/" in before)
    theme = re.findall(r"styles\.php/([a-z_]+)/", before)[0]
    css = style(page, theme, visitor, unique, there=False)
    assert "#aa3312" not in css


def test_a_style_that_does_not_compile_changes_nothing(real: RealMoodle, tmp_path: Path) -> None:
    wanted = {"scss": ".a {\n  color: $no-such-colour;\n}", "brand_color": "#010203"}
    with pytest.raises(OrderRefused) as caught:
        Order(
            real,
            Files(tmp_path),
            Wanted("apply-theme", wanted),
            policy=Policy((ApplyThemeRules(settings=("*",)),)),
        )
    (fault,) = caught.value.facts["faults"]
    facts = fault["facts"]
    assert (facts["where"], facts["line"], facts["text"]) == ("scss", 2, "color: $no-such-colour;")


# --- backups


def test_the_administrator_sees_the_settings_of_backups(real: RealMoodle, tmp_path: Path) -> None:
    name, _, password = os.environ.get("MOODLE_ADMIN", "").partition(":")
    if not password:
        pytest.skip("MOODLE_ADMIN (name:password) names no administrator")
    admin = signed_in(real, name, password)

    def shown() -> dict[str, str]:
        page = admin.get(f"{real.url}/admin/settings.php?section=automated", timeout=60).text
        found = {}
        for setting in (
            "backup_auto_active",
            "backup_auto_max_kept",
            "backup_auto_hour",
            "backup_auto_minute",
        ):
            select = re.search(
                rf'<select[^>]*id="id_s_backup_{setting}[a-z_]*"[^>]*>(.*?)</select>', page, re.DOTALL
            )
            if select is None:  # Hours and minutes stand in one setting.
                which = "h" if setting.endswith("hour") else "m"
                select = re.search(
                    rf'<select[^>]*name="s_backup_backup_auto_hour\[{which}\]"[^>]*>(.*?)</select>',
                    page,
                    re.DOTALL,
                )
            assert select, setting
            chosen = re.search(r'<option value="(\d+)"[^>]*\bselected', select[1])
            assert chosen, setting
            found[setting] = chosen[1]
        for day in range(7):
            box = re.search(rf'<input[^>]*name="s_backup_backup_auto_weekdays\[{day}\]"[^>]*>', page)
            box = box or re.search(rf'<input[^>]*id="id_s_backup_backup_auto_weekdays_?{day}"[^>]*>', page)
            found[f"day{day}"] = "1" if box and "checked" in box[0] else "0"
        return found

    before = shown()
    wanted = {"schedule": "вручную", "weekdays": "пн, сб", "time": "04:35", "keep": "40"}
    order = Order(real, Files(tmp_path), Wanted("configure-backups", wanted))
    after = shown()
    assert {
        "backup_auto_active": "2",
        "backup_auto_max_kept": "40",
        "backup_auto_hour": "4",
        "backup_auto_minute": "35",
    }.items() <= after.items()
    order.take_back()
    assert shown() == before


# --- the audit


@contextmanager
def changed_core(root: Path) -> Iterator[tuple[str, str]]:
    """A file of the core that somebody changed, and one that somebody left there."""
    if not os.access(root, os.W_OK):
        pytest.skip("the site's code cannot be changed")
    changed, added = root / "brokenfile.php", root / "lib" / "otbridge_left_behind.php"
    text, mode = changed.read_text("utf-8"), changed.stat().st_mode
    changed.unlink()  # It may be a link to another site's file.
    changed.write_text(text + "\n// Somebody was here.\n", "utf-8")
    changed.chmod(mode)
    added.write_text("<?php\n", "utf-8")
    try:
        yield "brokenfile.php", "lib/otbridge_left_behind.php"
    finally:
        changed.write_text(text, "utf-8")
        added.unlink()


def test_an_audit_finds_what_was_changed_and_reaches_the_ticket(
    live_world: World, real: RealMoodle, unique: str
) -> None:
    root = Path(os.environ.get("MOODLE_DIRROOT", "/nowhere"))
    if not root.is_dir():
        pytest.skip("MOODLE_DIRROOT does not name the site's code")
    third_party = ("local/otbridge/", "mod/customcert/")
    lines = [one for one in checksums(root) if not one.partition("  ")[2].startswith(third_party)]
    settings = live_world.directory / "bridge.toml"
    text = settings.read_text("utf-8")
    settings.write_text(text.replace("unattended = [", 'unattended = ["2.7", '), "utf-8")
    with changed_core(root) as (changed, added):
        ticket = live_world.ticket({}, number=unique, hours="2")
        live_world.portal.add_attachment(ticket, "sums.txt", "\n".join(lines).encode())
        live_world.sync()
        order = ("--action", "audit-site", "--param", "checksums=sums.txt")
        code, told = live_world.otbridge("assign", unique, "2.7", *order)
        assert code == 0, told
        for _ in range(6):
            report = live_world.sync()
            if any(one["evidence"] for one in report["tickets"]):
                break
    (evidence,) = report["tickets"][0]["evidence"]
    assert "attachments" not in evidence
    assert (evidence["core"], evidence["changed_files"], evidence["missing_files"]) == ("compared", 1, 0)
    assert any(one.startswith("local_otbridge ") for one in evidence["plugins"])
    attached = {one.name: one for one in live_world.portal.ticket(ticket).attachments}
    assert set(evidence["files"]) <= attached.keys()
    page, document = (
        live_world.portal.documents.attachment_row(ticket, attached[name].id)["content"]
        for name in evidence["files"]
    )
    core = json.loads(document)["core"]
    assert core["changed"] == [changed]
    assert added in core["added"]
    assert changed in page.decode()
    for secret in ("dbpass", PASSWORD, str(root)):
        assert secret not in document.decode()
    assert "Отчёт приложен к заявке" in live_world.customer_notes(ticket)
