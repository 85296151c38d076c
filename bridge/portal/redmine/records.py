"""What the books keep of answers, as JSON objects and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from bridge.domain.hours import from_kopecks, from_milli, to_kopecks, to_milli
from bridge.domain.tickets import Attachment
from bridge.portal.port import LedgerEntry


def document(entry: LedgerEntry) -> dict[str, Any]:
    """A ledger entry, with the members that the contract gives it."""
    return {
        "id": entry.id,
        "key": entry.key,
        "kind": entry.kind,
        "account_id": entry.account_id,
        "ticket_id": entry.ticket_id,
        "stage_id": entry.stage_id,
        "amount_mh": to_milli(entry.amount),
        "at": entry.at.isoformat(),
        "hold_id": entry.hold_id,
        "reverses": entry.reverses,
        "price_kopecks": None if entry.price is None else to_kopecks(entry.price),
    }


def entry_from(kept: Mapping[str, Any]) -> LedgerEntry:
    """The ledger entry that `document` made `kept` of."""
    kopecks = kept["price_kopecks"]
    return LedgerEntry(
        kept["id"],
        kept["key"],
        kept["kind"],
        kept["account_id"],
        kept["ticket_id"],
        kept["stage_id"],
        from_milli(kept["amount_mh"]),
        datetime.fromisoformat(kept["at"]),
        kept["hold_id"],
        kept["reverses"],
        None if kopecks is None else from_kopecks(kopecks),
    )


def file_document(attachment: Attachment) -> dict[str, Any]:
    """An attachment."""
    return asdict(attachment)


def file_from(kept: Mapping[str, Any]) -> Attachment:
    """The attachment that `file_document` made `kept` of."""
    return Attachment(**kept)


def digest(content: bytes) -> str:
    """SHA-256 of a file, hex."""
    return hashlib.sha256(content).hexdigest()


def dumped(details: Mapping[str, Any]) -> str:
    """Details of a row of the ledger, as the time entry keeps them."""
    return json.dumps(details, ensure_ascii=False, sort_keys=True)
