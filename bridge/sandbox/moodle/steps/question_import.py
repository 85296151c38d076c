"""question.import: questions out of a text or a file into the course's bank, all of them or none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import questions
from bridge.sandbox.moodle.schema import Fault, Field, Shape, choice, line, record
from bridge.sandbox.moodle.steps.base import Changed, Failure, StepKind, Work, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


LONGEST = 2_000_000
LARGEST = 20 * 1024 * 1024


class QuestionImport(StepKind):
    """See the module."""

    name: ClassVar[str] = "question.import"
    shape: ClassVar[Shape] = Shape(
        {
            "course": record("course"),
            "format": choice("gift", "xml", "aiken"),
            "text": Field("text", "", LONGEST, lines=True),
            "file": Field("file", None),
            "category": line(255, ""),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"ids": "question[]", "category": "int", "count": "int"}
    repeats: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = (
        "moodle/question:add",
        "moodle/question:managecategory",
        "moodle/question:editall",
    )

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:  # noqa: ARG002 (the text says all)
        """See `StepKind.check`. A file is looked at when it is there: when the step runs."""
        text, file, category = params["text"], params["file"], params["category"]
        if (text == "") == (file is None):
            yield Fault("text" if file is None else "file", "textorfile", "A text or a file, one of both")
            return
        if known(category) and "/" in category:
            facts = {"value": category, "pattern": "~^[^/]*\\z~"}
            yield Fault("category", "parampattern", "A category's name has no slash", facts)
        if text and known(text) and known(params["format"]):
            for code, found in questions.read(params["format"], text.encode()).faults:
                yield Fault("text", code, questions.message_of(code, found), found)

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        content = params["text"].encode()
        if params["file"] is not None:
            content = work.files[params["file"]["file"]][1].read_bytes()
            if len(content) > LARGEST:
                raise Failure("paramrange", f"The file has more than {LARGEST} bytes")
        found = questions.read(params["format"], content)
        for code, facts in found.faults:
            raise Failure(code, questions.message_of(code, facts))
        store, course, name = work.site.store, params["course"], params["category"] or "Default"
        there = store.row("SELECT id FROM question_category WHERE course = ? AND name = ?", course, name)
        category = there["id"] if there else store.insert("question_category", course=course, name=name)
        ids = [store.insert("question", course=course, category=category, text=one) for one in found.texts]
        kept = {"new": not there, "texts": found.texts}
        return {"ids": ids, "category": category, "count": len(ids)}, kept

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        for id_, text in zip(result["ids"], kept["texts"], strict=True):
            found = site.store.row("SELECT text FROM question WHERE id = ?", id_)
            if found is not None and found["text"] != text:
                raise Changed(f"question {id_}")
            if site.store.row("SELECT 1 FROM part WHERE kind = 'question' AND name = ?", str(id_)):
                raise Failure("questioninuse", f"Question {id_} is used")
            site.store.execute("DELETE FROM question WHERE id = ?", id_)
        others = site.store.row("SELECT 1 FROM question WHERE category = ?", result["category"])
        if kept["new"] and not others:
            site.store.execute("DELETE FROM question_category WHERE id = ?", result["category"])

    def find(self, site: Site, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """See `StepKind.find`."""
        course, category, text = params["course"], params["category"], params["text"]
        if not known(course) or not category or not text:
            return None
        row = site.store.row(
            "SELECT id FROM question_category WHERE course = ? AND name = ?", course, category
        )
        if row is None:
            return None
        there = site.store.rows("SELECT id, text FROM question WHERE category = ? ORDER BY id", row["id"])
        wanted = questions.read(params["format"], text.encode()).texts
        ids = [one["id"] for one in there if one["text"] in wanted]
        if 0 < len(ids) < len(wanted):
            message = f"The category {category} holds {len(ids)} of these {len(wanted)} questions already"
            raise Failure("questionspartly", message)
        return {"ids": ids, "category": row["id"], "count": len(ids)} if ids else None


KIND = QuestionImport()
