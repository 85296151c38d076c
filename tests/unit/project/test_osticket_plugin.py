"""What of the osTicket plugin can be tested without osTicket: its texts, and its arithmetic against the bridge's own."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bridge.hours import Charge, hours_taken, to_milli

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
    unused = {name for name in known - told if not name.startswith(begun) and f"'{name.removeprefix('head_')}'" not in together}
    assert unused == set()


def php(code: str, *given: Any) -> Any:
    """What a piece of PHP echoes as JSON, with the plugin's classes at hand."""
    if PHP is None:
        pytest.skip("there is no php here")
    loader = f"spl_autoload_register(fn($c) => require '{PLUGIN}/lib/' . substr($c, 9) . '.php');"
    done = subprocess.run(
        [PHP, "-r", f"{loader} $given = json_decode($argv[1], true); echo json_encode({code});", json.dumps(given)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
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
    assert taken == [to_milli(hours_taken([Charge("c", m, m, Decimal(k) / 1000) for m, k in one])) for one in cases]


@pytest.mark.parametrize(
    ("written", "milli"),
    [("1", 1000), ("1,5", 1500), ("0.05", 50), ("1.0005", None), ("-1", None), ("", None), ("1e3", None), (" 2 ", 2000)],
)
def test_hours_that_people_write_are_read_exactly(written: str, milli: int | None) -> None:
    assert php("Otbridge\\Amount::milli($given[0])", written) == milli


def test_json_is_compared_by_its_value() -> None:
    spelled = php(
        "array_map(['Otbridge\\Json', 'canonical'], $given[0])",
        ['{"b": [1, {}], "a": "\\u0061"}', '{"a":"a","b":[1,{}]}', '{"a":"a","b":[1,[]]}'],
    )
    assert spelled[0] == spelled[1] != spelled[2]


def test_a_message_without_markup_is_told_as_it_was_written() -> None:
    assert php("Otbridge\\Html::plain($given[0])", "Q&amp;A: a &lt; b &quot;c&quot; &#039;d&#039;") == "Q&A: a < b \"c\" 'd'"


OSTICKET = """<?php
class PluginConfig {
    public $config = [];
    public function exists($key) { return isset($this->config[$key]) && $this->config[$key]->value ? true : false; } // as osTicket 1.17 does
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
    begin = f"define('INCLUDE_DIR', '{directory}/'); require '{PLUGIN}/config.php'; $settings = new OtbridgeConfig();"
    return php(f"(function () {{ {begin} return {code}; }})()")


def test_what_is_saved_as_off_is_saved_on_every_osticket(tmp_path: Path) -> None:
    saved = "array_map(function ($value) use ($settings) { $settings->config['mails'] = (object) ['value' => $value]; return $settings->exists('mails'); }"
    assert configured(tmp_path, f"[$settings->exists('mails'), {saved}, ['1', '0', ''])]") == [False, [True, True, True]]


def test_a_box_of_the_settings_is_found_again_when_the_instance_is_added(tmp_path: Path) -> None:
    boxes = "array_filter($settings->getOptions(), function ($one) { return $one instanceof BooleanField; })"
    assert configured(tmp_path, f"array_map(function ($one) {{ return $one->given['id'] ?? null; }}, {boxes})") == {"mails": "mails"}
