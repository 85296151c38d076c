"""SOAP: WSDL, calls, faults, and what is kept on disk."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any

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
    Unreachable,
    connect,
)
from bridge.moodle_ws.soap_xml import decode, parse
from tests.unit.moodle_ws.moodle_ws_fakes import FUNCTIONS, SITE, TOKEN, soap_fault, soap_result, wsdl

URL = f"{SITE}/webservice/soap/server.php"
GET = "core_course_get_courses_by_field"
CREATE = "core_course_create_courses"
DELETE = "core_user_delete_users"


class Site:
    """A SOAP site under `responses`: serves `wsdl`, answers calls with `answers` in turn (the last one for
    ever).
    """

    def __init__(self, mock: Any) -> None:
        self.wsdl = (200, wsdl())
        self.answers = [(200, soap_result(GET, []))]
        self.upload = b"[]"
        self.fetched = 0
        self.calls: list[Any] = []
        mock.add_callback(responses.POST, URL, self._soap)
        mock.add_callback(responses.POST, f"{SITE}/webservice/upload.php", lambda _: (200, {}, self.upload))

    def _soap(self, request: Any) -> Any:
        assert f"wstoken={TOKEN}" in request.url
        if "wsdl=1" in request.url:
            self.fetched += 1
            status, body = self.wsdl
        else:
            self.calls.append(request)
            status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return status, {"Content-Length": str(len(body))}, body

    def arguments(self, call: Any = -1) -> Any:
        """Name and arguments (name, value) of a call."""
        element = parse(self.calls[call].body)[-1][0]
        return element.tag.rpartition("}")[2], [(child.tag, decode(child)) for child in element]


@pytest.fixture
def site() -> Iterator[Any]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield Site(mock)


def test_arguments_go_by_name_in_the_declared_order_when_all_are_given(soap: Any, site: Any) -> None:
    soap.read(GET, value="7", field="id")
    assert site.arguments() == (GET, [("field", "id"), ("value", "7")])


def test_what_follows_the_last_argument_is_left_to_its_default_by_position(soap: Any, site: Any) -> None:
    soap.read(GET, field="id")
    assert site.arguments() == (GET, [("argument0", "id")])


def test_a_function_is_called_with_an_empty_list_rather_than_with_nothing(soap: Any, site: Any) -> None:
    site.answers = [(200, soap_result("core_webservice_get_site_info", {"release": "4.5"}))]
    assert soap.site_info() == {"release": "4.5"}
    assert site.arguments() == ("core_webservice_get_site_info", [("serviceshortnames", [])])


def test_a_function_without_parameters_can_be_called(soap: Any, site: Any) -> None:
    site.answers = [(200, soap_result("local_otbridge_get_info", {"release": "1"}))]
    assert soap.read("local_otbridge_get_info") == {"release": "1"}
    assert site.arguments() == ("local_otbridge_get_info", [])


def test_a_scalar_that_would_lose_its_default_is_asked_for_before_anything_is_sent(
    soap: Any, site: Any
) -> None:
    with pytest.raises(ParameterError, match="field must be given"):
        soap.read(GET, value="7")
    assert not site.calls


def test_structures_and_lists_of_structures_are_nested(soap: Any, site: Any) -> None:
    site.answers = [(200, soap_result(CREATE, [{"id": 1}]))]
    courses = [{"fullname": "Курс & <b>", "options": [{"name": "a", "value": True}]}]
    assert soap.write(CREATE, courses=courses) == [{"id": 1}]
    assert site.arguments() == (CREATE, [("courses", courses)])


def test_a_declared_structure_goes_by_its_elements(soap: Any, site: Any) -> None:
    site.answers = [(200, soap_result("core_files_get_files", []))]
    soap.read("core_files_get_files", contextid=1, component="user", options={"list": [1]})
    assert site.arguments() == (
        "core_files_get_files",
        [("contextid", 1), ("component", "user"), ("options", {"list": [1]})],
    )


def test_202_with_nothing_is_the_result_of_a_function_that_has_none(soap: Any, site: Any) -> None:
    site.answers = [(202, b"")]
    assert soap.write(DELETE, userids=[1]) is None


@pytest.mark.parametrize(
    ("function", "answer"),
    [
        (CREATE, (202, b"")),
        (DELETE, (200, b"")),
        (CREATE, (200, b"")),
        (CREATE, (200, b"<html>")),
        (CREATE, (200, b"<html></html>")),
        (CREATE, (200, b"Notice: x" + soap_result(CREATE, []))),
        (CREATE, (200, soap_result(GET, []))),
        (CREATE, (200, soap_result(CREATE, [])[:-20])),
        (CREATE, (200, b"<!DOCTYPE a>" + soap_result(CREATE, []))),
        (CREATE, (500, b"")),
        (CREATE, (500, b"<html></html>")),
        (CREATE, (502, b"<html>")),
        (CREATE, (500, soap_result(CREATE, []))),
        (CREATE, (500, soap_fault("SOAP-ENV:Server", "f(): Argument #1"))),
        (
            CREATE,
            (
                500,
                soap_fault(
                    "SOAP-ENV:Server", "SOAP-ERROR: Encoding: string '\\xff' is not a valid utf-8 string"
                ),
            ),
        ),
        (CREATE, (500, soap_fault("Receiver", "Unknown error | ERRORCODE: "))),
    ],
)
def test_after_a_write_an_unbelievable_answer_leaves_the_outcome_unknown(
    soap: Any, site: Any, function: Any, answer: Any
) -> None:
    site.answers = [answer]
    with pytest.raises(OutcomeUnknown):
        soap.write(function, **{"courses": [{"a": 1}]} if function == CREATE else {"userids": [1]})
    assert len(site.calls) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((200, b"<html>"), NotMoodle),
        ((500, soap_fault("SOAP-ENV:Server", "Internal Error")), ServerError),
        ((500, b"<html></html>"), ServerError),
    ],
)
def test_after_a_read_an_unbelievable_answer_is_an_error(
    soap: Any, site: Any, answer: Any, kind: Any
) -> None:
    site.answers = [answer]
    with pytest.raises(kind):
        soap.read(GET, field="id", value="1")


@pytest.mark.parametrize(
    ("errorcode", "kind"),
    [
        ("invalidparameter", ParameterError),
        ("nopermissions", AccessError),
        ("upgraderunning", Maintenance),
        ("shortnametaken", MoodleRefused),
    ],
)
@pytest.mark.parametrize("actor", [True, False])
def test_an_errorcode_in_a_fault_is_the_same_error_as_over_rest(
    soap: Any, site: Any, errorcode: str, kind: Any, actor: bool
) -> None:
    site.answers = [
        (500, soap_fault("Receiver", f"Unknown error | ERRORCODE: {errorcode}", errorcode if actor else ""))
    ]
    with pytest.raises(kind) as caught:
        soap.write(CREATE, courses=[{"a": 1}])
    assert caught.value.errorcode == errorcode
    assert caught.value.detail == "Unknown error"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (soap_fault("SOAP-ENV:Server", "Procedure 'x' not present"), AccessError),
        (soap_fault("SOAP-ENV:Client", "Missing parameter"), ParameterError),
        (
            soap_fault(
                "WSDL", f"SOAP-ERROR: Parsing WSDL: Couldn't load from '{URL}?wstoken={TOKEN}&wsdl=1'"
            ),
            Unreachable,
        ),
        (soap_fault("MOODLE:error", "Site is being upgraded - SELECT secret"), MoodleRefused),
    ],
)
def test_a_fault_from_before_the_call_has_a_known_outcome_and_no_token(
    soap: Any, site: Any, fault: Any, kind: Any
) -> None:
    site.answers = [(500, fault)]
    with pytest.raises(kind) as caught:
        soap.write(CREATE, courses=[{"a": 1}])
    assert caught.value.outcome_known
    assert "SELECT" not in str(caught.value)
    assert TOKEN not in str(caught.value) + caught.value.debuginfo


def test_a_wrong_token_is_told_by_its_errorcode_though_soap_says_it_only_in_words(
    soap: Any, site: Any
) -> None:
    site.wsdl = (200, soap_fault("MOODLE:error", "Недопустимый ключ - ключ не найден"))
    site.upload = b'{"error":"\xd0\x9d\xd0\xb5\xd1\x82","errorcode":"invalidtoken"}'
    with pytest.raises(TokenError):
        soap.write(CREATE, courses=[{"a": 1}])


def test_an_expired_token_is_an_access_error_though_soap_names_no_code(soap: Any, site: Any) -> None:
    site.wsdl = (200, soap_fault("MOODLE:error", "Access control exception - Invalid token - token expired"))
    site.upload = b'{"error":"Access control exception","errorcode":"accessexception"}'
    with pytest.raises(AccessError):
        soap.read(GET, field="id")


def test_that_uploads_are_off_is_not_taken_for_the_reason(soap: Any, site: Any) -> None:
    site.wsdl = (200, soap_fault("MOODLE:error", "Parameter x cannot be set as VALUE_OPTIONAL"))
    site.upload = b'{"error":"Access control exception","errorcode":"accessexception"}'
    with pytest.raises(MoodleRefused, match="VALUE_OPTIONAL"):
        soap.read(GET, field="id")


def test_a_service_that_breaks_the_wsdl_is_told_with_moodles_words(soap: Any, site: Any) -> None:
    site.wsdl = (200, soap_fault("MOODLE:error", "Parameter x cannot be set as VALUE_OPTIONAL"))
    with pytest.raises(MoodleRefused, match="VALUE_OPTIONAL"):
        soap.read(GET, field="id")


@pytest.mark.parametrize(
    "body", [b"", b"<html></html>", b"<html>", wsdl()[:-30], b"<!DOCTYPE a>" + wsdl(), wsdl({})[:400]]
)
def test_what_is_no_wsdl_is_refused(soap: Any, site: Any, body: Any) -> None:
    site.wsdl = (200, body)
    with pytest.raises(NotMoodle):
        soap.read(GET, field="id")
    assert not site.calls


def test_http_403_on_the_wsdl_advises_to_switch_the_protocol_on(soap: Any, site: Any) -> None:
    site.wsdl = (403, b"")
    with pytest.raises(AccessError, match="Manage protocols"):
        soap.write(CREATE, courses=[{"a": 1}])


def test_the_wsdl_is_fetched_again_for_a_write_though_the_write_is_not(
    soap: Any, site: Any, pauses: Any
) -> None:
    site.wsdl = (503, b"")
    with pytest.raises(ServerError):
        soap.write(CREATE, courses=[{"a": 1}])
    assert (site.fetched, len(pauses), len(site.calls)) == (4, 3, 0)


@pytest.mark.parametrize(
    "location",
    ["http://other.test/x.xsd", "file:///etc/passwd", "/etc/passwd", "http://moodle.test/sub/x.xsd"],
)
def test_a_wsdl_cannot_make_the_bridge_fetch_anything(soap: Any, site: Any, location: str) -> None:
    imported = (
        '<types><s:schema xmlns:s="http://www.w3.org/2001/XMLSchema"><s:import '
        f'namespace="urn:y" schemaLocation="{location}"/></s:schema></types>'
    )
    site.wsdl = (200, wsdl(extra=imported))
    with pytest.raises(NotMoodle):
        soap.read(GET, field="id")


def test_a_function_outside_the_service_makes_the_wsdl_be_fetched_once_more(soap: Any, site: Any) -> None:
    soap.read(GET, field="id")
    with pytest.raises(AccessError, match="does not hold the function"):
        soap.read("core_user_create_users", users=[1])
    assert site.fetched == 2
    site.wsdl = (200, wsdl({**FUNCTIONS, "core_user_create_users": ([("users", "soap-enc:Array")], True)}))
    site.answers = [(200, soap_result("core_user_create_users", []))]
    assert soap.write("core_user_create_users", users=[1]) == []


def test_a_parameter_that_an_upgrade_brought_makes_the_wsdl_be_fetched_once_more(
    soap: Any, site: Any
) -> None:
    with pytest.raises(ParameterError, match="no parameters of the function: new"):
        soap.read(GET, field="id", new=1)
    site.wsdl = (200, wsdl({GET: ([("field", "xsd:string"), ("new", "xsd:int")], True)}))
    assert soap.read(GET, field="id", new=1) == []


def test_a_wsdl_is_used_for_its_time_and_no_longer(site: Any) -> None:
    with connect(SITE, TOKEN, transport="soap", wsdl_longest=0.05) as soap:
        soap.read(GET, field="id")
        soap.read(GET, field="id")
        assert site.fetched == 1
        time.sleep(0.06)
        soap.read(GET, field="id")
        assert site.fetched == 2


@pytest.mark.parametrize("library", ["urllib3.connectionpool", "urllib3.connection"])
def test_logs_of_the_libraries_are_free_of_the_token(
    soap: Any, site: Any, caplog: pytest.LogCaptureFixture, library: str
) -> None:
    caplog.set_level(logging.DEBUG)
    soap.read(GET, field="id")
    logging.getLogger(library).warning("Failed to parse headers (url=%s): %d", f"{URL}?wstoken={TOKEN}", 1)
    assert f"(url={URL}?wstoken=TOKEN): 1" in caplog.text
    assert "zeep" in {record.name.split(".")[0] for record in caplog.records}
    assert TOKEN not in caplog.text


def test_closing_takes_the_filter_off_the_library_again(site: Any) -> None:
    before = list(logging.getLogger("urllib3.connectionpool").filters)
    with connect(SITE, TOKEN, transport="soap"):
        assert logging.getLogger("urllib3.connectionpool").filters != before
    assert logging.getLogger("urllib3.connectionpool").filters == before
