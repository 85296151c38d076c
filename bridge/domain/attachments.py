"""Files that an operation leaves for the ticket, such as a report: a part of its evidence until they are
attached.

They stand in the evidence as `attachments`, each with `name`, `media_type` and `text`. They go to the ticket
as files and nowhere else: neither into messages nor into what a write-off shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAME = "attachments"


def attachments(evidence: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The files of an operation, also of one that came to several actions."""
    own = list(evidence.get(NAME, ()))
    return own + [one for part in evidence.get("parts", ()) for one in part.get(NAME, ())]


def without_attachments(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """The evidence without the files."""
    found = {name: value for name, value in evidence.items() if name != NAME}
    if "parts" in found:
        found["parts"] = [without_attachments(one) for one in found["parts"]]
    return found
