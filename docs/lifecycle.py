"""Writes docs/lifecycle.md from the gates of `bridge.domain.lifecycle` and from the tests that show each of
their answers.

`make lifecycle` writes it; with `--check` it only says, by its exit code, whether the file is as it would be
written.
"""

from __future__ import annotations

import contextlib
import io
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "lifecycle.md"
TESTS = "tests/unit/core/test_lifecycle.py"
HEAD = """# The life of a ticket

Made by `make lifecycle` from `bridge/domain/lifecycle/`; do not edit.

`decide(case)` asks the gates below in their order. A gate gives a step, or a reason to wait, as long as its
goal is not reached; the first one that says something is the answer. After each step the whole case is judged
anew, so that a crash, a second worker or a change on the portal between two steps never leads astray. The
rules R1 to R9 are those of the vendor's terms: paid category (R1), time spent or fixed price (R2), final
agreement and balance (R3), stages accepted one by one (R4), suspension until a top-up (R5), order of final
agreement (R6), withdrawal (R7), price = hours × K × price of a norm-hour (R8), the agreed category (R9). R6
is the order in which a pass takes tickets.

Each answer names a test of `{tests}` that shows it.
"""


def page() -> str:
    """The page as it ought to be.

    Raises:
        SystemExit: the tests fail, or an answer that a gate declares is shown by no test.
    """
    sys.path.insert(0, str(ROOT))
    from bridge.domain.lifecycle import ending, order, stage
    from tests import builders

    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        failed = pytest.main(["-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(ROOT / TESTS)])
    if failed:
        sys.exit(told.getvalue())
    parts = [
        ("Every ticket", (order.not_paused, ending.earlier_holds_released, order.paid, ending.corrected)),
        ("Tickets that have left the paid category", (ending.gone,)),
        ("Withdrawn tickets", (ending.stage_given_up, ending.withdrawn)),
        ("Before the work", (order.ordered, order.agreed)),
        ("Each stage, one after another", stage.STAGE_GATES),
        ("The end", (ending.all_time_written_off, ending.closed)),
    ]
    lines = [HEAD.format(tests=TESTS)]
    missing = []
    for title, gates in parts:
        lines.append(f"\n## {title}\n")
        for gate in gates:
            lines += [
                f"\n### {gate.name.replace('_', ' ')}\n",
                textwrap.fill(f"{gate.goal} ({gate.rule})", 110, break_on_hyphens=False) + "\n",
                "| answer | shown by |",
                "|---|---|",
            ]
            for said in gate.answers:
                test = builders.SHOWN.get((gate.name, said))
                if test is None:
                    missing.append(f"{gate.name}: {said}")
                lines.append(f"| {said} | `{test}` |")
    if missing:
        sys.exit(f"no test shows: {'; '.join(missing)}")
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


if __name__ == "__main__":
    text = page()
    if "--check" in sys.argv[1:]:
        sys.exit(
            0
            if PAGE.read_text(encoding="utf-8") == text
            else "docs/lifecycle.md is not up to date: run make lifecycle"
        )
    PAGE.write_text(text, encoding="utf-8")
