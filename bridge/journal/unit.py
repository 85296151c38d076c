"""The unit of work: everything that can be read and written within one transaction of the journal."""

from __future__ import annotations

from bridge.journal.books import Books
from bridge.journal.claims import Claims
from bridge.journal.decisions import Decisions
from bridge.journal.drifts import Drifts
from bridge.journal.effects import Effects
from bridge.journal.events import Events
from bridge.journal.polling import Polling
from bridge.journal.statement import Statement


class Unit(Polling, Claims, Decisions, Effects, Events, Statement, Drifts, Books):
    """One transaction; it comes from `Journal.transaction` and is good within that block, in one thread.

    Nothing outside is ever called within the block, and nothing is called whose intent is not committed.
    """
