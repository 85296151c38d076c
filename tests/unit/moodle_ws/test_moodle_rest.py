"""REST: what each answer means, for a read and for a write."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest
import responses

from bridge.moodle_ws import (
    AccessError,
    Maintenance,
    MoodleRefused,
    NotMoodle,
    OutcomeUnknown,
    ParameterError,
    ServerError,
    TokenError,
    UnknownFunction,
    Unreachable,
    connect,
    require_no_warnings,
)
from tests.unit.moodle_ws.moodle_ws_fakes import SITE, TOKEN

URL = f"{SITE}/webservice/rest/server.php"


@pytest.fixture
def moodle() -> Iterator[Any]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def answers(
    moodle: Any, body: Any = b"", status: Any = 200, headers: Any = None, *, length: Any = True
) -> None:
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    framed = {"Content-Length": str(len(body))} if length else {}
    moodle.add(
        responses.POST,
        URL,
        body=body,
        status=status,
        headers={**framed, **(headers or {})},
        content_type="application/json",
    )


def exception(
    errorcode: Any, message: Any = "m", name: Any = "core\\exception\\moodle_exception", **more: Any
) -> Any:
    return {"exception": name, "errorcode": errorcode, "message": message, **more}


def test_the_token_goes_in_the_body_and_not_in_the_url(client: Any, moodle: Any) -> None:
    answers(moodle, {"release": "4.5.6"})
    assert client.site_info() == {"release": "4.5.6"}
    request = moodle.calls[0].request
    assert request.url == URL
    assert parse_qs(request.body.decode())["wstoken"] == [TOKEN]
    assert parse_qs(request.body.decode())["moodlewsrestformat"] == ["json"]


@pytest.mark.parametrize("value", [None, [], {"a": [1, 2.5, True, None, "я"]}, "text", 5])
def test_a_result_is_returned_as_it_is(client: Any, moodle: Any, value: Any) -> None:
    answers(moodle, value)
    answers(moodle, value)
    assert client.read("f") == value
    assert client.write("f") == value


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (exception("invalidtoken"), TokenError),
        (exception("accessexception"), AccessError),
        (exception("nopermissions"), AccessError),
        (exception("invalidparameter"), ParameterError),
        (exception("sitemaintenance"), Maintenance),
        (exception("upgraderunning"), Maintenance),
        (exception("dbconnectionfailed"), Maintenance),
        (exception("shortnametaken"), MoodleRefused),
        (
            exception("invalidrecord", "… table external_functions.", "dml_missing_record_exception"),
            UnknownFunction,
        ),
        (
            exception(
                "invalidrecord", "… table external_functions.", "core\\dml\\dml_missing_record_exception"
            ),
            UnknownFunction,
        ),
        (exception("invalidrecord", "… table course.", "dml_missing_record_exception"), MoodleRefused),
    ],
)
@pytest.mark.parametrize("write", [False, True])
def test_an_errorcode_is_a_known_refusal_of_reads_and_writes(
    client: Any, moodle: Any, answer: Any, kind: Any, write: bool
) -> None:
    answers(moodle, answer)
    with pytest.raises(kind) as caught:
        (client.write if write else client.read)("f")
    assert type(caught.value) is kind
    assert caught.value.errorcode == answer["errorcode"]
    assert caught.value.outcome_known
    assert len(moodle.calls) == 1


def test_debuginfo_is_kept_apart_from_what_people_read(client: Any, moodle: Any) -> None:
    answers(
        moodle, exception("invalidparameter", "Invalid parameter", debuginfo="SELECT secret FROM mdl_user")
    )
    with pytest.raises(ParameterError) as caught:
        client.write("f")
    assert caught.value.debuginfo == "SELECT secret FROM mdl_user"
    assert "SELECT" not in str(caught.value)


def test_an_errorcode_that_is_a_block_of_html_becomes_a_readable_message(client: Any, moodle: Any) -> None:
    answers(moodle, exception("<div>Passwords must have <b>8</b> characters.</div>" * 20, "error/<div>"))
    with pytest.raises(MoodleRefused) as caught:
        client.write("core_user_create_users")
    assert caught.value.errorcode == ""
    assert caught.value.detail.startswith("Passwords must have 8 characters.")
    assert len(caught.value.detail) <= 300


UNBELIEVABLE = {
    "empty": (b"", NotMoodle),
    "html": (b"<html>login</html>", NotMoodle),
    "stray output before": (b"Notice: x{}", NotMoodle),
    "two answers": (b'{"a": 1}{"a": 2}', NotMoodle),
    "cut": (b'{"a": [1, 2', NotMoodle),
    "not a number": (b"NaN", NotMoodle),
    "too deep": (b"[" * 100_000, NotMoodle),
    "false for broken UTF-8": (b"false", ServerError),
    "php error": (b'{"exception":"TypeError","message":"f(): Argument #1"}', ServerError),
    "exception with an empty code": (b'{"exception":"Exception","errorcode":"","message":"x"}', ServerError),
}


@pytest.mark.parametrize("case", UNBELIEVABLE)
def test_after_a_write_an_unbelievable_answer_leaves_the_outcome_unknown(
    client: Any, moodle: Any, case: Any
) -> None:
    answers(moodle, UNBELIEVABLE[case][0])
    with pytest.raises(OutcomeUnknown) as caught:
        client.write("f")
    assert not caught.value.outcome_known
    assert len(moodle.calls) == 1


@pytest.mark.parametrize("case", UNBELIEVABLE)
def test_after_a_read_an_unbelievable_answer_is_an_error(client: Any, moodle: Any, case: Any) -> None:
    body, kind = UNBELIEVABLE[case]
    answers(moodle, body)
    with pytest.raises(kind):
        client.read("f")
    assert len(moodle.calls) == 1


def test_a_bare_number_whose_end_is_not_marked_is_not_believed(client: Any, moodle: Any) -> None:
    answers(moodle, b"12", length=False)
    with pytest.raises(OutcomeUnknown):
        client.write("f")


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 418])
def test_a_write_answered_by_an_error_page_is_unknown_and_sent_once(
    client: Any, moodle: Any, pauses: Any, status: int
) -> None:
    answers(moodle, b"<html>Bad gateway</html>", status)
    with pytest.raises(OutcomeUnknown):
        client.write("f")
    assert len(moodle.calls) == 1
    assert not pauses


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_read_is_repeated_with_growing_pauses_until_it_succeeds(
    client: Any, moodle: Any, pauses: Any, status: int
) -> None:
    for _ in range(3):
        answers(moodle, b"", status)
    answers(moodle, [1])
    assert client.read("f") == [1]
    assert len(pauses) == 3
    assert 0.25 <= pauses[0] <= 0.5 <= pauses[1] <= 1 <= pauses[2] <= 2


@pytest.mark.parametrize(
    ("status", "kind"), [(429, Unreachable), (502, ServerError), (503, ServerError), (504, ServerError)]
)
def test_a_read_gives_up_after_four_attempts(client: Any, moodle: Any, status: int, kind: Any) -> None:
    answers(moodle, b"", status)
    with pytest.raises(kind):
        client.read("f")
    assert len(moodle.calls) == 4


@pytest.mark.parametrize("status", [400, 404, 500])
def test_other_failures_of_a_read_are_not_repeated(client: Any, moodle: Any, status: int) -> None:
    answers(moodle, b"<html></html>", status)
    with pytest.raises((NotMoodle, ServerError)):
        client.read("f")
    assert len(moodle.calls) == 1


def test_a_maintenance_page_that_asks_for_five_minutes_does_not_block_the_pass(
    client: Any, moodle: Any, pauses: Any
) -> None:
    answers(moodle, b"<html>", 503, {"Retry-After": "300"})
    with pytest.raises(Maintenance) as caught:
        client.read("f")
    assert caught.value.retry_after == 300
    assert not pauses


def test_a_short_retry_after_is_honoured(client: Any, moodle: Any, pauses: Any) -> None:
    answers(moodle, b"", 503, {"Retry-After": "2"})
    answers(moodle, [])
    assert client.read("f") == []
    assert pauses == [2]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, NotMoodle),
        (403, AccessError),
        (404, NotMoodle),
        (405, NotMoodle),
        (413, ParameterError),
        (429, Unreachable),
    ],
)
def test_a_write_that_was_refused_before_any_function_ran_has_a_known_outcome(
    client: Any, moodle: Any, status: int, kind: Any
) -> None:
    answers(moodle, b"", status)
    with pytest.raises(kind) as caught:
        client.write("f")
    assert caught.value.outcome_known


def test_http_403_advises_to_switch_the_protocol_on(client: Any, moodle: Any) -> None:
    answers(moodle, b"", 403)
    with pytest.raises(AccessError, match="Manage protocols"):
        client.read("f")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_names_its_host_but_not_its_query(
    client: Any, moodle: Any, status: int
) -> None:
    answers(moodle, b"", status, {"Location": "https://user:pw@other.test/login?secret=1"})
    with pytest.raises(NotMoodle) as caught:
        client.read("f")
    assert "https://other.test" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "pw" not in str(caught.value)
    assert len(moodle.calls) == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(301, NotMoodle), (308, NotMoodle), (302, OutcomeUnknown), (303, OutcomeUnknown)]
)
def test_a_redirect_that_php_may_have_sent_leaves_a_write_unknown(
    client: Any, moodle: Any, status: int, kind: Any
) -> None:
    answers(moodle, b"", status, {"Location": "/login/"})
    with pytest.raises(kind):
        client.write("f")


def test_a_request_over_post_max_size_is_told_as_such_and_not_as_a_wrong_token(
    client: Any, moodle: Any
) -> None:
    body = (
        b'<?xml version="1.0"?><EXCEPTION '
        b'class="x"><ERRORCODE>invalidtoken</ERRORCODE><MESSAGE>m</MESSAGE></EXCEPTION>'
    )
    answers(moodle, body)
    with pytest.raises(ParameterError, match="post_max_size"):
        client.write("f")


def test_a_batch_that_php_would_cut_silently_is_refused_before_it_is_sent(client: Any, moodle: Any) -> None:
    answers(moodle, [])
    client.write("f", ids=list(range(896)))
    with pytest.raises(ParameterError, match="901 form fields"):
        client.write("f", ids=list(range(897)))
    assert len(moodle.calls) == 1


def test_an_endless_answer_is_cut_short(moodle: Any) -> None:
    with connect(SITE, TOKEN, largest_answer=1000) as client:
        answers(moodle, b'"' + b"x" * 2000 + b'"')
        with pytest.raises(NotMoodle, match="larger than 1000"):
            client.read("f")
        with pytest.raises(OutcomeUnknown):
            client.write("f")


def test_site_info_that_is_no_description_is_not_moodle(client: Any, moodle: Any) -> None:
    answers(moodle, [])
    with pytest.raises(NotMoodle):
        client.site_info()


@pytest.mark.parametrize(
    "url",
    ["ftp://x", "moodle.test", "http://", "http://u:p@x", "http://x?a=1", "http://x:99999", "http://[", ""],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(NotMoodle):
        connect(url, TOKEN)


def test_one_debug_line_a_call_tells_function_time_status_and_size_and_no_secret(
    client: Any, moodle: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers(moodle, exception("x", f"the token {TOKEN} is odd", debuginfo=TOKEN))
    with pytest.raises(MoodleRefused) as caught:
        client.write("core_user_create_users", users=[{"password": "Geheim-1"}])
    lines = [record.getMessage() for record in caplog.records if record.name == "bridge.wire"]
    assert len(lines) == 1
    assert lines[0].startswith("core_user_create_users: ")
    assert "HTTP 200" in lines[0]
    everything = caplog.text + str(caught.value) + caught.value.debuginfo
    assert TOKEN not in everything
    assert "Geheim-1" not in everything


def test_warnings_are_a_failure_that_names_them() -> None:
    result = {
        "warnings": [
            {"warningcode": "unknowncourseidnumber", "message": "Unknown <b>course</b> ID 7"},
            {"warningcode": "x"},
        ]
    }
    with pytest.raises(MoodleRefused) as caught:
        require_no_warnings("core_course_delete_courses", result)
    assert caught.value.errorcode == "unknowncourseidnumber"
    assert caught.value.detail == "Unknown course ID 7; x"


@pytest.mark.parametrize("result", [None, [], {}, {"warnings": []}, {"courses": [1]}, {"warnings": None}])
def test_a_result_without_warnings_is_handed_on(result: Any) -> None:
    assert require_no_warnings("f", result) is result


def test_a_warning_of_an_unknown_shape_is_a_failure_too() -> None:
    with pytest.raises(MoodleRefused):
        require_no_warnings("f", {"warnings": ["x"]})
