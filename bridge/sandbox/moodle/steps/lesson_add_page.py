"""lesson.add_page: a page at the end of a lesson, with buttons or with answers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import parts
from bridge.sandbox.moodle.schema import Fault, Field, Items, Shape, choice, flag, html, line, number, record
from bridge.sandbox.moodle.steps.base import Failure, StepKind, Work, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site

MOST_ANSWERS = 20


class LessonAddPage(StepKind):
    """See the module."""

    name: ClassVar[str] = "lesson.add_page"
    shape: ClassVar[Shape] = Shape(
        {
            "lesson": record("cm", "lesson"),
            "title": line(255),
            "contenthtml": Field("text", ..., 4_000_000, filled=True, lines=True),
            "type": choice("content", "truefalse", "multichoice"),
            "answers": Items(
                Shape(
                    {
                        "texthtml": Field("text", ..., 4_000_000, filled=True, lines=True),
                        "responsehtml": html(),
                        "correct": flag(default=False),
                        "score": number(default=None),
                        "jump": choice("this", "next", "end", "previous", default=None),
                    }
                ),
                ...,
                most=MOST_ANSWERS,
            ),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"id": "int"}
    repeats: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("mod/lesson:edit",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        answers, asks = params["answers"], params["type"] != "content"
        least = 2 if asks else 1
        most = 2 if params["type"] == "truefalse" else _most(site, params["lesson"])
        if not least <= len(answers) <= most:
            facts = {"count": len(answers), "min": least, "max": most}
            yield Fault("answers", "paramcount", f"Must be {least} to {most}", facts)
        if asks and not any(one["correct"] for one in answers):
            facts = {"title": params["title"]}
            yield Fault("answers", "norightanswer", "No answer is right", facts)
        for place, one in enumerate(answers):
            if not asks and re.search("<[^<>]+>", one["texthtml"]):
                yield Fault(f"answers[{place}].texthtml", "plaintext", "Must be plain text")
            if not asks and one["score"] is not None:
                yield Fault(f"answers[{place}].score", "noscores", "Moodle keeps no score here")

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        for fault in self.check(work.site, params):
            raise Failure(fault.code, fault.message)
        content = json.dumps([params[one] for one in ("contenthtml", "type", "answers")], ensure_ascii=False)
        kept = {"name": params["title"], "content": content}
        return {"id": parts.add(work.site, params["lesson"], "page", **kept)}, kept

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        parts.remove(site, result, kept)

    def find(self, site: Site, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """See `StepKind.find`."""
        return parts.find(site, params["lesson"], params["title"])

    def differences(self, site: Site, params: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
        """See `StepKind.differences`."""
        return parts.differences(site, found, "contenthtml", params)

    def change(self, site: Site, result: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """See `StepKind.change`."""
        parts.change(site, result, "contenthtml", values)


def _most(site: Site, lesson: Any) -> int:
    """How many answers a lesson keeps."""
    row = (
        site.store.row("SELECT settings FROM module_detail WHERE module = ?", lesson)
        if known(lesson)
        else None
    )
    return MOST_ANSWERS if row is None else int(json.loads(row["settings"])["maxanswers"])


KIND = LessonAddPage()
