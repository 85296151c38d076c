"""Calls every operation of the contract with a client that a public generator made of openapi.yaml; run by
.ci/generated-client.

Arguments: the directory of the generated package, the portal's base address, the bridge's token, the
administrator's token.
"""

from __future__ import annotations

import importlib
import json
import sys
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

CATEGORY = "Выделенный специалист (н.часы)"


def main(directory: str, url: str, token: str, admin: str) -> None:
    """Play a ticket from its agreement to a reversal."""
    (package,) = [path.parent.name for path in Path(directory).glob("*/client.py")]
    sys.path.insert(0, directory)
    client = importlib.import_module(f"{package}.client").AuthenticatedClient(base_url=url, token=token)
    models, file = (
        importlib.import_module(f"{package}.models"),
        importlib.import_module(f"{package}.types").File,
    )
    used: set[str] = set()

    def call(operation: str, status: int, /, *arguments: Any, **more: Any) -> Any:
        answer = importlib.import_module(f"{package}.api.default.{operation}").sync_detailed(
            *arguments, client=client, **more
        )
        assert answer.status_code == status, (operation, answer.status_code, answer.content)
        used.add(operation)
        return answer.parsed

    def people(command: str, **parameters: Any) -> Any:
        address = f"{url.partition('/api/')[0]}/sandbox/{command}"
        headers = {"Authorization": f"Bearer {admin}", "Content-Type": "application/json"}
        with urlopen(Request(address, json.dumps(parameters).encode(), headers)) as answer:
            return json.load(answer)["result"]

    def body(kind: str, document: dict[str, Any]) -> Any:
        return getattr(models, kind).from_dict(document)

    people("open_account", id="school", customer="Школа", granted="10")
    ticket = people("open_ticket", account="school", category=CATEGORY, subject="Роль")
    people("agree", ticket=ticket, stages=[["Работа", "1", "1"]])

    assert call("meta", 200).contract.startswith("1.")
    assert [one.id for one in call("changed_tickets", 200, category_prefix=CATEGORY).tickets] == [ticket]
    stage = call("ticket", 200, ticket).stages[0].id
    assert call("account", 200, "school").available_mh == 10_000
    call(
        "note",
        201,
        ticket,
        body=body("NewNote", {"text": "Взято", "visibility": "customer"}),
        idempotency_key="note",
    )
    attached = call("attach", 201, ticket, body=file(BytesIO(b"abc")), idempotency_key="file", name="a.txt")
    assert call("download", 200, ticket, attached.id).payload.read() == b"abc"
    moved = {"state": "in_progress", "expected": ["open"]}
    call("set_ticket_state", 200, ticket, body=body("NewTicketState", moved), idempotency_key="state")
    held = {"ticket_id": ticket, "stage_id": stage, "amount_mh": 1000}
    hold = call("hold", 201, "school", body=body("NewHold", held), idempotency_key="hold")
    other = call(
        "void",
        201,
        hold.hold_id,
        body=body("VoidBody", {}) if hasattr(models, "VoidBody") else {},
        idempotency_key="void",
    )
    assert other.kind == "void"
    hold = call("hold", 201, "school", body=body("NewHold", held), idempotency_key="hold-2")
    ready = {"state": "ready", "expected": ["planned"], "evidence": {"kind": "role"}}
    call("set_stage_state", 200, ticket, stage, body=body("NewStageState", ready), idempotency_key="ready")
    people("accept", ticket=ticket)
    line = {"category": "development", "spent_minutes": 60, "charged_minutes": 60, "coefficient_milli": 1000}
    taken = {"charges": [line], "amount_mh": 1000, "evidence": {}, "accepted_by": "customer"}
    captured = call("capture", 201, hold.hold_id, body=body("NewCapture", taken), idempotency_key="capture")
    call(
        "reverse", 201, captured.id, body=body("NewReversal", {"reason": "ошибка"}), idempotency_key="reverse"
    )
    assert [one.kind for one in call("ledger", 200, account_id="school").entries][-1] == "reversal"
    assert call("find", 200, "capture").key == "capture"

    made = {path.stem for path in Path(directory, package, "api", "default").glob("*.py")} - {"__init__"}
    assert used == made, f"not generated or not used: {used ^ made}"
    sys.stdout.write(f"{len(used)} operations of the contract work with a generated client\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
