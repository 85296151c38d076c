"""question.import: questions out of a text or a file into the course's bank. What makes a question bad is the
real plugin's to judge; here they are counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle.schema import Fault, Field, Shape, choice, line, record
from bridge.sandbox.moodle.steps.base import Failure, StepKind, Work

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class QuestionImport(StepKind):
    """See the module."""

    name: ClassVar[str] = "question.import"
    shape: ClassVar[Shape] = Shape(
        {
            "course": record("course"),
            "format": choice("gift", "xml", "aiken"),
            "text": Field("text", "", 2_000_000, lines=True),
            "file": Field("file", None),
            "category": line(255, ""),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"ids": "question[]", "category": "int", "count": "int"}
    needs: ClassVar[tuple[str, ...]] = ("moodle/question:add",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:  # noqa: ARG002 (the text says all)
        """See `StepKind.check`."""
        if bool(params["text"]) == bool(params["file"]):
            yield Fault("text", "textorfile", "Exactly one of text and file is needed")
        elif params["text"] and not questions(params["format"], params["text"]):
            yield Fault("text", "noquestions", "Holds no question")

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        text = params["text"] or work.files[params["file"]["file"]][1].read_text("utf-8", "replace")
        found = questions(params["format"], text)
        if not found:
            raise Failure("noquestions", "Holds no question")
        store, course, name = work.site.store, params["course"], params["category"] or "Default"
        known = store.row("SELECT id FROM question_category WHERE course = ? AND name = ?", course, name)
        category = known["id"] if known else store.insert("question_category", course=course, name=name)
        ids = [store.insert("question", course=course, category=category, text=one) for one in found]
        return {"ids": ids, "category": category, "count": len(ids)}, {"new": not known}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        for id_ in result["ids"]:
            if site.store.row("SELECT 1 FROM part WHERE kind = 'question' AND name = ?", str(id_)):
                raise Failure("questioninuse", f"Question {id_} is used")
            site.store.execute("DELETE FROM question WHERE id = ?", id_)
        if kept["new"]:
            site.store.execute("DELETE FROM question_category WHERE id = ?", result["category"])


def questions(form: str, text: str) -> list[str]:
    """The questions of a text, as far as this Moodle can tell them apart."""
    if form == "xml":
        return re.findall(r'<question type="(?!category)[^"]+">.*?</question>', text, re.DOTALL)
    marker = "{" if form == "gift" else "ANSWER:"
    plain = "\n".join(row for row in text.splitlines() if not row.startswith("//"))
    return [block for block in re.split(r"\n\s*\n", plain) if marker in block]


KIND = QuestionImport()
