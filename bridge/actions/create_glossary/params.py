"""The glossary as it is ordered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from bridge.actions.base import Params
from bridge.actions.elements import Description, twice
from bridge.actions.fields import Flag, Line, Lines, Text
from bridge.actions.places import InSection


def _plain(text: str) -> str:
    for sign in "<>":
        if sign in text:
            raise ValueError(f"содержит знак {sign}, которого Moodle в термине не хранит: напишите словами")
    return text


MOST_TERMS = 1500
"""A program has at most 2,000 steps."""

Concept = Annotated[Line, Field(min_length=1, max_length=255), AfterValidator(_plain)]


class Term(Params):
    """One term.

    Attributes:
        definition: plain text.
        synonyms: by which the term is found, too, each on a line.
    """

    concept: Concept
    definition: Annotated[Text, Field(min_length=1, max_length=100_000)]
    synonyms: Annotated[Lines, Field(max_length=50)] = ()

    @model_validator(mode="after")
    def _synonyms_are_plain(self) -> Term:
        for one in self.synonyms:
            _plain(one)
        twice((self.concept, *self.synonyms), f"«{self.concept}»: синоним указан")
        return self


class CreateGlossaryParams(InSection):
    """A glossary.

    Attributes:
        description: plain text.
        display: how Moodle shows it, by its own name of the format.
        links: whether the terms are made links wherever the course's texts name them.
        term: each of the terms.
        terms_file: a table of the ticket with further terms (CSV), whose first line names the columns concept
            (термин), definition (определение) and, where there are any, synonyms (синонимы).
    """

    name: Annotated[Line, Field(min_length=1, max_length=255)]
    description: Description = ""
    display: Literal["dictionary", "continuous", "encyclopedia", "entrylist", "faq", "fullwithauthor"] = (
        "dictionary"
    )
    links: Flag = True
    visible: Flag = True
    term: Annotated[tuple[Term, ...], Field(max_length=MOST_TERMS)] = ()
    terms_file: Annotated[Line, Field(max_length=255)] = ""

    @model_validator(mode="after")
    def _once_each(self) -> CreateGlossaryParams:
        if not self.term and not self.terms_file:
            raise ValueError(
                "назовите термины: [[params.term]] или terms_file (таблица CSV в приложении к заявке)"
            )
        twice([one.concept for one in self.term], "термин указан")
        return self
