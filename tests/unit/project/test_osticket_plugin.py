"""What of the osTicket plugin can be tested without osTicket: its texts, and its arithmetic against the
bridge's own.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.domain.hours import Charge, to_milli, write_off
from bridge.domain.tickets import within_category

PLUGIN = Path(__file__).parents[3] / "plugin_php_stub" / "osticket-otbridge"
PHP = shutil.which("php")
SOURCES = [path.read_text(encoding="utf-8") for path in PLUGIN.rglob("*.php") if "i18n" not in path.parts]


def texts(language: str) -> dict[str, str]:
    """The texts of a language, by name."""
    written = (PLUGIN / "i18n" / f"{language}.php").read_text(encoding="utf-8")
    return dict(re.findall(r"^    '(\w+)' => '((?:[^'\\]|\\.)*)',$", written, re.MULTILINE))


def test_both_languages_have_the_same_texts_with_the_same_places() -> None:
    russian, english = texts("ru"), texts("en")
    assert russian.keys() == english.keys()
    for name, text in russian.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english[name])), name


def test_every_text_is_told_somewhere_and_every_told_text_is_there() -> None:
    known = texts("en").keys()
    together = "\n".join(SOURCES)
    told = set(re.findall(r"Words::tell\('(\w+)'", together))
    assert told <= known
    begun = tuple(re.findall(r"Words::tell\(\"(\w+)\{", together))
    unused = {
        name
        for name in known - told
        if not name.startswith(begun) and f"'{name.removeprefix('head_')}'" not in together
    }
    assert unused == set()


def php(code: str, *given: Any) -> Any:
    """What a piece of PHP echoes as JSON, with the plugin's classes at hand."""
    if PHP is None:
        pytest.skip("there is no php here")
    loader = f"spl_autoload_register(fn($c) => require '{PLUGIN}/lib/' . substr($c, 9) . '.php');"
    done = subprocess.run(
        [
            PHP,
            "-r",
            f"{loader} $given = json_decode($argv[1], true); echo json_encode({code});",
            json.dumps(given),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)


def test_hours_are_taken_as_the_bridge_takes_them() -> None:
    cases = [
        [(minutes, k) for minutes in range(first, first + lines)]
        for first in range(0, 500, 7)
        for lines in (1, 3)
        for k in (100, 600, 1000, 1250)
    ]
    asked = [[{"charged_minutes": minutes, "coefficient_milli": k} for minutes, k in one] for one in cases]
    taken = php("array_map(['Otbridge\\Ledger', 'taken'], $given[0])", asked)
    assert taken == [
        to_milli(write_off([Charge("c", m, m, Decimal(k) / 1000) for m, k in one])) for one in cases
    ]


@pytest.mark.parametrize(
    ("written", "milli"),
    [
        ("1", 1000),
        ("1,5", 1500),
        ("0.05", 50),
        ("1.0005", None),
        ("-1", None),
        ("", None),
        ("1e3", None),
        (" 2 ", 2000),
    ],
)
def test_hours_that_people_write_are_read_exactly(written: str, milli: int | None) -> None:
    assert php("Otbridge\\Amount::milli($given[0])", written) == milli


CATEGORIES = [
    ("A/B", "A / B", True),
    ("A / B/", "A/B", True),
    ("A  x/B", "A x", True),
    ("A\N{NO-BREAK SPACE}x", "A x", True),
    ("A\tx", "A x", True),
    ("A\N{THIN SPACE}x / B", "A x/B/", True),
    ("//A", "A", True),
    ("A/B", "", True),
    ("a", "A", False),
    ("A2", "A", False),
    ("B/A", "A", False),
    ("A\N{ZERO WIDTH SPACE}x", "A x", False),
    ("A\x1cx", "A x", True),
]


def test_a_category_is_compared_as_the_bridge_compares_it() -> None:
    assert [within_category(category, prefix) for category, prefix, _ in CATEGORIES] == [
        told for *_, told in CATEGORIES
    ]
    told = php(
        "array_map(function ($one) { return Otbridge\\Portal::isBelow($one[0], $one[1]); }, $given[0])",
        CATEGORIES,
    )
    assert told == [told for *_, told in CATEGORIES]


def topics(paid: str, followed: int | None, *rows: tuple[int, int, str]) -> dict[int, str]:
    """Categories by topic, of topics given as id, topic above, and name."""
    given = [{"topic_id": id_, "topic_pid": above, "topic": name} for id_, above, name in rows]
    return {
        int(id_): name
        for id_, name in php("(object) Otbridge\\Topics::called(...$given)", given, paid, followed).items()
    }


def test_the_paid_section_keeps_its_name_for_the_bridge_when_its_topic_is_renamed_or_moved() -> None:
    below = (3, 2, "Отчёты")
    assert topics("Платно", 2, (2, 0, "Платно"), below) == {2: "Платно", 3: "Платно / Отчёты"}
    assert topics("Платно", 2, (2, 0, "Нормо-часы"), below, (4, 0, "Иное")) == {
        2: "Платно",
        3: "Платно / Отчёты",
        4: "Иное",
    }
    assert topics("A/Платно", 2, (1, 0, "B"), (2, 1, "Платно"), below) == {
        1: "B",
        2: "A/Платно",
        3: "A/Платно / Отчёты",
    }


def test_another_topic_that_gets_the_name_of_the_paid_section_is_the_paid_one() -> None:
    assert topics("Платно", 2, (2, 0, "Архив"), (5, 0, "Платно")) == {2: "Архив", 5: "Платно"}
    assert topics("Платно", 2, (5, 0, "Иное")) == {5: "Иное"}, "one that is deleted is followed no more"


def test_topics_that_stand_below_each_other_in_a_circle_are_named_all_the_same() -> None:
    assert topics("Платно", 9, (1, 2, "A"), (2, 1, "B"), (9, 0, "C")) == {1: "B / A", 2: "A / B", 9: "Платно"}


CONNECTION = """
class Connection {
    public $log = []; public $error = 'gone away'; public $errno = 2006; private $fails;
    public function __construct($fails) { $this->fails = $fails; }
    private function did($what) {
        $this->log[] = $what;
        $next = $this->fails[0] ?? [null, 0];
        if ($next[0] !== $what) { return true; }
        array_shift($this->fails);
        $this->errno = $next[1];
        if ($next[2] ?? false) { throw new mysqli_sql_exception('thrown', $next[1]); }
        return false;
    }
    public function query($sql) { return $this->did(explode(' ', $sql)[0]); }
    public function autocommit($on) { return $this->did($on ? 'on' : 'off'); }
    public function begin_transaction() { return $this->did('begin'); }
    public function commit() { return $this->did('commit'); }
    public function rollback() { return $this->did('rollback'); }
}
"""
"""A connection that fails as it is told: what fails next, with which of MySQL's codes, and whether by an
exception.
"""


def transaction(*fails: tuple[str, int, bool]) -> dict[str, Any]:
    """What becomes of a transaction that promises a mail each time it is tried."""
    code = f"""(function () use ($given) {{ {CONNECTION}
        $connection = new Connection($given[0]); $database = new Otbridge\\Database($connection, '');
        $tried = 0; $error = null;
        try {{ $database->transaction(function () use ($database, &$tried) {{ $tried++;
        $database->promise(function () {{ }}); }}); }}
        catch (Otbridge\\DatabaseError $caught) {{ $error = $caught->getCode(); }}
        return ['error' => $error, 'tried' => $tried, 'mails' => count($database->due()),
            'again' => count($database->due()), 'log' => $connection->log];
    }})()"""
    told: dict[str, Any] = php(code, fails)
    return told


@pytest.mark.parametrize("thrown", [False, True], ids=["returned", "thrown"])
def test_a_commit_that_fails_is_no_success_and_sends_no_mail(thrown: bool) -> None:
    done = transaction(("commit", 2006, thrown))
    assert (done["error"], done["tried"], done["mails"]) == (2006, 1, 0)
    assert done["log"][-2:] == ["rollback", "on"]


def test_what_is_repeated_after_a_deadlock_sends_its_mail_once() -> None:
    done = transaction(("commit", 1213, True))
    assert (done["error"], done["tried"], done["mails"], done["again"]) == (None, 2, 1, 0)


def test_a_transaction_that_a_deadlock_has_ended_unseen_begins_anew() -> None:
    done = transaction(("RELEASE", 1305, True))
    assert (done["error"], done["tried"], done["mails"]) == (None, 2, 1)
    assert done["log"].index("rollback") < done["log"].index("commit")


def test_a_connection_that_is_lost_altogether_is_told_by_its_first_error() -> None:
    done = transaction(("commit", 2006, True), ("rollback", 2006, True), ("on", 2006, True))
    assert (done["error"], done["mails"]) == (2006, 0)


def test_a_transaction_that_cannot_begin_does_nothing() -> None:
    assert transaction(("begin", 2006, False)) == {
        "error": 2006,
        "tried": 0,
        "mails": 0,
        "again": 0,
        "log": ["SET", "off", "begin"],
    }


HELP_DESK = """
class ThreadEntry { const FLAG_EDITED = 1; }
class Desk extends Otbridge\\Database {
    public $log = []; public $changed = [['ticket_id' => 7, 'events' => 1, 'entries' => 1]];
    public $marks = 0;
    public function __construct() { }
    public function rows(string $sql, array $values = []): array {
        if (strpos($sql, 'SELECT name, value') === 0) {
            return [['name' => 'event', 'value' => $this->marks], ['name' => 'entry', 'value' => 0]];
        }
        if (strpos($sql, 'HAVING')) { return $this->changed; }
        if (strpos($sql, 'FOR UPDATE')) { $this->log[] = 'lock'; }
        if (strpos($sql, 'SET events = ?')) { $this->log[] = 'tell'; $this->changed = []; }
        if (strpos($sql, 'SET value = ?')) { $this->marks = $values[0]; }
        return [];
    }
    public function number(string $sql, array $values = []): int {
        return strpos($sql, 'thread_event') ? 1 : 0;
    }
    public function transaction(callable $work) { $done = $work(); $this->log[] = 'commit'; return $done; }
}
class Drawer extends Otbridge\\Files {
    private $desk; private $late;
    public function __construct($desk, $late) { $this->desk = $desk; $this->late = $late; }
    public function takeUp(int $ticketId): void { $this->desk->log[] = 'read'; }
    public function wait(int $ticketId): bool { return $this->late-- > 0; }
}
class Nowhere extends Otbridge\\Places {
    public function __construct() { }
    public function keep(int $ticketId): void { } }
class Nothing extends Otbridge\\Topics { public function __construct() { } }
"""
"""A help desk with one changed ticket, which has files; some of them come late."""


@pytest.mark.parametrize(
    ("late", "log"),
    [
        (0, ["read", "lock", "tell", "commit"]),
        (1, ["read", "lock", "commit", "read", "lock", "tell", "commit"]),
    ],
    ids=["in time", "meanwhile"],
)
def test_files_are_read_before_the_counter_is_kept(late: int, log: list[str]) -> None:
    code = f"""(function () use ($given) {{ {HELP_DESK}
        $desk = new Desk();
        $changes = new Otbridge\\Changes($desk, new Drawer($desk, $given[0]), new Nothing(), new Nowhere());
        return [$changes->takeUp(false), $desk->log];
    }})()"""
    assert php(code, late) == [True, log]


def test_json_is_compared_by_its_value() -> None:
    spelled = php(
        "array_map(['Otbridge\\Json', 'canonical'], $given[0])",
        ['{"b": [1, {}], "a": "\\u0061"}', '{"a":"a","b":[1,{}]}', '{"a":"a","b":[1,[]]}'],
    )
    assert spelled[0] == spelled[1] != spelled[2]


def test_a_message_without_markup_is_told_as_it_was_written() -> None:
    assert (
        php("Otbridge\\Html::plain($given[0])", "Q&amp;A: a &lt; b &quot;c&quot; &#039;d&#039;")
        == "Q&A: a < b \"c\" 'd'"
    )


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("a\nb", "a<br>b"),
        ("a\r\n\r\nb & <c>", "a<br><br>b &amp; &lt;c&gt;"),
        ("a &amp; b\nc", "a &amp; b<br>c"),
        ("one line & <b", "one line & <b"),
        ("<p>a</p>\n<p>b</p>", "<p>a</p>\n<p>b</p>"),
        ("a<br/>\nb", "a<br/>\nb"),
        ("one\n", "one\n"),
        ("\"a\": 'b'\nc", "\"a\": 'b'<br>c"),
    ],
)
def test_lines_of_a_plain_text_are_given_to_osticket_as_its_editor_does(given: str, kept: str) -> None:
    assert php("Otbridge\\Lines::html($given[0])", given) == kept


OSTICKET = """<?php
class PluginConfig {
    public $config = [];
    public function exists($key) {
        return isset($this->config[$key]) && $this->config[$key]->value ? true : false;
    } // as osTicket 1.17 does
}
class FormField { public $given; public function __construct($given) { $this->given = $given; } }
class TextboxField extends FormField {}
class TextareaField extends FormField {}
class ChoiceField extends FormField {}
class BooleanField extends FormField {}
class Internationalization { public static function getCurrentLanguage() { return 'ru'; } }
"""
"""What of osTicket the plugin's settings are made of."""


def configured(directory: Path, code: str) -> Any:
    """What a piece of PHP returns of the plugin's settings, `$settings`."""
    (directory / "class.plugin.php").write_text(OSTICKET, encoding="utf-8")
    begin = (
        f"define('INCLUDE_DIR', '{directory}/'); require '{PLUGIN}/config.php'; $settings = new "
        "OtbridgeConfig();"
    )
    return php(f"(function () {{ {begin} return {code}; }})()")


def test_what_is_saved_as_off_is_saved_on_every_osticket(tmp_path: Path) -> None:
    saved = (
        "array_map(function ($value) use ($settings) { $settings->config['mails'] = (object) "
        "['value' => $value]; return $settings->exists('mails'); }"
    )
    assert configured(tmp_path, f"[$settings->exists('mails'), {saved}, ['1', '0', ''])]") == [
        False,
        [True, True, True],
    ]


def test_a_box_of_the_settings_is_found_again_when_the_instance_is_added(tmp_path: Path) -> None:
    boxes = "array_filter($settings->getOptions(), function ($one) { return $one instanceof BooleanField; })"
    assert configured(
        tmp_path, f"array_map(function ($one) {{ return $one->given['id'] ?? null; }}, {boxes})"
    ) == {"mails": "mails"}
