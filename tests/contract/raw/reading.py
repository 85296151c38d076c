"""What is read of a Moodle, and what comes before any function."""

from __future__ import annotations

from tests.contract.raw.asked import FORM, REST, Raw, form, rest, upload
from tests.contract.raw.words import (
    BAD_UTF8,
    CATEGORIES,
    CONTENTS,
    COURSES,
    GET_INFO,
    HALF,
    HUGE,
    INFO,
    LONG,
    USERS,
    by,
)


def protocol() -> list[Raw]:
    """What comes before any function."""
    query = "wstoken=$token$&wsfunction=core_course_get_categories&moodlewsrestformat=json&addsubcategories=x"
    asks = [("wsfunction", CATEGORIES), ("addsubcategories", "x")]
    json_form = [("moodlewsrestformat", "json")]
    return [
        Raw("nothing", "POST", REST, headers=FORM),
        Raw("nothing-get", "GET", REST),
        Raw("no-token", "POST", REST, body=form([*asks, *json_form]), headers=FORM),
        rest("empty-token", CATEGORIES, token=""),
        rest("bad-token", CATEGORIES, token="bad"),
        rest("token-in-capitals", CATEGORIES, token="$TOKEN$"),
        rest("token-with-space", CATEGORIES, token="$token$ "),
        rest("token-with-space-before", CATEGORIES, token=" $token$"),
        rest("token-of-bad-bytes", CATEGORIES, [("wstoken", BAD_UTF8)]),
        rest("token-with-nul", CATEGORIES, [("wstoken", b"a\0b")]),
        rest("token-is-a-list", CATEGORIES, [("wstoken[]", "x")]),
        Raw(
            "bearer",
            "GET",
            REST,
            query=query.replace("wstoken=$token$&", ""),
            headers={"Authorization": "Bearer $token$"},
        ),
        Raw("get", "GET", REST, query=query),
        Raw(
            "token-in-the-address",
            "POST",
            REST,
            query="wstoken=$token$",
            body=form([*asks, *json_form]),
            headers=FORM,
        ),
        Raw(
            "form-wins-over-address",
            "POST",
            REST,
            query="wstoken=bad",
            body=form([("wstoken", "$token$"), *asks, *json_form]),
            headers=FORM,
        ),
        rest("no-function", "", []),
        Raw("no-function-field", "POST", REST, body=form([("wstoken", "$token$"), *json_form]), headers=FORM),
        rest("unknown-function", "core_course_get_nothing"),
        rest("unknown-function-of-plugin", "local_otbridge_restore_course"),
        rest("function-outside-of-service", "core_user_create_users"),
        rest("function-with-space", CATEGORIES + " "),
        rest("function-in-capitals", CATEGORIES.upper()),
        rest("function-of-bad-bytes", "x", [("wsfunction", BAD_UTF8)]),
        rest("function-is-a-list", "x", [("wsfunction[]", CATEGORIES)]),
        rest("function-twice", "x", [("wsfunction", CATEGORIES), ("addsubcategories", "x")]),
        rest("format-xml", CATEGORIES, [("moodlewsrestformat", "xml"), ("addsubcategories", "x")]),
        rest("format-in-capitals", CATEGORIES, [("moodlewsrestformat", "JSON"), ("addsubcategories", "x")]),
        rest("format-unknown", CATEGORIES, [("moodlewsrestformat", "yaml"), ("addsubcategories", "x")]),
        rest("format-empty", CATEGORIES, [("moodlewsrestformat", ""), ("addsubcategories", "x")]),
        rest("format-xml-bad-token", CATEGORIES, [("moodlewsrestformat", "xml")], token="bad"),
        rest("format-xml-answer", COURSES, [("moodlewsrestformat", "xml"), ("field", "id"), ("value", "0")]),
        rest(
            "format-xml-category",
            CATEGORIES,
            [("moodlewsrestformat", "xml"), *by("id", "$category$"), ("addsubcategories", "0")],
        ),
        rest("unknown-parameter", INFO, [("surplus", "1")]),
        rest("unknown-parameter-of-one-without", GET_INFO, [("surplus", "1")]),
        rest("setting-unknown", COURSES, [("moodlewssettingnothing", "1"), ("field", "id"), ("value", "0")]),
        rest("setting-lang", CATEGORIES, [("moodlewssettinglang", "ru"), ("addsubcategories", "x")]),
        rest("setting-filter", COURSES, [("moodlewssettingfilter", "1"), ("field", "id"), ("value", "0")]),
        rest(
            "setting-raw-not-a-flag", COURSES, [("moodlewssettingraw", "x"), ("field", "id"), ("value", "0")]
        ),
        Raw(
            "json-body",
            "POST",
            REST,
            query=query.replace("addsubcategories=x", "criteria[0][key]=id&criteria[0][value]=$below$"),
            body=b'{"addsubcategories": "x"}',
            headers={"Content-Type": "application/json"},
        ),
        Raw("put", "PUT", REST, query=query),
        Raw("head", "HEAD", REST, query=query),
        Raw(
            "path-behind",
            "POST",
            REST + "/x",
            body=form([("wstoken", "$token$"), *asks, *json_form]),
            headers=FORM,
        ),
        Raw("no-such-page", "GET", "/webservice/rest/none.php"),
        Raw(
            "multipart",
            "POST",
            REST,
            body=upload(
                "",
                fields={
                    "wstoken": "$token$",
                    "wsfunction": CATEGORIES,
                    "moodlewsrestformat": "json",
                    "addsubcategories": "x",
                },
                token=None,
            ).body,
            headers=upload("").headers,
        ),
    ]


def categories() -> list[Raw]:
    """core_course_get_categories."""

    def one(name: str, *pairs: tuple[str, object], only: str = "") -> Raw:
        return rest(name, CATEGORIES, list(pairs), only=only)

    return [
        one("all", only="$u$"),
        one("all-without-sub", ("addsubcategories", "0"), only="$u$"),
        one("id", *by("id", "$category$")),
        one("id-without-sub", *by("id", "$category$"), ("addsubcategories", "0")),
        one("id-of-sub", *by("id", "$below$")),
        one("id-missing", *by("id", "999999999")),
        one("id-zero", *by("id", "0")),
        one("id-negative", *by("id", "-1")),
        one("id-text", *by("id", "abc")),
        one("id-empty", *by("id", "")),
        one("id-with-space", *by("id", " $category$")),
        one("id-with-zero", *by("id", "0$category$")),
        one("id-with-letters", *by("id", "$category$abc")),
        one("id-huge", *by("id", HUGE)),
        one("ids", *by("ids", "$category$,$below$"), ("addsubcategories", "0")),
        one("ids-with-spaces", *by("ids", "$category$, $below$"), ("addsubcategories", "0")),
        one("ids-one-missing", *by("ids", "$category$,999999999"), ("addsubcategories", "0")),
        one("ids-text", *by("ids", "abc")),
        one("ids-empty", *by("ids", "")),
        one("name", *by("name", "Raw R&D a < b $u$"), ("addsubcategories", "0")),
        one("name-escaped", *by("name", "Raw R&amp;D a &lt; b $u$")),
        one("name-in-small-letters", *by("name", "raw r&d a < b $u$")),
        one("name-part", *by("name", "Raw R&D")),
        one("name-with-space-behind", *by("name", "Raw R&D a < b $u$ ")),
        one("name-wildcard", *by("name", "%$u$")),
        one("name-bad-bytes", *by("name", BAD_UTF8)),
        one("name-half-a-letter", *by("name", HALF)),
        one("name-nul", *by("name", b"a\0b")),
        one("name-control", *by("name", "a\x01b")),
        one("name-long", *by("name", LONG)),
        one("name-emoji", *by("name", "\N{OWL}")),
        one("idnumber", *by("idnumber", "raw-$u$"), ("addsubcategories", "0")),
        one("idnumber-missing", *by("idnumber", "none-$u$")),
        one("idnumber-in-capitals", *by("idnumber", "RAW-$u$")),
        one("parent", *by("parent", "$category$")),
        one("parent-zero", *by("parent", "0"), ("addsubcategories", "0"), only="$u$"),
        one("parent-text", *by("parent", "abc"), ("addsubcategories", "0"), only="$u$"),
        one("visible", *by("visible", "1"), ("addsubcategories", "0"), only="$u$"),
        one("visible-no", *by("visible", "0"), ("addsubcategories", "0"), only="$u$"),
        one("theme", *by("theme", "boost")),
        one("two", *by("parent", "$category$"), *by("visible", "1", 1)),
        one("two-that-exclude", *by("id", "$category$"), *by("id", "$below$", 1)),
        one("two-of-one-key", *by("id", "$below$"), *by("id", "$category$", 1)),
        one("key-unknown", *by("fullname", "x")),
        one("key-of-the-table", *by("description", "x")),
        one("key-sortorder", *by("sortorder", "1")),
        one("key-path", *by("path", "/1")),
        one("key-timemodified", *by("timemodified", "1")),
        one("key-in-capitals", *by("ID", "$category$")),
        one("key-empty", *by("", "x")),
        one("key-with-digit", *by("id2", "x")),
        one("key-with-space", *by("id ", "1")),
        one("key-bad-bytes", *by(BAD_UTF8, "1")),
        one("key-missing", ("criteria[0][value]", "1")),
        one("value-missing", ("criteria[0][key]", "id")),
        one("value-is-a-list", ("criteria[0][key]", "id"), ("criteria[0][value][]", "1")),
        one("surplus-in-criterion", *by("id", "1"), ("criteria[0][x]", "1")),
        one("criteria-named", ("criteria[a][key]", "id"), ("criteria[a][value]", "$below$")),
        one("criteria-is-a-text", ("criteria", "id")),
        one("criteria-is-empty", ("criteria", "")),
        one("criteria-of-texts", ("criteria[0]", "id")),
        one("sub-two", ("addsubcategories", "2")),
        one("sub-true", ("addsubcategories", "true")),
        one("sub-empty", ("addsubcategories", ""), *by("id", "$category$")),
        one("sub-list", ("addsubcategories[]", "1")),
        one("raw", *by("id", "$category$"), ("moodlewssettingraw", "1"), ("addsubcategories", "0")),
    ]


def courses() -> list[Raw]:
    """core_course_get_courses_by_field."""

    def one(name: str, field: object, value: object, *more: tuple[str, object], only: str = "") -> Raw:
        return rest(name, COURSES, [("field", field), ("value", value), *more], only=only)

    return [
        one("id", "id", "$course$"),
        one("id-missing", "id", "999999999"),
        one("id-zero", "id", "0"),
        one("id-negative", "id", "-1"),
        one("id-text", "id", "abc"),
        one("id-empty", "id", ""),
        one("id-with-space", "id", " $course$"),
        one("id-with-space-behind", "id", "$course$ "),
        one("id-with-zero", "id", "0$course$"),
        one("id-decimal", "id", "$course$.0"),
        one("id-huge", "id", HUGE),
        one("id-of-64-bits", "id", str(2**63 - 1)),
        one("site", "id", "1"),
        one("hidden", "id", "$hidden$"),
        one("ids", "ids", "$course$,$hidden$"),
        one("ids-one", "ids", "$course$"),
        one("ids-twice", "ids", "$course$,$course$"),
        one("ids-with-space", "ids", "$course$, $hidden$"),
        one("ids-with-gap", "ids", "$course$,,$hidden$"),
        one("ids-comma-behind", "ids", "$course$,"),
        one("ids-text", "ids", "abc"),
        one("ids-empty", "ids", ""),
        one("ids-one-missing", "ids", "$course$,999999999"),
        one("shortname", "shortname", "raw& < $u$"),
        one("shortname-escaped", "shortname", "raw&amp; &lt; $u$"),
        one("shortname-in-capitals", "shortname", "RAW& < $u$"),
        one("shortname-with-space-behind", "shortname", "raw& < $u$ "),
        one("shortname-missing", "shortname", "none-$u$"),
        one("shortname-empty", "shortname", ""),
        one("shortname-wildcard", "shortname", "%"),
        one("shortname-bad-bytes", "shortname", BAD_UTF8),
        one("shortname-half-a-letter", "shortname", HALF),
        one("shortname-nul", "shortname", b"a\0b"),
        one("shortname-control", "shortname", "a\x07b"),
        one("shortname-long", "shortname", LONG),
        one("idnumber", "idnumber", "raw-$u$"),
        one("idnumber-missing", "idnumber", "none-$u$"),
        one("category", "category", "$category$"),
        one("category-missing", "category", "999999999"),
        one("category-text", "category", "abc"),
        one("category-zero", "category", "0"),
        one("sectionid-missing", "sectionid", "999999999"),
        one("sectionid-text", "sectionid", "abc"),
        one("field-unknown", "fullname", "x"),
        one("field-in-capitals", "ID", "$course$"),
        one("field-with-digit", "id2", "1"),
        one("field-with-space", "id ", "1"),
        one("field-bad-bytes", BAD_UTF8, "1"),
        one("field-empty", "", "x", only="$u$"),
        one("surplus", "id", "0", ("x", "1")),
        rest("none", COURSES, only="$u$"),
        rest("field-only", COURSES, [("field", "shortname")]),
        rest("field-only-id", COURSES, [("field", "id")]),
        rest("field-is-a-list", COURSES, [("field[]", "id"), ("value", "1")]),
        rest("value-is-a-list", COURSES, [("field", "id"), ("value[]", "1")]),
        one("raw", "shortname", "raw& < $u$", ("moodlewssettingraw", "1")),
    ]


def contents() -> list[Raw]:
    """core_course_get_contents."""

    def one(name: str, course: object, *options: tuple[str, object]) -> Raw:
        pairs = [
            pair
            for number, (key, value) in enumerate(options)
            for pair in ((f"options[{number}][name]", key), (f"options[{number}][value]", value))
        ]
        return rest(name, CONTENTS, [("courseid", course), *pairs])

    return [
        one("course", "$course$"),
        one("hidden", "$hidden$"),
        one("site", "1", ("excludemodules", "1")),
        one("missing", "999999999"),
        one("zero", "0"),
        one("negative", "-1"),
        one("text", "abc"),
        one("empty", ""),
        one("huge", HUGE),
        one("of-64-bits", str(2**63 - 1)),
        rest("none", CONTENTS),
        one("without-modules", "$course$", ("excludemodules", "1")),
        one("without-modules-no", "$course$", ("excludemodules", "0")),
        one("without-modules-text", "$course$", ("excludemodules", "yes")),
        one("without-contents", "$course$", ("excludecontents", "1")),
        one("section-number", "$course$", ("sectionnumber", "1")),
        one("section-number-missing", "$course$", ("sectionnumber", "99")),
        one("section-id-missing", "$course$", ("sectionid", "999999999")),
        one("cmid-missing", "$course$", ("cmid", "999999999")),
        one("modname", "$course$", ("modname", "forum")),
        one("modname-missing", "$course$", ("modname", "nothing")),
        one("modid-missing", "$course$", ("modid", "1")),
        one("stealth", "$course$", ("includestealthmodules", "1")),
        one("option-unknown", "$course$", ("x", "1")),
        one("option-with-dash", "$course$", ("x-y", "1")),
        rest(
            "option-without-value",
            CONTENTS,
            [("courseid", "$course$"), ("options[0][name]", "excludemodules")],
        ),
        rest("options-text", CONTENTS, [("courseid", "$course$"), ("options", "x")]),
    ]


def users() -> list[Raw]:
    """core_user_get_users_by_field."""

    def one(name: str, field: object, *values: object) -> Raw:
        return rest(name, USERS, [("field", field), *((f"values[{n}]", one) for n, one in enumerate(values))])

    return [
        one("username", "username", "raw$u$"),
        one("username-in-capitals", "username", "RAW$u$"),
        one("username-with-space", "username", " raw$u$"),
        one("username-missing", "username", "none$u$"),
        one("username-twice", "username", "raw$u$", "raw$u$"),
        one("username-some-missing", "username", "none$u$", "raw$u$"),
        one("username-empty", "username", ""),
        one("username-guest", "username", "guest"),
        one("username-wildcard", "username", "raw%"),
        one("username-bad-bytes", "username", BAD_UTF8),
        one("username-nul", "username", b"a\0b"),
        one("username-control", "username", "a\x01b"),
        one("username-letters", "username", "Иванов"),
        one("username-long", "username", LONG),
        one("id", "id", "$user$"),
        one("id-missing", "id", "999999999"),
        one("id-text", "id", "abc"),
        one("id-zero", "id", "0"),
        one("id-huge", "id", HUGE),
        one("email", "email", "raw$u$@example.org"),
        one("email-in-capitals", "email", "RAW$u$@example.org"),
        one("email-bad", "email", "not an address"),
        one("idnumber-missing", "idnumber", "none$u$"),
        one("field-unknown", "lastname", "x"),
        one("field-empty", "", "x"),
        one("field-with-digit", "id2", "x"),
        rest("no-values", USERS, [("field", "id")]),
        rest("values-empty", USERS, [("field", "id"), ("values", "")]),
        rest("values-text", USERS, [("field", "id"), ("values", "1")]),
        rest("no-field", USERS, [("values[0]", "1")]),
        rest("raw", USERS, [("field", "username"), ("values[0]", "raw$u$"), ("moodlewssettingraw", "1")]),
    ]
