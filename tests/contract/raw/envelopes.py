"""SOAP: envelopes, and how PHP finds and reads arguments."""

from __future__ import annotations

from tests.contract.raw.asked import (
    FORM,
    SOAP,
    Raw,
    argument,
    call,
    form,
    listed,
    mapped,
    soap,
)
from tests.contract.raw.words import (
    BAD_UTF8,
    CATEGORIES,
    CHECK,
    CONTENTS,
    COURSES,
    DELETE,
    FIND,
    GET,
    GET_INFO,
    HUGE,
    INFO,
    RUN,
    UNDO,
    USERS,
    group,
    key,
    program,
)


def envelopes() -> list[Raw]:
    """What comes before any function of SOAP."""
    good = call(COURSES, argument("field", "id"), argument("value", "0"))
    return [
        Raw("wsdl", "GET", SOAP, query="wsdl=1&wstoken=$token$"),
        Raw("wsdl-bad-token", "GET", SOAP, query="wsdl=1&wstoken=bad"),
        Raw("wsdl-no-token", "GET", SOAP, query="wsdl=1"),
        Raw("get", "GET", SOAP, query="wstoken=$token$"),
        Raw("empty", "POST", SOAP, query="wstoken=$token$", headers={"Content-Type": "text/xml"}),
        soap("bad-token", good, token="bad"),
        Raw("no-token", "POST", SOAP, body=soap("", good).body, headers={"Content-Type": "text/xml"}),
        Raw("token-in-the-body", "POST", SOAP, body=form({"wstoken": "$token$"}), headers=FORM),
        soap("good", good),
        soap("no-function", ""),
        soap("unknown-function", call("core_course_get_nothing")),
        soap("function-outside-of-service", call("core_user_create_users")),
        soap("function-in-capitals", call(COURSES.upper())),
        soap("two-functions", good + good),
        soap("no-xml", "", whole=b"hello"),
        soap("xml-unended", "", whole=b"<a>"),
        soap("no-envelope", "", whole=b"<a/>"),
        soap("no-body", "", whole=b'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"/>'),
        soap("dtd", "", whole=b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        soap("other-envelope", good, envelope="http://www.w3.org/2003/05/soap-envelope"),
        soap("unknown-envelope", good, envelope="urn:x"),
        soap("bad-bytes", call(COURSES, argument("field", "id")).encode() + BAD_UTF8),
        soap("control", call(COURSES, argument("field", "id"), argument("value", "a&#1;b"))),
        soap(
            "namespace",
            good.replace(COURSES, "n:" + COURSES).replace(
                "<n:" + COURSES, f'<n:{COURSES} xmlns:n="urn:x"', 1
            ),
        ),
    ]


def arguments() -> list[Raw]:
    """How PHP finds and reads the arguments of a call."""
    field, value = argument("field", "id"), argument("value", "0")
    category = listed("criteria", mapped(key="id", value="$category$"))

    def one(name: str, function: str, *args: str) -> Raw:
        return soap(name, call(function, *args))

    return [
        one("named", COURSES, field, value),
        one("named-other-order", COURSES, value, field),
        one("named-first-only", COURSES, field),
        one("named-second-only", CONTENTS, listed("options")),
        one("named-and-surplus", COURSES, field, value, argument("x", "1")),
        one("named-twice", COURSES, argument("field", "shortname"), field, value),
        one("positional", COURSES, argument("a", "id"), argument("b", "0")),
        one("positional-other-order", COURSES, argument("a", "0"), argument("b", "id")),
        one("positional-one", COURSES, argument("a", "id")),
        one("positional-surplus", COURSES, argument("a", "id"), argument("b", "0"), argument("c", "0")),
        one("none", COURSES),
        one("none-of-one-without", GET_INFO),
        one("surplus-of-one-without", GET_INFO, argument("x", "1")),
        one("course", COURSES, field, argument("value", "$course$")),
        one("number-as-int", COURSES, field, argument("value", 0)),
        one("ampersand", COURSES, argument("field", "shortname"), argument("value", "raw& < $u$")),
        one("nil", COURSES, field, '<value xsi:nil="true"/>'),
        one("untyped", COURSES, "<field>id</field>", "<value>0</value>"),
        one("empty", COURSES, field, "<value/>"),
        one("type-unknown", COURSES, field, '<value xsi:type="xsd:nothing">0</value>'),
        one("field-unknown", COURSES, argument("field", "fullname"), value),
        one("int", CONTENTS, argument("courseid", 999_999_999), listed("options")),
        one("int-as-text", CONTENTS, argument("courseid", "999999999"), listed("options")),
        one("int-no-number", CONTENTS, argument("courseid", "abc", "int"), listed("options")),
        one("int-as-word", CONTENTS, argument("courseid", "abc"), listed("options")),
        one("int-empty", CONTENTS, argument("courseid", "", "int"), listed("options")),
        one("int-nil", CONTENTS, '<courseid xsi:nil="true"/>', listed("options")),
        one("int-huge", CONTENTS, argument("courseid", HUGE, "int"), listed("options")),
        one("int-decimal", CONTENTS, argument("courseid", "1.5", "int"), listed("options")),
        one("int-boolean", CONTENTS, argument("courseid", True), listed("options")),
        one("list-missing", CONTENTS, argument("courseid", 999_999_999)),
        one("categories", CATEGORIES, category, argument("addsubcategories", 0)),
        one("categories-boolean", CATEGORIES, category, argument("addsubcategories", False)),
        one("categories-other-order", CATEGORIES, argument("addsubcategories", 0), category),
        one(
            "categories-text-for-list", CATEGORIES, argument("criteria", "x"), argument("addsubcategories", 0)
        ),
        one(
            "categories-list-of-texts",
            CATEGORIES,
            listed("criteria", argument("item", "id")),
            argument("addsubcategories", 0),
        ),
        one(
            "categories-struct",
            CATEGORIES,
            listed("criteria", f"<item>{argument('key', 'id')}{argument('value', '$below$')}</item>"),
            argument("addsubcategories", 0),
        ),
        one(
            "categories-map-surplus",
            CATEGORIES,
            listed("criteria", mapped(key="id", value="1", x="y")),
            argument("addsubcategories", 0),
        ),
        one(
            "categories-empty-list",
            CATEGORIES,
            listed("criteria", mapped(key="id", value="999999999")),
            argument("addsubcategories", 1),
        ),
        one("users", USERS, argument("field", "username"), listed("values", argument("item", "raw$u$"))),
        one("delete", DELETE, listed("courseids", argument("item", 999_999_999))),
        one("delete-text", DELETE, listed("courseids", argument("item", "abc"))),
        one("delete-empty", DELETE, listed("courseids")),
        one("get-unknown", GET, argument("opkey", key(40))),
        one("get-positional", GET, argument("a", key(40))),
        one("get-no-uuid", GET, argument("opkey", "abc")),
        one("get-nil", GET, '<opkey xsi:nil="true"/>'),
        one("get-none", GET),
        one("check", CHECK, argument("program", program(group())), argument("draftitemid", 0)),
        one("check-without-draft", CHECK, argument("program", program(group()))),
        one(
            "run-other-order",
            RUN,
            argument("draftitemid", 0),
            argument("program", program(group("S1 $u$"))),
            argument("opkey", key(41)),
        ),
        one(
            "run-positional",
            RUN,
            argument("a", key(42)),
            argument("b", program(group("S2 $u$"))),
            argument("c", 0),
        ),
        one(
            "run-positional-other-order",
            RUN,
            argument("a", program(group("S3 $u$"))),
            argument("b", key(43)),
            argument("c", 0),
        ),
        one("run-positional-two", RUN, argument("a", key(44)), argument("b", program(group("S4 $u$")))),
        one(
            "run-without-draft",
            RUN,
            argument("opkey", key(48)),
            argument("program", program(group("S5 $u$"))),
        ),
        one(
            "run-ampersand",
            RUN,
            argument("opkey", key(45)),
            argument("program", program(group("S&< $u$"))),
            argument("draftitemid", 0),
        ),
        one("undo-other-order", UNDO, argument("undoes", key(41)), argument("opkey", key(46))),
        one("undo-positional-other-order", UNDO, argument("a", key(42)), argument("b", key(47))),
        one("site-info", INFO, listed("serviceshortnames")),
        one("site-info-none", INFO),
        one(
            "find",
            FIND,
            argument("courseid", 999_999_999),
            argument("idnumber", ""),
            argument("shortname", ""),
            argument("fullname", ""),
            argument("limit", 50),
            argument("private", False),
        ),
    ]
