"""What the clients of Moodle make of a failure of HTTP, by REST, by SOAP and for files alike."""

from __future__ import annotations

import pytest

from bridge.moodle_ws import MoodleError, NotMoodle, OutcomeUnknown, Unreachable
from bridge.moodle_ws.wire import Wire
from bridge.wire.transport import HttpFailure, NoAnswer, NotSent, Reply, TooLarge, TooSlow, Transport

LARGE = TooLarge("larger", Reply(200, "OK", {}, b"[", framed=True))


class Failing(Transport):
    """A transport whose requests fail in this way."""

    def __init__(self, failure: HttpFailure) -> None:
        super().__init__("https://x", connect_timeout=1, read_timeout=1, call_timeout=1, largest_answer=1)
        self.failure = failure

    def send(self, *_: object, **__: object) -> Reply:
        raise self.failure


@pytest.mark.parametrize(
    ("failure", "of_a_read", "of_a_write", "repeated"),
    [
        (NotSent("refused"), Unreachable, Unreachable, True),
        (NoAnswer("lost"), Unreachable, OutcomeUnknown, True),
        (TooSlow("slow"), Unreachable, OutcomeUnknown, False),
        (LARGE, NotMoodle, OutcomeUnknown, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, HttpFailure) else None,
)
def test_a_failure_of_http_is_an_error_of_a_read_and_leaves_a_write_unknown_unless_it_was_not_sent(
    failure: HttpFailure, of_a_read: type[MoodleError], of_a_write: type[MoodleError], *, repeated: bool
) -> None:
    wire = Wire(Failing(failure))
    with pytest.raises(MoodleError) as caught:
        wire.post("f", "/x", b"", {}, write=False)
    assert type(caught.value) is of_a_read
    assert (caught.value.outcome_known, caught.value.repeat_after is not None) == (True, repeated)
    with pytest.raises(MoodleError) as caught:
        wire.post("f", "/x", b"", {}, write=True)
    assert type(caught.value) is of_a_write
    assert caught.value.outcome_known is isinstance(failure, NotSent)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
