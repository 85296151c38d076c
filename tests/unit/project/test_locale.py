"""What operators read is complete in Russian, and the compiled catalogue is the one of the source (`make
locale`).
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[3]
PO = ROOT / "bridge" / "locale" / "ru" / "LC_MESSAGES" / "otbridge.po"


def catalogue() -> dict[str, str]:
    with PO.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id}


def test_every_sentence_is_translated_and_no_other() -> None:
    found = {
        message
        for _, _, message, *_ in extract_from_dir(ROOT / "bridge", keywords={"tr": None, "noop": None})
    }
    assert {message for message, told in catalogue().items() if told} == found


def test_no_sentence_hides_from_the_extraction_inside_an_f_string() -> None:
    hidden = [
        str(path)
        for path in (ROOT / "bridge").rglob("*.py")
        if re.search(r"\{(tr|noop)\(", path.read_text(encoding="utf-8"))
    ]
    assert hidden == []


def test_translations_keep_the_names_in_braces() -> None:
    for message, told in catalogue().items():
        assert sorted(re.findall(r"{\w*}", message)) == sorted(re.findall(r"{\w*}", told)), message


def test_the_compiled_catalogue_is_fresh() -> None:
    """Its sentences are those of the source. The bytes also name the version of Babel that wrote them, and
    differ from one to the next.
    """
    with PO.with_suffix(".mo").open("rb") as file:
        compiled = {message.id: message.string for message in read_mo(file) if message.id}
    assert compiled == {message: told for message, told in catalogue().items() if told}


def test_help_is_told_in_the_operator_s_language() -> None:
    environ = {**os.environ, "LANGUAGE": "ru", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [str(Path(sys.executable).with_name("otbridge")), "--help"],
        check=True,
        capture_output=True,
        text=True,
        env=environ,
    )
    assert "Превращает платные заявки" in done.stdout
