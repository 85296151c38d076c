"""glossary.add_entry: a concept with its definition."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from bridge.sandbox.moodle import parts
from bridge.sandbox.moodle.schema import Fault, Field, Items, Shape, line, record
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
            "definitionhtml": Field("text", ..., 4_000_000, filled=True, lines=True),
            "aliases": Items(line(255), most=50),
        }
    )
    results: ClassVar[Mapping[str, str]] = {"id": "int"}
    repeats: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = (
        "mod/glossary:write",
        "mod/glossary:approve",
        "mod/glossary:manageentries",
    )

    def check(self, site: Site, params: Mapping[str, Any]) -> Iterator[Fault]:
        """See `StepKind.check`."""
        glossary, concept = params["glossary"], params["concept"]
        if set(concept) & set("<>"):
            facts = {"value": concept, "pattern": "/^[^<>]*\\z/"}
            yield Fault("concept", "parampattern", "Must not hold < or >", facts)
        if known(glossary):
            there = site.store.rows("SELECT name FROM part WHERE module = ?", glossary)
            if concept.lower() in {one["name"].lower() for one in there}:
                message = f"The glossary has an entry {concept} already"
                yield Fault("concept", "concepttaken", message, {"concept": concept})

    def claims(self, params: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        """See `StepKind.claims`."""
        yield "concept", "concepttaken", ("concept", params["glossary"], params["concept"].lower())

    def run(self, work: Work, params: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """See `StepKind.run`."""
        for fault in self.check(work.site, params):
            raise Failure(fault.code, fault.message)
        kept = {
            "name": params["concept"],
            "content": json.dumps([params["definitionhtml"], params["aliases"]], ensure_ascii=False),
        }
        return {"id": parts.add(work.site, params["glossary"], "entry", **kept)}, kept

    def undo(self, site: Site, result: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
        """See `StepKind.undo`."""
        parts.remove(site, result, kept)

    def find(self, site: Site, params: Mapping[str, Any]) -> dict[str, Any] | None:
        """See `StepKind.find`."""
        return parts.find(site, params["glossary"], params["concept"])

    def differences(self, site: Site, params: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
        """See `StepKind.differences`."""
        return parts.differences(site, found, "definitionhtml", params)

    def change(self, site: Site, result: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        """See `StepKind.change`."""
        parts.change(site, result, "definitionhtml", values)


KIND = GlossaryAddEntry()
