"""Following an operation of the Moodle plugin by its key, to its end or to the end of patience."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bridge.actions.base import OperationFailed, OrderRefused, Site, StillRunning
from bridge.moodle_ws.errors import MoodleRefused, ParameterError

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


def follow(operation: Mapping[str, Any], site: Site) -> dict[str, Any]:
    """Wait until the operation has ended; returns its result.

    Parameters:
        operation: as a function of local_otbridge returned it (docs/plugin-api.md, Operation).

    Raises:
        OperationFailed: it ended as failed.
        StillRunning: `site.patience` seconds have passed, or the service is being stopped.
        MoodleError: Moodle could not be asked; the operation goes on there.
    """
    start, pause = site.clock(), _FIRST_PAUSE
    opkey = operation["opkey"]
    while operation["status"] in ("queued", "running"):
        site.progress(float(operation["progress"]), str(operation["step"] or operation["status"]))
        if site.stopping() or site.clock() - start >= site.patience:
            raise StillRunning(
                "still-running",
                f"operation {opkey} is {operation['status']} in Moodle; the next pass asks again",
            )
        site.pause(pause)
        pause = min(pause * 1.5, _LONGEST_PAUSE)
        operation = site.moodle.read("local_otbridge_get_operation", opkey=opkey)
    if operation["status"] == "failed":
        raise OperationFailed(
            operation["errorcode"] or "failed", f"Moodle ended the operation {opkey}: {operation['error']}"
        )
    if operation["status"] != "done":
        raise StillRunning(
            "unknown-status",
            f"operation {opkey} is in a state that the bridge does not know: {operation['status']}",
        )
    site.progress(1.0, "done")
    return dict(json.loads(operation["result"]))


ORDER_FAULTS = frozenset(
    {
        "backupinvalid",
        "backupnotfound",
        "invalidparameter",
        "invalidrecord",
        "opkeyreused",
        "precheckfailed",
        "roleassigned",
        "rolenotours",
        "shortnametaken",
        "unknowncapability",
        "unknownarchetype",
        "unknowncontextlevel",
        "unknownrole",
    }
)
"""Errorcodes by which Moodle says that an order cannot be carried out; every other one is a fault of the
site or of the bridge.
"""


def refused(error: MoodleRefused | ParameterError, **facts: Any) -> OrderRefused:
    """Moodle's refusal of a write as the order's refusal: its errorcode is the code, its message is told to
    the customer.

    Raises:
        MoodleError: `error` itself, where it says nothing about the order (a failed database, a site policy
            to agree to …).
    """
    if error.errorcode not in ORDER_FAULTS:
        raise error
    return OrderRefused(error.errorcode, str(error), said=error.detail, **facts)
