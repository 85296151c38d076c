"""add-files: files of the ticket as elements and folders, and those that Moodle would get wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bridge.actions import OrderInvalid, OrderRefused, Plan, TicketFile, validate
from bridge.actions.action import NoFiles
from bridge.actions.add_files import ACTION
from bridge.actions.add_files.params import AddFilesParams
from bridge.actions.program import File, Use
from tests.builders import make_ticket, messages
from tests.unit.actions.fake_moodle import FakeMoodle, make_context
from tests.unit.actions.test_places import make_moodle

CONTENTS = {"a.pdf": b"A", "Б.В.docx": b"BB", "a copy.pdf": b"A", "empty.txt": b"", "a/b.txt": b"ab"}


class Held(NoFiles):
    """The files of `CONTENTS`, without their content."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self._contents = contents

    def get(self, name: str) -> TicketFile:
        if name not in self._contents:
            return super().get(name)
        content = self._contents[name]
        return TicketFile(name, digest(content), len(content), Path(name))


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def order(**params: Any) -> AddFilesParams:
    found = validate(AddFilesParams, {"course": "intro", **params})
    assert isinstance(found, AddFilesParams)
    return found


def plan(variant: str = "", **params: Any) -> Plan:
    moodle = make_moodle()
    context = make_context(moodle, files=Held(CONTENTS), variant=variant)
    found = ACTION.plan(order(**params), context)
    assert moodle.written == [], "a plan only reads"
    return found


def test_each_file_is_an_element_named_after_it() -> None:
    found = plan(
        file=[{"file": "a.pdf", "display": "embed"}, {"file": "Б.В.docx", "name": "Устав", "section": "3"}],
        section="Знакомство",
        display="new",
    )
    first, second = (one.params for one in found.part.steps)
    assert (first["type"], first["name"], first["section"]) == ("resource", "a", 1)
    assert (first["files"], first["settings"]) == ([Use(digest(b"A"))], {"display": "embed"})
    assert (second["name"], second["section"], second["settings"]) == ("Устав", 3, {"display": "new"})
    assert found.part.files == (File(digest(b"A"), "a.pdf", 1), File(digest(b"BB"), "Б.В.docx", 2))
    assert found.counts == {"files": 2}
    assert found.summary == (
        "add 2 files to course Введение (7)",
        "a: a.pdf (1 bytes), section 1 (Знакомство)",
        "Устав: Б.В.docx (2 bytes), section 3 (3)",
    )


def test_a_folder_holds_several() -> None:
    found = plan(
        file=[{"file": "a.pdf"}], folder=[{"name": "Папка", "files": "a.pdf\nБ.В.docx", "display": "inline"}]
    )
    folder = found.part.steps[1]
    assert (folder.label, folder.params["type"], folder.params["settings"]) == (
        "folder1",
        "folder",
        {"display": "inline"},
    )
    assert folder.params["files"] == [Use(digest(b"A")), Use(digest(b"BB"))]
    assert found.counts == {"files": 3}
    assert len(found.part.files) == 2, "each content once"


@pytest.mark.parametrize(
    ("params", "code", "said"),
    [
        ({"file": [{"file": "нет.pdf"}]}, "file-missing", "не приложен файл «нет.pdf»"),
        (
            {"file": [{"file": "1.pdf"}], "folder": [{"name": "П", "files": ["2.pdf", "a.pdf"]}]},
            "files-missing",
            "– 1.pdf\n– 2.pdf\n",
        ),
        ({"file": [{"file": "empty.txt"}]}, "file-empty", "Файл «empty.txt» пустой"),
        ({"file": [{"file": "a/b.txt"}]}, "file-name", "Файл «a/b.txt» нельзя так назвать"),
        (
            {"file": [{"file": "a.pdf"}, {"file": "a copy.pdf"}]},
            "files-same",
            "Файлы «a.pdf» и «a copy.pdf» одинаковы",
        ),
    ],
)
def test_files_that_moodle_would_get_wrong_are_refused(params: Any, code: str, said: str) -> None:
    with pytest.raises(OrderRefused) as caught:
        plan(**params)
    assert caught.value.code == code
    facts = {"stage": "Работа", "action": "add-files", **caught.value.outcome()}
    assert said in messages().render("cannot", make_ticket(), facts)


def test_a_conversion_is_a_specialist_s_work() -> None:
    assert plan("plain", file=[{"file": "a.pdf"}]).part.steps
    with pytest.raises(OrderRefused) as caught:
        plan("convert", file=[{"file": "a.pdf"}])
    assert caught.value.code in ACTION.words.operators


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({}, "назовите файлы"),
        ({"file": [{"name": "Устав"}]}, "file №1, file: параметр не указан"),
        ({"file": [{"file": "a.pdf"}, {"file": "A.PDF"}]}, "элемент назван дважды"),
        ({"file": [{"file": "a.pdf", "display": "окно"}]}, "file №1, display: недопустимое значение"),
        ({"folder": [{"name": "П", "files": []}]}, "folder №1, files: не должно быть пустым"),
        ({"folder": [{"name": "П", "files": "a\nA"}]}, "«П»: файл указан дважды: «a» и «A»"),
        (
            {"file": [{"file": f"{n}.pdf"} for n in range(101)]},
            r"file: слишком много значений \(не более 100\)",
        ),
    ],
)
def test_faults_of_an_order_are_told_where_they_stand(params: Any, told: str) -> None:
    with pytest.raises(OrderInvalid, match=told):
        order(**params)


def test_the_evidence_has_links() -> None:
    results = {
        "file1": {"cmid": 5, "instance": 3, "url": "https://lms/5", "name": "Устав", "files": [Use("a")]},
        "folder1": {
            "cmid": 6,
            "instance": 4,
            "url": "https://lms/6",
            "name": "П",
            "files": [Use("a"), Use("b")],
        },
    }
    found = ACTION.evidence(results, FakeMoodle())
    assert found == {
        "kind": "files",
        "files": [{"cmid": 5, "name": "Устав", "url": "https://lms/5"}],
        "folders": [{"cmid": 6, "name": "П", "url": "https://lms/6", "files": 2}],
    }
    assert ACTION.words.evidence(found).endswith("Устав (https://lms/5), П (https://lms/6)")
    assert ACTION.taken_back(found) == {"kind": "files-deleted", "files": ["Устав", "П"]}
