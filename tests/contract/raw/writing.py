"""What is stored: names, deleted courses, files."""

from __future__ import annotations

from tests.contract.raw.asked import (
    FORM,
    UPLOAD,
    Raw,
    argument,
    call,
    form,
    rest,
    soap,
    upload,
)
from tests.contract.raw.words import (
    BAD_UTF8,
    COURSES,
    CREATE,
    DELETE,
    FILE,
    HALF,
    HUGE,
    padded,
)


def names() -> list[Raw]:
    """Names that Moodle stores, trims, escapes or refuses: core_course_create_courses."""

    def one(
        name: str,
        fullname: object,
        shortname: object,
        *more: tuple[str, object],
        category: str = "$category$",
    ) -> Raw:
        pairs = [("fullname", fullname), ("shortname", shortname), ("categoryid", category), *more]
        return rest(
            name,
            CREATE,
            [(f"courses[0][{key}]", value) for key, value in pairs],
            token="$admin$",
            keep={"made": "0.id"},
        )

    read = [("field", "id"), ("value", "$made$")]

    def stored(name: str) -> list[Raw]:
        return [
            rest(f"{name}-told", COURSES, read),
            rest(f"{name}-raw", COURSES, [*read, ("moodlewssettingraw", "1")]),
        ]

    return [
        one("ampersand", "R&D $u$", "n1&-$u$"),
        *stored("ampersand"),
        one("escaped", "R&amp;D &lt;b&gt; $u$", "n2-$u$"),
        *stored("escaped"),
        one("less", "a < b > c $u$", "n3-$u$"),
        *stored("less"),
        one("quotes", '"O\'Neil" «x» $u$', "n4-$u$"),
        *stored("quotes"),
        one("spaces-around", "  a  b  ", "  n5-$u$  "),
        *stored("spaces-around"),
        one("no-break-space", "a\u00a0b $u$", "n6-$u$"),
        *stored("no-break-space"),
        one("two-lines", "a\nb\tc $u$", "n7-$u$"),
        *stored("two-lines"),
        one("emoji", "\N{OWL} $u$", "n8-$u$"),
        *stored("emoji"),
        one("multilang", "{mlang ru}Р{mlang} $u$", "n9-$u$"),
        *stored("multilang"),
        one("entity", "a &nbsp; &#38; &copy; &x; $u$", "n15-$u$"),
        *stored("entity"),
        one("tag", "a <b>c</b>", "n10-$u$"),
        one("tag-unended", "a <b", "n11-$u$"),
        one("nul", b"a\0b", "n12-$u$"),
        one("bad-bytes", BAD_UTF8, "n13-$u$"),
        one("half-a-letter", HALF, "n14-$u$"),
        one("control", "a\x01b", "n16-$u$"),
        *stored("control"),
        soap("control-over-soap", call(COURSES, argument("field", "id"), argument("value", "$made$"))),
        one("full-name-empty", "", "n17-$u$"),
        one("full-name-of-spaces", "   ", "n18-$u$"),
        one("short-name-empty", "A", ""),
        one("full-name-of-254", "ж" * 254, "n19-$u$"),
        one("full-name-of-255", "ж" * 255, "n20-$u$"),
        one("full-name-of-1334", "ж" * 1334, "n21-$u$"),
        one("short-name-of-100", "A", padded("n22-$u$", 100)),
        one("short-name-of-255", "A", padded("n23-$u$", 255)),
        one("short-name-of-256", "A", padded("n24-$u$", 256)),
        one("idnumber-of-100", "A", "n25-$u$", ("idnumber", padded("n25-$u$", 100))),
        one("idnumber-of-101", "A", "n26-$u$", ("idnumber", padded("n26-$u$", 101))),
        one("short-name-taken", "A", "raw& < $u$"),
        one("short-name-taken-in-capitals", "A", "RAW& < $u$"),
        one("idnumber-taken", "A", "n27-$u$", ("idnumber", "raw-$u$")),
        one("category-missing", "A", "n28-$u$", category="999999999"),
        one("category-zero", "A", "n29-$u$", category="0"),
        one("category-text", "A", "n30-$u$", category="abc"),
        rest("no-courses", CREATE, token="$admin$"),
        rest("courses-text", CREATE, [("courses", "x")], token="$admin$"),
        rest(
            "no-short-name",
            CREATE,
            [("courses[0][fullname]", "A"), ("courses[0][categoryid]", "$category$")],
            token="$admin$",
        ),
    ]


def deleting() -> list[Raw]:
    """core_course_delete_courses."""
    return [
        rest("missing", DELETE, [("courseids[0]", "999999999")]),
        rest("missing-twice", DELETE, [("courseids[0]", "999999999"), ("courseids[1]", "999999999")]),
        rest("negative", DELETE, [("courseids[0]", "-1")]),
        rest("zero", DELETE, [("courseids[0]", "0")]),
        rest("text", DELETE, [("courseids[0]", "abc")]),
        rest("huge", DELETE, [("courseids[0]", HUGE)]),
        rest("site", DELETE, [("courseids[0]", "1")]),
        rest("none", DELETE),
        rest("no-list", DELETE, [("courseids", "1")]),
        rest("empty", DELETE, [("courseids", "")]),
        rest("one", DELETE, [("courseids[0]", "$spare$")]),
        rest("one-again", DELETE, [("courseids[0]", "$spare$")]),
    ]


def uploads() -> list[Raw]:
    """upload.php."""
    a = ("file", "a.txt", b"abc")
    kept = {"draft": "0.itemid"}
    at = {"itemid": "$draft$"}
    return [
        upload("no-token", [a], token=None),
        upload("empty-token", [a], token=""),
        upload("bad-token", [a], token="bad"),
        upload("wstoken", [a], {"wstoken": "$token$"}, token=None),
        Raw(
            "token-in-the-address",
            "POST",
            UPLOAD,
            query="token=$token$",
            body=upload("", [a], token=None).body,
            headers=upload("").headers,
        ),
        upload("no-file"),
        upload("no-file-bad-token", token="bad"),
        Raw("get", "GET", UPLOAD, query="token=$token$"),
        Raw("form", "POST", UPLOAD, body=form({"token": "$token$", "file": "x"}), headers=FORM),
        upload("one", [a], keep=kept),
        upload("equal-name", [a], at),
        upload("equal-name-other-content", [("file", "a.txt", b"abcd")], at),
        upload("equal-name-in-capitals", [("file", "A.txt", b"abcd")], at),
        upload("other-name", [("file", "b.txt", b"abc")], at),
        upload("other-folder", [a], {**at, "filepath": "/sub/"}),
        upload("two-files", [("f1", "c.txt", b"1"), ("f2", "d.txt", b"22")], at),
        upload(
            "three-files-one-there", [("f1", "e.txt", b"1"), ("f2", "a.txt", b"2"), ("f3", "f.txt", b"3")], at
        ),
        upload("two-of-one-name", [("f1", "g.txt", b"1"), ("f2", "g.txt", b"2")], at),
        upload("two-of-one-name-new", [("f1", "g.txt", b"1"), ("f2", "g.txt", b"2")]),
        upload("two-in-one-field", [("file", "h.txt", b"1"), ("file", "i.txt", b"2")], at),
        upload("two-in-a-list", [("file[]", "j.txt", b"1"), ("file[]", "k.txt", b"2")], at),
        upload("empty-file", [("file", "empty.txt", b"")], at),
        upload("no-file-name", [("file", "", b"abc")], at),
        upload("name-dots", [("file", "..", b"abc")], at),
        upload("name-up", [("file", "../../x.txt", b"abc")], at),
        upload("name-with-slash", [("file", "p/q.txt", b"abc")], at),
        upload("name-with-backslash", [("file", "r\\\\s.txt", b"abc")], at),
        upload("name-letters", [("file", "файл.txt", b"abc")], at),
        upload("name-marks", [("file", "t&u<v>.txt", b"abc")], at),
        upload("name-quotes", [("file", "w'x`y|z.txt", b"abc")], at),
        upload("name-spaces", [("file", " a  b .txt", b"abc")], at),
        upload("name-bad-bytes", [("file", b"bad\xff.txt", b"abc")], at),
        upload("name-control", [("file", b"con\x01trol.txt", b"abc")], at),
        upload("name-of-255", [("file", "l" * 251 + ".txt", b"abc")], at),
        upload("name-of-256", [("file", "l" * 252 + ".txt", b"abc")], at),
        upload("name-without-ending", [("file", "noending", b"abc")], at),
        upload("name-php", [("file", "x.php", b"<?php ")], at),
        upload("path-without-slashes", [("file", "m1.txt", b"abc")], {**at, "filepath": "sub"}),
        upload("path-without-last-slash", [("file", "m2.txt", b"abc")], {**at, "filepath": "/sub"}),
        upload("path-up", [("file", "m3.txt", b"abc")], {**at, "filepath": "/../../etc/"}),
        upload("path-empty", [("file", "m4.txt", b"abc")], {**at, "filepath": ""}),
        upload("path-marks", [("file", "m5.txt", b"abc")], {**at, "filepath": "/a&b<c>/"}),
        upload("item-negative", [("file", "n1.txt", b"abc")], {"itemid": "-1"}),
        upload("item-text", [("file", "n2.txt", b"abc")], {"itemid": "abc"}),
        upload("item-zero", [("file", "n3.txt", b"abc")], {"itemid": "0"}),
        upload("item-of-nobody", [("file", "n4.txt", b"abc")], {"itemid": "$fresh$"}),
        upload("area-private", [("file", "n5.txt", b"abc")], {**at, "filearea": "private"}),
        upload("area-unknown", [("file", "n6.txt", b"abc")], {**at, "filearea": "x"}),
        upload("surplus-field", [("file", "n7.txt", b"abc")], {**at, "x": "y"}),
        Raw(
            "wrong-boundary",
            "POST",
            UPLOAD,
            body=upload("", [a]).body,
            headers={"Content-Type": "multipart/form-data; boundary=other"},
        ),
    ]


def files() -> list[Raw]:
    """core_files_upload."""

    def one(name: str, **changes: object) -> Raw:
        fields: dict[str, object] = {
            "component": "user",
            "filearea": "draft",
            "itemid": "0",
            "filepath": "/",
            "filename": "a.txt",
            "filecontent": "YWJj",
            "contextlevel": "user",
            "instanceid": "$me$",
            **changes,
        }
        return rest(
            name,
            FILE,
            [(key, value) for key, value in fields.items() if value is not None],
            keep={"area": "itemid"},
        )

    return [
        one("one"),
        one("equal-name", itemid="$area$"),
        one("other-folder", itemid="$area$", filepath="/x/"),
        one("private", filearea="private"),
        one("component-unknown", component="mod_page"),
        one("component-in-capitals", component="User"),
        one("no-context", contextlevel=None, instanceid=None),
        one("instance-of-another", instanceid="1"),
        one("level-unknown", contextlevel="planet"),
        one("context-missing", contextid="999999999", contextlevel=None, instanceid=None),
        one("name-with-slash", filename="a/b.txt"),
        one("name-marks", filename="a&b.txt"),
        one("name-empty", filename=""),
        one("path-up", filepath="/../"),
        one("path-without-slash", filepath="x"),
        one("content-no-base64", filecontent="???"),
        one("content-empty", filecontent=""),
        one("content-missing", filecontent=None),
        one("item-text", itemid="abc"),
    ]
