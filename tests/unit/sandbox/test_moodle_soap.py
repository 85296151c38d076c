"""The embedded Moodle speaks SOAP as Moodle 4.5 with PHP's SOAP extension was seen to."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from lxml import etree

from bridge.sandbox.moodle import SandboxMoodle
from tests.unit.sandbox.moodle_calls import soap

EMPTY = 'enc:arrayType="xsd:ur-type[0]" xsi:type="enc:Array"'
FAULT = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope '
    'xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Body>'
    "<SOAP-ENV:Fault><faultcode>{}</faultcode><faultstring>{}</faultstring>{}</SOAP-ENV:Fault>"
    "</SOAP-ENV:Body></SOAP-ENV:Envelope>\n"
)


def get_wsdl(moodle: SandboxMoodle, token: str) -> requests.Response:
    return requests.get(
        f"{moodle.url}/webservice/soap/server.php", params={"wsdl": "1", "wstoken": token}, timeout=10
    )


def test_the_wsdl_of_the_core_functions_is_that_of_a_real_moodle(moodle: SandboxMoodle) -> None:
    moodle.restrict(plugin=False)
    recorded = (Path(__file__).parent / "wsdl_of_moodle_4_5.xml").read_text("utf-8")
    answer = get_wsdl(moodle, moodle.token)
    assert answer.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert (
        answer.text.strip() == recorded.replace("{site}", moodle.url).replace("{token}", moodle.token).strip()
    )


def test_the_wsdl_lists_the_functions_of_the_service_and_no_other(moodle: SandboxMoodle) -> None:
    moodle.restrict(functions=["core_files_upload"])
    operations = etree.fromstring(get_wsdl(moodle, moodle.token).content).findall("{*}portType/{*}operation")
    names = [operation.get("name") for operation in operations]
    assert "core_files_upload" not in names
    assert "local_otbridge_run" in names
    assert names == sorted(map(str, names))


def test_a_wrong_token_is_a_fault_with_http_200(moodle: SandboxMoodle) -> None:
    answer = get_wsdl(moodle, "bad")
    assert (answer.status_code, answer.text) == (
        200,
        FAULT.format("MOODLE:error", "Invalid token - token not found", ""),
    )


def test_results_are_encoded_as_php_does(moodle: SandboxMoodle) -> None:
    answer = soap(
        moodle,
        (
            '<core_course_delete_courses><courseids xsi:type="enc:Array"><i '
            'xsi:type="xsd:int">9</i></courseids></core_course_delete_courses>'
        ),
    )
    namespace = f"{moodle.url}/webservice/soap/server.php?wstoken={moodle.token}"
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.text == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<SOAP-ENV:Envelope '
        'xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"'
        f' xmlns:ns1="{namespace}" xmlns:ns2="http://xml.apache.org/xml-soap" '
        'xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        " "
        'SOAP-ENV:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><SOAP-ENV:Body>'
        "<ns1:core_course_delete_coursesResponse>"
        '<return xsi:type="ns1:webservices_struct_class_000002"><warnings '
        'SOAP-ENC:arrayType="ns2:Map[1]" xsi:type="SOAP-ENC:Array">'
        '<item xsi:type="ns2:Map"><item><key xsi:type="xsd:string">item</key><value '
        'xsi:type="xsd:string">course</value></item>'
        '<item><key xsi:type="xsd:string">itemid</key><value xsi:type="xsd:int">9</value></item>'
        '<item><key xsi:type="xsd:string">warningcode</key><value '
        'xsi:type="xsd:string">unknowncourseidnumber</value></item>'
        '<item><key xsi:type="xsd:string">message</key><value xsi:type="xsd:string">Unknown '
        "course ID 9</value></item></item></warnings>"
        "</return></ns1:core_course_delete_coursesResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>\n"
    )


def test_maps_and_arrays_are_understood_as_arguments(moodle: SandboxMoodle) -> None:
    pairs = "".join(
        f'<item><key xsi:type="xsd:string">{key}</key><value xsi:type="xsd:{kind}">{value}</value></item>'
        for key, kind, value in (
            ("fullname", "string", "Курс &lt; 1 &amp; 2"),
            ("shortname", "string", "c1"),
            ("categoryid", "int", 1),
        )
    )
    sent = (
        '<courses enc:arrayType="m:Map[1]" xsi:type="enc:Array"><item '
        f'xsi:type="m:Map">{pairs}</item></courses>'
    )
    assert soap(moodle, f"<core_course_create_courses>{sent}</core_course_create_courses>").status_code == 200
    assert [course.fullname for course in moodle.courses()] == ["Курс < 1 & 2"]
    (call,) = moodle.calls()
    assert call.params == {"courses": [{"fullname": "Курс < 1 & 2", "shortname": "c1", "categoryid": 1}]}


def test_a_list_that_arrives_empty_makes_nothing(moodle: SandboxMoodle) -> None:
    answer = soap(moodle, f"<core_course_create_courses><courses {EMPTY}/></core_course_create_courses>")
    assert answer.text == FAULT.format(
        "Receiver", "Unknown error | ERRORCODE: invalidresponse", "<faultactor>invalidresponse</faultactor>"
    )
    assert moodle.courses() == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<nope/>", FAULT.format("SOAP-ENV:Server", "Procedure 'nope' not present", "")),
        ("<core_course_get_contents/>", FAULT.format("SOAP-ENV:Client", "Missing parameter", "")),
        (
            "<core_course_get_contents><a>1</a><b/><c/></core_course_get_contents>",
            FAULT.format("SOAP-ENV:Client", "Error cannot find parameter", ""),
        ),
        (
            "<core_files_upload><a>1</a></core_files_upload>",
            FAULT.format(
                "SOAP-ENV:Server",
                (
                    "Too few arguments to function webservices_virtual_class_000000::core_files_upload(), "
                    "1 passed and at least 7 expected"
                ),
                "",
            ),
        ),
        (
            '<core_course_get_contents><courseid xsi:type="xsd:int">x</courseid></core_course_get_contents>',
            FAULT.format("SOAP-ENV:Server", "SOAP-ERROR: Encoding: Violation of encoding rules", ""),
        ),
        (
            "<core_course_get_contents><courseid>1</courseid></core_course_get_contents>",
            FAULT.format(
                "Receiver",
                "Unknown error | ERRORCODE: invalidparameter",
                "<faultactor>invalidparameter</faultactor>",
            ),
        ),
        ("<broken", FAULT.format("SOAP-ENV:Client", "Bad Request", "")),
    ],
)
def test_faults_are_those_of_php(moodle: SandboxMoodle, body: str, fault: str) -> None:
    answer = soap(moodle, body)
    assert (answer.status_code, answer.text) == (500, fault)


def test_arguments_without_names_are_taken_by_position_and_the_last_may_be_missing(
    moodle: SandboxMoodle,
) -> None:
    course = moodle.add_course(fullname="A", shortname="a")
    answer = soap(moodle, f"<core_course_get_contents><x>{course}</x></core_course_get_contents>")
    assert answer.status_code == 200
    assert "Quiz 2" in answer.text


def test_a_document_type_is_refused(moodle: SandboxMoodle) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
    answer = requests.post(
        f"{moodle.url}/webservice/soap/server.php?wstoken={moodle.token}", data=bomb, timeout=10
    )
    assert answer.text == FAULT.format("SOAP-ENV:Server", "DTD are not supported by SOAP", "")
