"""What an operator reads is wholly in their language: no English sentence in Russian, no Cyrillic in
English but what is quoted.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.profile import THOROUGH

ROOT = Path(__file__).parents[3]

NAMES = re.compile(
    r"otbridge(?: "
    r"[a-z-]+)*|--[a-z-]+|\[[^\]]*\]|[\w/:~$'@.-]*[/_$=~@\\][\w/:.~'@-]*|\w+\.\w+|rails "
    r"runner|pip install|and [A-Z]\w+|[“«\"'‘][^”»\"'’]*[”»\"'’]"
)
"""Commands, options, tables, paths, addresses, quoted texts: they are the same in every language."""


def sentences_in_english(text: str) -> list[str]:
    """Three English words in a row that are no names."""
    plain = NAMES.sub(" . ", re.sub(r"[│┃]", " | ", text))
    return [
        found
        for found in re.findall(r"(?:\b[A-Za-z]*[a-z]{2,}\b +){2}\b[a-z]{2,}\b", plain)
        if not found.isupper()
    ]


def said(directory: Path, language: str) -> dict[str, str]:
    """What every command says in a language."""
    environ = {**os.environ, "LANGUAGE": language, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.unit.cli.say", str(directory)]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, str] = json.loads(done.stdout)
    return told


def test_in_russian_no_english_sentence_is_said(tmp_path: Path) -> None:
    told = said(tmp_path, "ru")
    found = {typed: english for typed, text in told.items() if (english := sentences_in_english(text))}
    assert found == {}
    assert len(told) > 300


@pytest.mark.skipif(not THOROUGH, reason="takes four seconds: HYPOTHESIS_PROFILE=thorough")
def test_in_english_no_cyrillic_is_said_but_what_is_quoted_or_a_name(tmp_path: Path) -> None:
    told = said(tmp_path, "en")
    theirs = r"[“«][^”»]*[”»]|Этап|Тема|Вуз|Общие вопросы|ждём|не то"
    found = {
        typed: re.findall(r".*[а-яА-ЯёЁ].*", re.sub(theirs, "", " ".join(text.split())))
        for typed, text in told.items()
    }
    # Names of services and of Redmine's fields are Russian; faults of an order are told in the words that the
    # customer would read.
    expected = {
        typed for typed in found if typed.startswith(("catalogue", "quote", "init-redmine", "assign 101 9.9"))
    }
    assert {typed: lines for typed, lines in found.items() if lines and typed not in expected} == {}


def test_the_detector_detects() -> None:
    assert sentences_in_english("│ портал │ the connection was lost │")
    assert not sentences_in_english(
        "otbridge assign 7 SERVICE; otbridge retry 7; Moodle main; [policy] unattended"
    )
