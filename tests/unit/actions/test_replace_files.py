"""replace-files: where the new files go, and the steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bridge.actions import OrderInvalid, OrderRefused, validate
from bridge.actions.program import Use
from bridge.actions.replace_files import ACTION
from bridge.actions.replace_files.params import ReplaceFilesParams
from tests.unit.actions.fake_moodle import FakeMoodle, make_context
from tests.unit.actions.test_examples import ExampleFiles
from tests.unit.actions.test_places import make_moodle


def order(*replaced: dict[str, Any], **params: Any) -> ReplaceFilesParams:
    found = validate(ReplaceFilesParams, {"course": "intro", "replace": list(replaced), **params})
    assert isinstance(found, ReplaceFilesParams)
    return found


def test_each_file_is_a_step(tmp_path: Path) -> None:
    moodle, files = make_moodle(), ExampleFiles(tmp_path)
    found = ACTION.plan(
        order(
            {"section": "Знакомство", "file": "1.pdf"},
            {"element": "Лекция 2", "file": "2.pdf", "display": "embed"},
            display="open",
        ),
        make_context(moodle, files=files),
    )
    assert moodle.written == [], "a plan only reads"
    first, second = (one.params for one in found.part.steps)
    assert (first["section"], first["display"], "element" in first) == (1, "open", False)
    assert (second["element"], second["display"]) == ({"name": "Лекция 2"}, "embed")
    assert first["file"] == Use(files.get("1.pdf").sha256)
    assert found.counts == {"files": 2}
    assert found.summary[1] == "section 1 (Знакомство): 1.pdf (5 bytes), opens open"


def test_files_that_are_not_attached_are_named(tmp_path: Path) -> None:
    with pytest.raises(OrderRefused) as caught:
        ACTION.plan(order({"section": "1", "file": "1.pdf"}), make_context(make_moodle()))
    assert caught.value.code == "file-missing"


@pytest.mark.parametrize(
    ("replaced", "told"),
    [
        ([], "replace: не должно быть пустым"),
        ([{"file": "1.pdf"}], "файл «1.pdf»: укажите element .элемент. или section"),
        ([{"file": "1.pdf", "section": "1", "element": "А"}], "одно из двух"),
        ([{"file": "1", "section": "1"}, {"file": "2", "section": "1"}], "секция указана дважды: «1»"),
        ([{"file": "1", "element": "А"}, {"file": "2", "element": "а"}], "элемент указан дважды"),
        ([{"section": "1"}], "replace №1, file: параметр не указан"),
    ],
)
def test_faults_of_an_order_are_told(replaced: Any, told: str) -> None:
    with pytest.raises(OrderInvalid, match=told):
        order(*replaced)


def test_the_evidence_names_old_and_new() -> None:
    one = {"cmid": 5, "name": "Лекция", "url": "https://lms/5", "old": "a.pdf", "new": "b.pdf", "file": {}}
    found = ACTION.evidence({"file1": one}, FakeMoodle())
    assert found["files"] == [{name: value for name, value in one.items() if name != "file"}]
    assert ACTION.words.evidence(found).endswith("Лекция (a.pdf → b.pdf)")
    assert ACTION.taken_back(found) == {"kind": "replacement-deleted", "files": ["Лекция"]}
