"""The embedded Moodle answers REST as a real one was seen to."""

from __future__ import annotations

import json

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from bridge.sandbox.moodle import SandboxMoodle
from bridge.sandbox.moodle.descriptions import Value, clean, php_bracket_decode, validate
from bridge.sandbox.moodle.problems import MoodleProblem
from bridge.sandbox.moodle.rest import php_json
from tests.unit.sandbox.moodle_calls import rest

INVALID_PARAMETER = {
    "exception": "core\\exception\\invalid_parameter_exception",
    "errorcode": "invalidparameter",
    "message": "Invalid parameter value detected",
}


def test_a_wrong_token_is_told_with_http_200(moodle: SandboxMoodle) -> None:
    answer = requests.post(
        f"{moodle.url}/webservice/rest/server.php",
        data={"wstoken": "bad", "moodlewsrestformat": "json"},
        timeout=10,
    )
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.text == (
        '{"exception":"core\\\\exception\\\\moodle_exception","errorcode":"invalidtoken","message":"Invalid '
        'token - token not found"}'
    )


def test_a_token_in_the_authorization_header_is_not_seen(moodle: SandboxMoodle) -> None:
    answer = requests.get(
        f"{moodle.url}/webservice/rest/server.php?wsfunction=core_webservice_get_site_info&moodlewsrestformat=json",
        headers={"Authorization": f"Bearer {moodle.token}"},
        timeout=10,
    )
    assert answer.json()["errorcode"] == "invalidtoken"


def test_without_a_format_the_answer_is_xml(moodle: SandboxMoodle) -> None:
    told = rest(moodle, "core_course_delete_courses", form=None, **{"courseids[0]": 999})
    assert told == (
        '<?xml version="1.0" encoding="UTF-8" ?>\n<RESPONSE>\n<SINGLE>\n<KEY '
        'name="warnings"><MULTIPLE>\n<SINGLE>\n'
        '<KEY name="item"><VALUE>course</VALUE>\n</KEY>\n<KEY name="itemid"><VALUE>999</VALUE>\n</KEY>\n'
        '<KEY name="warningcode"><VALUE>unknowncourseidnumber</VALUE>\n</KEY>\n'
        '<KEY name="message"><VALUE>Unknown course ID 999</VALUE>\n</KEY>\n</SINGLE>\n'
        "</MULTIPLE>\n</KEY>\n</SINGLE>\n</RESPONSE>\n"
    )
    refused = rest(moodle, "nope", form=None)
    assert refused == (
        '<?xml version="1.0" encoding="UTF-8" ?>\n<EXCEPTION '
        'class="dml_missing_record_exception">\n<ERRORCODE>invalidrecord</ERRORCODE>\n'
        "<MESSAGE>Can't find data record in database table external_functions.</MESSAGE>\n</EXCEPTION>\n"
    )


def test_an_unknown_function_and_one_outside_of_the_service_differ(moodle: SandboxMoodle) -> None:
    assert rest(moodle, "nope")["errorcode"] == "invalidrecord"
    assert rest(moodle, "core_user_create_users")["errorcode"] == "accessexception"


@pytest.mark.parametrize("courseid", ["6.0", "6 ", "+6", "06", "6a", "", "1e1", "99999999999999999999"])
def test_a_number_that_php_would_write_otherwise_is_refused(moodle: SandboxMoodle, courseid: str) -> None:
    assert rest(moodle, "core_course_get_contents", courseid=courseid) == INVALID_PARAMETER


def test_missing_and_unknown_parameters_are_refused_without_a_reason(moodle: SandboxMoodle) -> None:
    assert rest(moodle, "core_course_get_contents") == INVALID_PARAMETER
    assert rest(moodle, "core_course_get_contents", courseid=1, surplus=2) == INVALID_PARAMETER
    assert rest(moodle, "core_course_delete_courses", courseids=1) == INVALID_PARAMETER


def test_booleans_are_one_and_nought_only(moodle: SandboxMoodle) -> None:
    assert rest(moodle, "core_course_get_categories", addsubcategories=1)[0]["name"] == "Category 1"
    assert rest(moodle, "core_course_get_categories", addsubcategories="true") == INVALID_PARAMETER


def test_the_reason_is_told_where_debugging_is_on(moodle: SandboxMoodle) -> None:
    moodle.debugging = True
    assert rest(moodle, "core_course_get_contents", courseid="abc")["debuginfo"] == (
        "courseid => Invalid parameter value detected: Invalid external api parameter: "
        'the value is "abc", the server was expecting "int" type'
    )


def test_deleting_a_missing_course_is_a_success_with_a_warning(moodle: SandboxMoodle) -> None:
    course = moodle.add_course(fullname="A", shortname="a")
    told = rest(moodle, "core_course_delete_courses", **{"courseids[0]": course, "courseids[1]": 999})
    assert [warning["itemid"] for warning in told["warnings"]] == [999]
    assert moodle.courses() == []


def test_asking_for_several_ids_fails_without_errorcode_when_one_is_missing(moodle: SandboxMoodle) -> None:
    course = moodle.add_course(fullname="A", shortname="a")
    found = rest(moodle, "core_course_get_courses_by_field", field="ids", value=f"{course},1")["courses"]
    assert [item["id"] for item in found] == [course, 1]
    told = rest(moodle, "core_course_get_courses_by_field", field="ids", value=f"{course},999")
    assert told == {"exception": "Error", "message": 'Attempt to assign property "contextvalidated" on null'}


def test_courses_are_made_all_or_none(moodle: SandboxMoodle) -> None:
    first = {"courses[0][fullname]": "A", "courses[0][shortname]": "a", "courses[0][categoryid]": 1}
    again = {"courses[1][fullname]": "B", "courses[1][shortname]": "a", "courses[1][categoryid]": 1}
    assert rest(moodle, "core_course_create_courses", **first, **again)["errorcode"] == "shortnametaken"
    assert moodle.courses() == []
    (made,) = rest(moodle, "core_course_create_courses", **first)
    assert made["shortname"] == "a"


def test_categories_come_with_their_subcategories_unless_told_otherwise(moodle: SandboxMoodle) -> None:
    top = moodle.add_category("Top")
    below = moodle.add_category("Below", parent=top)
    wanted = {"criteria[0][key]": "name", "criteria[0][value]": "Top"}
    assert [item["id"] for item in rest(moodle, "core_course_get_categories", **wanted)] == [top, below]
    assert [
        item["id"] for item in rest(moodle, "core_course_get_categories", addsubcategories=0, **wanted)
    ] == [top]


def test_contents_show_each_activity_and_where_its_file_is(moodle: SandboxMoodle) -> None:
    course = moodle.add_course(fullname="A", shortname="a", activities={"forum": 1, "quiz": 2, "resource": 1})
    general, section = rest(moodle, "core_course_get_contents", courseid=course)
    assert [module["modname"] for module in general["modules"] + section["modules"]] == [
        "forum",
        "quiz",
        "quiz",
        "resource",
    ]
    address = section["modules"][-1]["contents"][0]["fileurl"]
    assert requests.get(address, params={"token": moodle.token}, timeout=10).text == "Resource 1\n"
    assert requests.get(address, timeout=10).json()["errorcode"] == "missingparam"


def test_uploads_land_in_a_draft_area_and_never_overwrite(moodle: SandboxMoodle) -> None:
    def send(**fields: object) -> requests.Response:
        return requests.post(
            f"{moodle.url}/webservice/upload.php", data=fields, files={"file": ("я.mbz", b"data")}, timeout=10
        )

    assert send().json()["errorcode"] == "missingparam"
    assert send(token="bad").json() == {
        "error": "Invalid token - token not found",
        "errorcode": "invalidtoken",
        "stacktrace": None,
        "debuginfo": None,
        "reproductionlink": None,
    }
    (stored,) = send(token=moodle.token).json()
    assert (stored["filename"], stored["filesize"]) == ("я.mbz", 4)
    (refused,) = send(token=moodle.token, itemid=stored["itemid"]).json()
    assert refused["errortype"] == "filenameexist"
    assert len(moodle.drafts(stored["itemid"])) == 1


def test_what_is_left_out_of_the_service_is_missed_by_name(moodle: SandboxMoodle) -> None:
    moodle.restrict(functions=["core_course_get_contents"], capabilities=["moodle/role:manage"])
    listed = {item["name"] for item in rest(moodle, "core_webservice_get_site_info")["functions"]}
    assert "core_course_get_contents" not in listed
    assert rest(moodle, "core_course_get_contents", courseid=1)["errorcode"] == "accessexception"
    granted = {
        item["name"]: item["granted"] for item in rest(moodle, "local_otbridge_get_info")["capabilities"]
    }
    assert [name for name, given in granted.items() if not given] == ["moodle/role:manage"]
    moodle.restrict(plugin=False)
    assert rest(moodle, "local_otbridge_get_info")["errorcode"] == "invalidrecord"
    moodle.restrict()
    assert rest(moodle, "core_course_get_contents", courseid=1) == []


def test_fields_beyond_five_thousand_are_dropped_without_a_word(moodle: SandboxMoodle) -> None:
    surplus = {f"courseids[{number}]": 1_000_000 + number for number in range(5100)}
    told = rest(moodle, "core_course_delete_courses", **surplus)
    assert len(told["warnings"]) == 5000 - 3


def test_json_is_written_as_php_writes_it() -> None:
    assert php_json({"url": "a/b", "empty": {}, "whole": 1.0, "part": 0.5, "name": "é"}) == (
        '{"url":"a\\/b","empty":[],"whole":1,"part":0.5,"name":"\\u00e9"}'
    )


def test_brackets_are_read_as_php_reads_them() -> None:
    pairs = [
        ("a[0][b]", "1"),
        ("a[0][c]", "2"),
        ("l[]", "x"),
        ("l[]", "y"),
        ("d.t", "3"),
        ("a[0][b]", "4"),
        ("", "no"),
        ("[x]", "no"),
    ]
    assert php_bracket_decode(pairs) == {
        "a": {"0": {"b": "4", "c": "2"}},
        "l": {"0": "x", "1": "y"},
        "d_t": "3",
    }


@given(st.integers(min_value=-(2**63), max_value=2**63 - 1))
def test_every_number_of_64_bits_comes_through(number: int) -> None:
    assert validate(Value("int"), str(number)) == number


@given(st.text(st.characters(exclude_characters="<\0", exclude_categories=["Cs"])))
def test_text_without_tags_comes_through(text: str) -> None:
    assert validate(Value("text"), text) == text
    assert json.loads(php_json(clean(Value("raw"), text))) == text


@pytest.mark.parametrize("text", ["<b>x</b>", "course <1>", "x<", "\0"])
def test_text_that_php_would_strip_is_refused(text: str) -> None:
    with pytest.raises(MoodleProblem):
        validate(Value("text"), text)


def test_names_are_escaped_unless_they_are_asked_for_as_they_are(moodle: SandboxMoodle) -> None:
    moodle.add_course(fullname="R&D <b>x</b> a < b &amp; c", shortname="rd")
    asked = {"field": "shortname", "value": "rd"}
    (told,) = rest(moodle, "core_course_get_courses_by_field", **asked)["courses"]
    assert (told["fullname"], told["displayname"]) == ("R&amp;D x a &lt; b &amp; c",) * 2
    (raw,) = rest(moodle, "core_course_get_courses_by_field", moodlewssettingraw=1, **asked)["courses"]
    assert raw["fullname"] == "R&D <b>x</b> a < b &amp; c"


def test_a_name_that_the_database_cannot_hold_is_an_error_of_the_database(moodle: SandboxMoodle) -> None:
    course = {"courses[0][fullname]": "x" * 255, "courses[0][shortname]": "x", "courses[0][categoryid]": 1}
    assert rest(moodle, "core_course_create_courses", **course)["errorcode"] == "dmlwriteexception"
