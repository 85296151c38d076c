"""glossary.add_entry: a concept of a glossary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import parts
from bridge.sandbox.moodle.schema import Fault, Items, Shape, html, line, record
from bridge.sandbox.moodle.steps.base import Failure, StepKind, Work, known

if TYPE_CHECKING:
    from bridge.sandbox.moodle.site import Site


class GlossaryAddEntry(StepKind):
    """See the module."""

    name: ClassVar[str] = "glossary.add_entry"
    shape: ClassVar[Shape] = Shape(
        {
            "glossary": record("cm", "glossary"),
            "concept": line(255),
            "definitionhtml": html(...),
            "aliases": Items(line(255), most=50),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"id": "int"}
    needs: ClassVar[tuple[str, ...]] = ("mod/glossary:write",)

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        glossary, concept = params["glossary"], params["concept"]
        if known(glossary) and site.store.row(
            "SELECT 1 FROM part WHERE module = ? AND name = ? COLLATE NOCASE", glossary, concept
        ):
            yield Fault("concept", "concepttaken", f"{concept} stands there already", {"concept": concept})

    def claims(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """See `StepKind.claims`."""
        yield "concept", "concepttaken", ("glossary", params["glossary"], params["concept"])

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        for fault in self.check(work.site, params):
            raise Failure(fault.code, fault.message)
        kept = {"name": params["concept"], "content": params["definitionhtml"]}
        return {"id": parts.add(work.site, params["glossary"], "entry", **kept)}, kept

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        parts.remove(site, result, kept)


KIND = GlossaryAddEntry()
