"""Repeats of reads: a few, with growing pauses, never longer in all than a pass can spare. Writes are
never repeated here.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from bridge.errors import BridgeError

Result = TypeVar("Result")

PASSING = frozenset({429, 502, 503, 504})
"""HTTP statuses after which the same read may go well a moment later."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how long a read is tried again.

    Attributes:
        attempts: calls in all, the first included.
        first_pause: upper bound of the first pause, seconds; it doubles each time, and the half of it is
            random.
        longest_wait: all pauses of one read together, seconds. A server that asks for more is not waited for.
    """

    attempts: int = 4
    first_pause: float = 0.5
    longest_wait: float = 10.0
    sleep: Callable[[float], None] = time.sleep

    def run(self, attempt: Callable[[], Result]) -> Result:
        """Call `attempt` until it gives a result, or an error whose `repeat_after` is None, or there is no
        time left.

        Raises:
            BridgeError: the last attempt's.
        """
        left = self.longest_wait
        for number in range(1, self.attempts + 1):
            try:
                return attempt()
            except BridgeError as error:
                if error.repeat_after is None or number == self.attempts:
                    raise
                pause = max(self.pause(number), error.repeat_after)
                if pause > left:
                    raise
            left -= pause
            self.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def pause(self, number: int) -> float:
        """Seconds between attempt `number` and the next one, as long as the server asks for no more."""
        bound = self.first_pause * 2.0 ** (number - 1)
        return bound / 2 + random.uniform(0, bound / 2)  # noqa: S311 - spreads load, keeps no secret
