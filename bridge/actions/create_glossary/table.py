"""Terms that stand in a table of the ticket."""

from __future__ import annotations

from bridge.actions.action import TicketFile
from bridge.actions.base import OrderInvalid, OrderRefused, validate
from bridge.actions.create_glossary.params import MOST_TERMS, Term
from bridge.actions.elements import folded
from bridge.actions.tables import LARGEST, MOST_FAULTS, TableFault, read_table

COLUMNS = {
    "concept": ("термин", "понятие"),
    "definition": ("определение", "описание"),
    "synonyms": ("синонимы", "синоним"),
}


def terms_of(file: TicketFile, others: tuple[Term, ...]) -> tuple[Term, ...]:
    """The terms of a table.

    Parameters:
        others: terms that the order names itself.

    Raises:
        OrderRefused: `terms-unusable`, with every fault by its line.
    """
    with file.path.open("rb") as content:
        found = content.read(LARGEST + 1)
    problems: list[str] = []
    terms: list[Term] = []
    seen = {folded(one.concept): "в заказе" for one in others}
    try:
        for row in read_table(found, COLUMNS, ("concept", "definition")):
            given = {
                **row.cells,
                "synonyms": row.cells.get("synonyms", "").replace(",", "\n").replace(";", "\n"),
            }
            try:
                term = validate(Term, given)
            except OrderInvalid as error:
                problems += [f"строка {row.line}: {one}" for one in error.problems]
                continue
            assert isinstance(term, Term)
            first = seen.setdefault(folded(term.concept), f"в строке {row.line}")
            if first != f"в строке {row.line}":
                problems.append(f"строка {row.line}: термин «{term.concept}» уже есть {first}")
            terms.append(term)
    except TableFault as error:
        problems += error.problems
    if not problems and not terms:
        problems.append("в таблице нет терминов")
    if len(terms) + len(others) > MOST_TERMS:
        problems.append(f"терминов больше {MOST_TERMS}: разделите таблицу на несколько глоссариев")
    if problems:
        faults = "; ".join(problems[:MOST_FAULTS])
        raise OrderRefused(
            "terms-unusable",
            f"the table {file.name} cannot be used: {faults}",
            file=file.name,
            problems=problems[:MOST_FAULTS],
        )
    return tuple(terms)
