"""Says, as one JSON document, what every command says in the language of this process: help, faults of
what was typed, states, outages.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bridge.cli import COMMANDS
from bridge.cli.technical import SENTENCES
from bridge.cli.words import EFFECTS, REASONS, STATUSES
from bridge.domain.effects import EffectState
from bridge.journal import migrate
from bridge.wire.retries import Retries
from tests.builders import make_stage, make_ticket
from tests.unit.cli.conftest import TOML, Office

FACTS = {
    "category": "Общие вопросы",
    "source": "поля заявки",
    "problems": ["shortname: не указано"],
    "service": "9.9",
    "why": "ждём",
    "agreed": "1",
    "price": "2",
    "stage": "Этап",
    "categories": ["x"],
    "needed": "1",
    "available": "2",
    "missing": "3",
    "comment": "не то",
    "spent": "4",
    "account": "a1",
    "minutes": 5,
    "stages": ["Этап"],
    "detail": "portal p: GET /tickets: the connection was lost",
    "steps": 200,
    "serial": "A",
    "how": "merged",
    "into": "102",
    "times": 3,
    "variant": "v",
    "what": "hold",
}
"""A value for whatever a reason names."""

WRONG = (
    "",
    "nonsense",
    "--nonsense",
    "pause",
    "pause 1",
    "pause 1 --reason",
    "pause 1 2 --reason x",
    "pause 1 --reason ''",
    "assign 1 x --param a",
    "assign 1 x --quantity many",
    "assign 1 x --params-file nowhere",
    "correct 1 --reason x",
    "correct 1 --reason x --hours -1",
    "correct 1 --reason x --hours 0.001",
    "correct 1 --reason x --hours x",
    "correct 1 --reason x --minutes a",
    "ledger --format xml",
    "ledger --from x",
    "ledger --from 2026-02-01 --to 2026-01-01",
    "reconcile --accept a",
    "reconcile --accept a --resend b --reason x",
    "quote",
    "quote 9.9",
    "quote '?'",
    "quote 2.6=x",
    "quote 2.6 --hour-price x",
    "catalogue check nowhere",
    "--as '' status",
    "show 999",
    "portal check",
    "init-redmine",
    "portal nonsense",
    "status --json x",
    "statement",
    "statement --account x --month 2026-01 --output x",
    "statement --account x --month 2026-13 --json",
    "statement --account x --json",
    "statement --account x --month 9998-01 --json",
    "statement --account x --month 2026-01 --output -",
    "accounts x",
)
FAULTS = {
    "no table": "[portal]\nurl = 'https://p'\n",
    "one bracket": TOML.replace("[[installation]]", "[installation]"),
    "no toml": "[portal",
    "values": TOML.replace(
        'url = "http://127.0.0.1:9"', "url = 'ftp://x'\ntransport = 'x'\nread_seconds = 'x'\ncolour = 1"
    ),
    "policy": TOML.replace("[policy]", "[policy]\naccept_after_days = 0\naccept_unasked = ['none']"),
    "driver": TOML.replace("sqlite:///journal.sqlite3", "postgresql://u:p@h/d"),
    "journal": TOML.replace("sqlite:///", "mysql://h/"),
    "missing": TOML.replace("journal.sqlite3", "nowhere.sqlite3"),
    "damaged": TOML.replace("journal.sqlite3", "damaged.sqlite3"),
    "templates": TOML.replace("[bridge]", "[bridge]\ntemplates = 'nowhere'\ncatalogue = 'catalogue.toml'"),
}


def main(directory: Path) -> dict[str, str]:
    """What is said, by what was typed."""
    Retries.pause = lambda _self, number: 0.0  # type: ignore[method-assign, assignment]
    migrate(f"sqlite:///{directory / 'journal.sqlite3'}")
    office = Office(directory)
    said = {
        f"{one} --help": office.run(f"{one} --help")[1]
        for one in ("", *COMMANDS, "ledger verify", "portal check")
    }
    said |= {typed: office.run(typed)[1] for typed in WRONG}
    office.told(make_ticket(make_stage(title="Этап"), subject="Тема", customer_name="Вуз"))
    states = ["failed", *[one for one in STATUSES if one != "failed"]]
    for place, code in enumerate(REASONS):
        office.stands(states[place % len(states)] if code != "refused" else "failed", code, **FACTS)
        said[f"reason {code}"] = office.run("show 101")[1]
    office.stands(
        "failed",
        "refused",
        **{
            **FACTS,
            "what": "plan",
            "code": "no-backup",
            "detail": "no backup holds a course with shortname «x»",
        },
    )
    said["status"] = office.run("status")[1]
    for kind in EFFECTS:
        request = {"charges": [], "entries": {}, "order": {}, "unattended": True}
        office.did(
            kind, {"code": "x", "detail": "the answer is empty"}, request=request, state=EffectState.REFUSED
        )
    office.did("note:ready", state=None)
    said |= {
        f"{typed} (known)": office.run(typed)[1]
        for typed in (
            "show 101",
            "status",
            "ledger",
            "ledger verify",
            "resume 101",
            "retry 101",
            "undo 101 --reason x",
            "correct 101 --nothing --reason x",
            "pause 101 --reason x",
            "pause 101 --reason x",
            "retry 101",
            "assign 101 9.9",
            "assign 101 2.6",
            "resume 101",
            "withdraw 101 --reason x",
            "withdraw 101 --reason x",
            "pause 101 --reason x",
            "sync",
            "sync --dry-run",
            "reconcile",
            "doctor",
            "migrate",
            "catalogue",
            "catalogue 2.6",
            "quote 2.6=1 2.9.1-restore",
            "portal check http://127.0.0.1:9",
        )
    }
    office.settings.with_name("damaged.sqlite3").write_bytes(b"damaged" * 1000)
    office.settings.with_name("catalogue.toml").write_text(
        "[[service]]\nid = 'x'\ncolour = 1\nbilling = 1\n", encoding="utf-8"
    )
    sys.modules["psycopg"] = None  # type: ignore[assignment]
    for name, toml in FAULTS.items():
        office.settings.write_text(toml, encoding="utf-8")
        said[f"settings: {name}"] = office.run("status")[1] + office.run("doctor")[1]
    said |= {f"sentence {place}": _shown(sentence) for place, sentence in enumerate(SENTENCES)}
    return said


def _shown(sentence: str) -> str:
    from bridge.cli.technical import shown

    for name in "abcdefg":
        sentence = sentence.replace("{" + name + "}", "7")
    return shown(sentence)


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
