"""quiz.add_questions: questions of the bank into a quiz."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle.schema import Fault, Items, Shape, line, record
from bridge.sandbox.moodle.steps.base import Changed, Failure, StepKind, Work, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class QuizAddQuestions(StepKind):
    """See the module."""

    name: ClassVar[str] = "quiz.add_questions"
    shape: ClassVar[Shape] = Shape(
        {"quiz": record("cm", "quiz"), "questions": Items(record("question"), ...), "maxmark": line(20, "")}
    )
    results: ClassVar[Mapping[str, str]] = {"count": "int", "sumgrades": "text"}
    repeats: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("mod/quiz:manage", "moodle/question:useall")

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        asked = params["questions"]
        if known(params["quiz"]) and attempted(site, params["quiz"]):
            yield Fault("quiz", "quizattempted", "The quiz has attempts", {"name": ""})
        if not known(asked):
            return
        held = {row["name"] for row in _held(site, params["quiz"])} if known(params["quiz"]) else set()
        for place, id_ in enumerate(asked):
            if asked.index(id_) != place or str(id_) in held:
                message = f"Question {id_} stands in the quiz already"
                yield Fault(f"questions[{place}]", "questiontwice", message, {"id": id_})

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        for fault in self.check(work.site, params):
            raise Failure(fault.code, fault.message)
        mark = Decimal(params["maxmark"] or "1")
        ids = [
            work.site.store.insert(
                "part", module=params["quiz"], kind="question", name=str(id_), content=str(mark)
            )
            for id_ in params["questions"]
        ]
        total = sum((Decimal(row["content"]) for row in _held(work.site, params["quiz"])), Decimal(0))
        return {"count": len(ids), "sumgrades": f"{total:.5f}"}, {"ids": ids}

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:  # noqa: ARG002 (kept says all)
        """See `StepKind.undo`."""
        for id_ in kept["ids"]:
            row = site.store.row("SELECT module FROM part WHERE id = ?", id_)
            if row is not None and attempted(site, row["module"]):
                raise Changed(f"attempts of quiz {row['module']}")
            site.store.execute("DELETE FROM part WHERE id = ?", id_)

    def find(self, site: Site, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """See `StepKind.find`."""
        quiz, asked = params["quiz"], params["questions"]
        if not known(quiz) or not known(asked):
            return None
        held = _held(site, quiz)
        if {str(one) for one in asked} - {row["name"] for row in held}:
            return None
        total = sum((Decimal(row["content"]) for row in held), Decimal(0))
        return {"count": len(asked), "sumgrades": f"{total:.5f}"}


def attempted(site: Site, quiz: int) -> bool:
    """Whether somebody has attempted a quiz."""
    return bool(site.store.row("SELECT 1 FROM part WHERE module = ? AND kind = 'attempt'", quiz))


def _held(site: Site, quiz: int) -> list[dict[str, Any]]:
    return site.store.rows("SELECT name, content FROM part WHERE module = ? AND kind = 'question'", quiz)


KIND = QuizAddQuestions()
