"""What both transports promise, against every Moodle: the embedded one, and a real one (`pytest -m live`).

Only the core functions of docs/plugin-api.md are used, so that the embedded Moodle can be held to the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.moodle_ws import (
    AccessError,
    MoodleRefused,
    ParameterError,
    TokenError,
    UnknownFunction,
    connect,
    require_no_warnings,
)

BY_FIELD = "core_course_get_courses_by_field"
CATEGORIES = "core_course_get_categories"
CONTENTS = "core_course_get_contents"
DELETE = "core_course_delete_courses"
NO_COURSE = 999_999_999
WRONG_TOKEN = "0" * 32


@pytest.fixture(params=["rest", "soap"])
def transport(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def client(moodle_site: Any, transport: Any) -> Iterator[Any]:
    with connect(moodle_site.url, moodle_site.token, transport=transport) as client:
        yield client


@pytest.fixture
def stranger(moodle_site: Any, transport: Any) -> Iterator[Any]:
    """A client with a token that Moodle does not know."""
    with connect(moodle_site.url, WRONG_TOKEN, transport=transport) as client:
        yield client


def test_site_info_tells_release_version_user_and_functions(client: Any) -> None:
    info = client.site_info()
    assert info["release"][0].isdigit()
    assert info["version"].replace(".", "").isdigit()
    assert isinstance(info["userid"], int)
    assert {BY_FIELD, CATEGORIES, CONTENTS, DELETE} <= {function["name"] for function in info["functions"]}


def test_both_transports_give_the_same_values(moodle_site: Any) -> None:
    answers = []
    for transport in ("rest", "soap"):
        with connect(moodle_site.url, moodle_site.token, transport=transport) as client:
            info = {name: value for name, value in client.site_info().items() if value is not None}
            answers.append(
                (
                    info,
                    client.read(CATEGORIES),
                    client.read(BY_FIELD, field="id", value="1"),
                    client.read(CONTENTS, courseid=1),
                )
            )
    assert answers[0] == answers[1]


def test_values_keep_their_types(client: Any) -> None:
    category = client.read(CATEGORIES)[0]
    assert {type(category[name]) for name in ("id", "parent", "coursecount", "depth")} == {int}
    assert {type(category[name]) for name in ("name", "path")} == {str}


def test_a_list_of_structures_is_understood(client: Any) -> None:
    assert [
        category["id"] for category in client.read(CATEGORIES, criteria=[{"key": "id", "value": "1"}])
    ] == [1]
    assert client.read(CATEGORIES, criteria=[{"key": "id", "value": "0"}], addsubcategories=False) == []


def test_parameters_that_are_left_out_take_their_defaults(client: Any) -> None:
    assert client.read(CATEGORIES) == client.read(CATEGORIES, criteria=None, addsubcategories=True)


def test_nothing_found_is_an_empty_list_beside_empty_warnings(client: Any) -> None:
    assert client.read(BY_FIELD, field="shortname", value="нет такого") == {"courses": [], "warnings": []}


def test_a_course_is_found_by_each_of_its_names_and_deleted(
    client: Any, moodle_site: Any, moodle_course: Any
) -> None:
    course = moodle_course(fullname='Химия & "опыты"', shortname="Х-1 \\ 'a'", idnumber="idn/1")
    for field, value in (("id", str(course)), ("shortname", "Х-1 \\ 'a'"), ("idnumber", "idn/1")):
        found = client.read(BY_FIELD, field=field, value=value)["courses"]
        assert [one["id"] for one in found] == [course]
    assert found[0]["shortname"] == "Х-1 \\ 'a'"
    require_no_warnings(DELETE, client.write(DELETE, courseids=[course]))
    assert client.read(BY_FIELD, field="id", value=str(course))["courses"] == []


def test_several_courses_are_deleted_in_one_call(client: Any, moodle_course: Any) -> None:
    courses = [moodle_course(fullname=f"C {number}", shortname=f"C-{number}") for number in range(2)]
    assert client.write(DELETE, courseids=courses) == {"warnings": []}


def test_deleting_a_course_that_is_not_there_is_a_warning_and_so_a_failure(client: Any) -> None:
    result = client.write(DELETE, courseids=[NO_COURSE])
    with pytest.raises(MoodleRefused) as caught:
        require_no_warnings(DELETE, result)
    assert caught.value.errorcode == "unknowncourseidnumber"


@pytest.mark.parametrize("write", [False, True])
def test_a_wrong_token_is_a_token_error(stranger: Any, write: bool) -> None:
    with pytest.raises(TokenError) as caught:
        (stranger.write if write else stranger.read)(DELETE, courseids=[NO_COURSE])
    assert caught.value.errorcode == "invalidtoken"
    assert WRONG_TOKEN not in str(caught.value)


def test_a_function_that_moodle_does_not_have_is_told(client: Any, transport: Any) -> None:
    # The WSDL lists the functions of the service only, so over SOAP this looks like a missing one.
    with pytest.raises(UnknownFunction if transport == "rest" else AccessError):
        client.write("local_otbridge_no_such_function", opkey="x")


def test_a_function_outside_the_service_is_an_access_error(client: Any) -> None:
    with pytest.raises(AccessError):
        client.write("core_cohort_delete_cohorts", cohortids=[NO_COURSE])


@pytest.mark.parametrize(
    ("function", "params"),
    [
        (CONTENTS, {"courseid": "abc"}),
        (CONTENTS, {"courseid": 1, "nosuchparameter": 1}),
        (CONTENTS, {}),
        (CONTENTS, {"courseid": [1]}),
        (BY_FIELD, {"field": "nosuchfield", "value": "1"}),
        (CATEGORIES, {"criteria": [{"key": "id"}]}),
        (CATEGORIES, {"criteria": [{"key": "id", "value": "1", "more": "x"}]}),
        (CATEGORIES, {"criteria": "id"}),
        (DELETE, {"courseids": ["abc"]}),
    ],
)
def test_a_bad_parameter_is_a_parameter_error(client: Any, function: Any, params: Any) -> None:
    with pytest.raises(ParameterError) as caught:
        client.write(function, **params)
    assert caught.value.errorcode == "invalidparameter"


def test_a_course_that_is_not_there_is_a_refusal_with_its_errorcode(client: Any) -> None:
    with pytest.raises(MoodleRefused) as caught:
        client.read(CONTENTS, courseid=NO_COURSE)
    assert caught.value.errorcode == "invalidrecord"


def test_a_file_goes_into_a_draft_area_of_its_own(client: Any, tmp_path: Path) -> None:
    path = tmp_path / "копия.mbz"
    path.write_bytes(bytes(range(256)) * 2000)
    first, second = client.upload(path), client.upload(path, "other.mbz")
    assert first > 0
    assert second > 0
    assert first != second


def test_a_wrong_token_uploads_nothing(stranger: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.mbz"
    path.write_bytes(b"x")
    with pytest.raises(TokenError):
        stranger.upload(path)


def test_a_file_that_is_not_there_is_refused(client: Any, moodle_site: Any, tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as target, pytest.raises(MoodleRefused) as caught:
        client.download(f"{moodle_site.url}/webservice/pluginfile.php/1/none/none/0/x", target, limit=100)
    assert caught.value.errorcode == "filenotfound"
    assert (tmp_path / "a").read_bytes() == b""
