"""The requests, in groups; each group is sent in its order to a site of its own state."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.contract.raw import envelopes, operations, reading, writing
from tests.contract.raw.asked import Raw

GROUPS: Mapping[str, Callable[[], list[Raw]]] = {
    one.__name__: one
    for one in (
        reading.protocol, reading.categories, reading.courses, reading.contents, reading.users,
        writing.names, writing.deleting, writing.uploads, writing.files,
        operations.checking, operations.running, operations.waiting, operations.weak,
        envelopes.envelopes, envelopes.arguments,
    )
}  # fmt: skip
