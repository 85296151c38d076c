"""The spool: nothing in a request is trusted, and nothing is read half."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from otbridge_extract.spool import FORGOTTEN, LARGEST, Request, Spool, key_of, parse

BACKUP = "0123456789abcdef"
KEY = key_of(BACKUP, 7)
GOOD = {"version": 1, "key": KEY, "backup": BACKUP, "course": 7, "asked": "a1"}


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    for one in ("requests", "answers"):
        (tmp_path / one).mkdir()
    return Spool(tmp_path)


def ask(folder: Path, **changes: Any) -> Path:
    path = folder / "requests" / f"{KEY}.json"
    path.write_text(json.dumps({**GOOD, **changes}))
    return path


def test_a_request_names_a_backup_and_a_course() -> None:
    assert parse(f"{KEY}.json", json.dumps(GOOD).encode()) == Request(KEY, BACKUP, 7, "a1")


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2},
        {"backup": "../../etc"},
        {"backup": BACKUP.upper()},
        {"backup": BACKUP + "\n"},
        {"backup": None},
        {"course": "7; DROP DATABASE x"},
        {"course": True},
        {"course": 0},
        {"course": 7.0},
        {"course": 8},
        {"course": 2**63},
        {"asked": ""},
        {"asked": "../x"},
        {"key": "0" * 32},
        {"more": 1},
    ],
)
def test_a_request_that_is_none_is_passed_over(changes: dict[str, Any]) -> None:
    assert parse(f"{KEY}.json", json.dumps({**GOOD, **changes}).encode()) is None


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff", b"null", b'{"version":1}', b"[" * 4000])
def test_a_document_that_is_no_request_is_passed_over(text: bytes) -> None:
    assert parse(f"{KEY}.json", text) is None


def test_a_link_a_pipe_a_folder_and_a_large_file_are_not_read(tmp_path: Path, spool: Spool) -> None:
    real = tmp_path / "elsewhere.json"
    real.write_text(json.dumps(GOOD))
    (tmp_path / "requests" / f"{KEY}.json").symlink_to(real)
    os.mkfifo(tmp_path / "requests" / f"{'1' * 32}.json")
    (tmp_path / "requests" / f"{'2' * 32}.json").mkdir()
    (tmp_path / "requests" / f"{'3' * 32}.json").write_text(" " * (LARGEST + 1))
    (tmp_path / "requests" / ".part").write_text(json.dumps(GOOD))
    assert spool.requests() == []


def test_a_request_of_another_user_does_not_count(tmp_path: Path, spool: Spool) -> None:
    ask(tmp_path)
    assert len(spool.requests()) == 1
    assert Spool(tmp_path, os.geteuid() + 1).requests() == []


def test_a_request_that_nobody_waits_for_any_more_does_not_count(tmp_path: Path) -> None:
    for one in ("requests", "answers"):
        (tmp_path / one).mkdir()
    made = ask(tmp_path).stat().st_mtime
    assert len(Spool(tmp_path, clock=lambda: made + FORGOTTEN - 1).requests()) == 1
    assert Spool(tmp_path, clock=lambda: made + FORGOTTEN + 1).requests() == []


def test_a_request_waits_until_it_is_answered_and_again_when_it_is_asked_anew(
    tmp_path: Path, spool: Spool
) -> None:
    ask(tmp_path)
    assert [one.key for one in spool.pending()] == [KEY]
    spool.tell(KEY, {"state": "working", "asked": "a1"})
    assert [one.key for one in spool.pending()] == [KEY]
    spool.tell(KEY, {"state": "failed", "asked": "a1"})
    assert spool.pending() == []
    ask(tmp_path, asked="a2")
    assert [one.key for one in spool.pending()] == [KEY]


def test_an_answer_without_its_file_is_none(tmp_path: Path, spool: Spool) -> None:
    ask(tmp_path)
    spool.tell(KEY, {"state": "done", "asked": "a1"})
    assert [one.key for one in spool.pending()] == [KEY]
    spool.file(KEY).write_bytes(b"x")
    assert spool.pending() == []


def test_what_a_killed_writer_left_and_what_is_old_is_removed(tmp_path: Path, spool: Spool) -> None:
    answers = tmp_path / "answers"
    ask(tmp_path)
    spool.tell(KEY, {"state": "done", "asked": "a1"})
    spool.file(KEY).write_bytes(b"x")
    other = key_of(BACKUP, 8)
    spool.tell(other, {"state": "failed", "asked": "a1"})
    (answers / f"{'f' * 32}.mbz").write_bytes(b"without an answer")
    (answers / f".{KEY}.mbz.part").write_bytes(b"half")
    (answers / "index.jsonl").write_text("{}")
    spool.tidy(now=10**12, keep_seconds=1)
    assert {one.name for one in answers.iterdir()} == {f"{KEY}.json", f"{KEY}.mbz", "index.jsonl"}
    (tmp_path / "requests" / f"{KEY}.json").unlink()
    spool.tidy(now=0, keep_seconds=1)
    assert spool.file(KEY).is_file()
    spool.tidy(now=10**12, keep_seconds=1)
    assert {one.name for one in answers.iterdir()} == {"index.jsonl"}
