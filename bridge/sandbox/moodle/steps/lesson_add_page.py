"""lesson.add_page: a page behind the last one of a lesson."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import parts
from bridge.sandbox.moodle.schema import Fault, Field, Items, Shape, choice, flag, html, line, record
from bridge.sandbox.moodle.steps.base import StepKind, Work

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
            "contenthtml": html(...),
            "type": choice("content", "truefalse", "multichoice"),
            "answers": Items(
                Shape(
                    {
                        "texthtml": html(...),
                        "responsehtml": html(),
                        "correct": flag(default=False),
                        "score": Field("int", None),
                        "jump": choice("this", "next", "end", "previous", default=None),
                    }
                ),
                ...,
            ),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"id": "int"}
    needs: ClassVar[tuple[str, ...]] = ("mod/lesson:edit",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:  # noqa: ARG002 (the page says all)
        """See `StepKind.check`."""
        answers, is_content = params["answers"], params["type"] == "content"
        least = 1 if is_content else 2
        most = 2 if params["type"] == "truefalse" else MOST_ANSWERS
        if not least <= len(answers) <= most:
            facts = {"count": len(answers), "min": least, "max": most}
            yield Fault("answers", "paramcount", f"Must be {least} to {most}", facts)
        elif not is_content and not any(one.get("correct") for one in answers):
            yield Fault("answers", "norightanswer", "No answer is right", {"title": params["title"]})

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        kept = {"name": params["title"], "content": params["contenthtml"]}
        return {"id": parts.add(work.site, params["lesson"], "page", **kept)}, kept

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        parts.remove(site, result, kept)


KIND = LessonAddPage()
