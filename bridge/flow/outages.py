"""What is down now, and since when, so that an outage is reported once."""

from __future__ import annotations

import logging

log = logging.getLogger("bridge.flow.outages")


class Outages:
    """The peers that are down now, so that an outage is reported once when it begins and once when it ends,
    however many passes it lasts.
    """

    def __init__(self) -> None:
        self._down: dict[str, str] = {}
        self._asked: dict[str, float] = {}

    def met(self, peer: str, message: str, asked_pause: float = 0.0) -> None:
        """The peer is down. `asked_pause`: seconds for which it asked to be left alone."""
        if peer not in self._down:
            log.error("%s", message)
        self._down[peer], self._asked[peer] = message, asked_pause

    def passed(self, peer: str) -> None:
        """The peer answers."""
        if self._down.pop(peer, None) is not None:
            log.warning("%s: reachable again", peer)
        self._asked.pop(peer, None)

    def description(self) -> str:
        """All that is down, for people, "" where nothing is."""
        return "; ".join(self._down.values())

    def asked_pause(self) -> float:
        """Seconds for which the peers that are down asked to be left alone, the longest."""
        return max(self._asked.values(), default=0.0)

    def __contains__(self, peer: str) -> bool:
        return peer in self._down
