"""The plugin's functions: programs, operations, and a user without rights."""

from __future__ import annotations

import json

from tests.contract.raw.asked import Raw, rest
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
    RUN,
    UNDO,
    USERS,
    by,
    group,
    key,
    program,
)


def checking() -> list[Raw]:
    """Programs that are judged only, and the plugin's reading functions."""

    def one(name: str, text: object, *more: tuple[str, object]) -> Raw:
        return rest(name, CHECK, [("program", text), *more])

    def found(name: str, *pairs: tuple[str, object]) -> Raw:
        return rest(name, FIND, list(pairs))

    return [
        rest("info", GET_INFO),
        rest("info-with-parameter", GET_INFO, [("x", "1")]),
        found("find-nothing-said"),
        found("find-course-missing", ("courseid", "999999999")),
        found("find-course-negative", ("courseid", "-1")),
        found("find-course-text", ("courseid", "abc")),
        found("find-name", ("fullname", "none $u$")),
        found("find-name-ampersand", ("fullname", "R&D none $u$")),
        found("find-name-tag", ("fullname", "a <b>c</b>")),
        found("find-short-name-tag", ("shortname", "<x>")),
        found("find-name-bad-bytes", ("fullname", BAD_UTF8)),
        found("find-name-nul", ("fullname", b"a\0b")),
        found("find-idnumber-tag", ("idnumber", "a <b>c</b>")),
        found("find-limit-zero", ("courseid", "1"), ("limit", "0")),
        found("find-limit-negative", ("courseid", "1"), ("limit", "-1")),
        found("find-limit-text", ("courseid", "1"), ("limit", "x")),
        found("find-private-text", ("courseid", "1"), ("private", "x")),
        found("find-private", ("courseid", "999999999"), ("private", "1")),
        found("find-surplus", ("courseid", "1"), ("x", "1")),
        one("good", program(group())),
        one(
            "two-good",
            program(group(), {"step": "group.create", "as": "g2", "course": "$Ncourse$", "name": "Ещё $u$"}),
        ),
        one("name-ampersand", program(group("R&D < $u$"))),
        one("name-tag", program(group("<b>x</b> $u$"))),
        one("name-twice", program(group(), group(label="g2"))),
        one("name-empty", program(group(""))),
        one("name-of-254", program(group("ж" * 254))),
        one("name-of-255", program(group("ж" * 255))),
        one("name-control", program(group("a\x01b"))),
        one("name-two-lines", program(group("a\nb"))),
        one("name-number", program(group(5))),  # type: ignore[arg-type]
        one("name-reference", program(group("$group9.name"))),
        one("name-dollars", program(group("$$money $u$"))),
        one(
            "name-lone-surrogate",
            program(group("SURROGATE")).replace("SURROGATE", "\\ud800"),
        ),
        one("course-text", program({**group(), "course": "abc"})),
        one("course-text-of-digits", program({**group(), "course": "$course$"})),
        one("course-missing", program({**group(), "course": 999_999_999})),
        one("course-negative", program({**group(), "course": -1})),
        one("course-decimal", program({**group(), "course": 1.5})),
        one("course-huge", program({**group(), "course": 10**20})),
        one("surplus-parameter", program({**group(), "x": 1})),
        one("no-name", program({"step": "group.create", "as": "g", "course": "$Ncourse$"})),
        one("label-bad", program(group(label="G 1"))),
        one("label-twice", program(group(), group("Ещё $u$"))),
        one("label-missing", program({"step": "group.create", "course": "$Ncourse$", "name": "x"})),
        one("step-unknown", program({"step": "group.destroy", "as": "g"})),
        one("step-malformed", program({"step": "Group Create", "as": "g"})),
        one("step-missing", program({"as": "g"})),
        one("step-no-object", program("x")),  # type: ignore[arg-type]
        one("no-steps", program()),
        one("version-two", program(group(), version=2)),
        one("surplus-member", program(group(), x=1)),
        one("ticket-long", program(group(), ticket="т" * 101)),
        one("ticket-control", program(group(), ticket="a\x01")),
        one("files-malformed", program(group(), files=["x"])),
        one("file-not-there", program(group(), files=[{"sha256": "0" * 64, "name": "a.txt", "size": 1}])),
        one("file-digest-malformed", program(group(), files=[{"sha256": "xyz", "name": "a.txt", "size": 1}])),
        one("text-empty", ""),
        one("text-no-json", "{"),
        one("text-list", "[]"),
        one("text-null", "null"),
        one("text-nested", "[" * 600 + "]" * 600),
        one("text-bad-bytes", BAD_UTF8),
        one("text-with-mark", "\ufeff" + program(group())),
        one("text-two-members", '{"version": 1, "version": 2, "ticket": "", "files": [], "steps": []}'),
        one("draft-text", program(group()), ("draftitemid", "abc")),
        one("draft-negative", program(group()), ("draftitemid", "-1")),
        rest("no-program", CHECK),
        rest("program-is-a-list", CHECK, [("program[]", "x")]),
    ]


def running() -> list[Raw]:
    """Operations that are done in the call, and their keys."""

    def run(name: str, number: int, text: object, *more: tuple[str, object]) -> Raw:
        return rest(name, RUN, [("opkey", key(number)), ("program", text), *more])

    good = program(group("Р&D < $u$"))
    return [
        rest("get-unknown", GET, [("opkey", key(1))]),
        rest("get-no-uuid", GET, [("opkey", "abc")]),
        rest("get-empty", GET, [("opkey", "")]),
        rest("get-with-space", GET, [("opkey", key(1) + " ")]),
        rest("get-braces", GET, [("opkey", "{" + key(1) + "}")]),
        rest("get-no-key", GET),
        rest("get-bad-bytes", GET, [("opkey", BAD_UTF8)]),
        rest("run-no-uuid", RUN, [("opkey", "abc"), ("program", good)]),
        rest("run-no-program", RUN, [("opkey", key(1))]),
        rest("run-no-key", RUN, [("program", good)]),
        run("fault", 1, program(group(""))),
        rest("fault-left-the-key-free", GET, [("opkey", key(1))]),
        run("unknown-step", 1, program({"step": "group.destroy", "as": "g"})),
        run("done", 1, good),
        run("again", 1, good),
        run("again-other-white-space", 1, json.dumps(json.loads(good), indent=2)),
        rest("again-key-in-capitals", RUN, [("opkey", "$UUID$" + f"{1:04X}"), ("program", good)]),
        run("again-other-program", 1, program(group("Другая $u$"))),
        run("again-fault", 1, program(group(""))),
        rest("get-done", GET, [("opkey", key(1))]),
        run("name-taken", 2, good),
        run(
            "file-missing",
            2,
            program(group("Файл $u$"), files=[{"sha256": "0" * 64, "name": "a.txt", "size": 1}]),
        ),
        run(
            "draft-empty",
            2,
            program(group("Файл $u$"), files=[{"sha256": "0" * 64, "name": "a.txt", "size": 1}]),
            ("draftitemid", "$fresh$"),
        ),
        rest("undo-unknown", UNDO, [("opkey", key(3)), ("undoes", key(9))]),
        rest("undo-no-uuid", UNDO, [("opkey", key(3)), ("undoes", "x")]),
        rest("undo-itself", UNDO, [("opkey", key(1)), ("undoes", key(1))]),
        rest("undo", UNDO, [("opkey", key(3)), ("undoes", key(1))]),
        rest("undo-again", UNDO, [("opkey", key(3)), ("undoes", key(1))]),
        rest("undo-under-another-key", UNDO, [("opkey", key(4)), ("undoes", key(1))]),
        rest("undo-an-undo", UNDO, [("opkey", key(5)), ("undoes", key(3))]),
        rest("get-undone", GET, [("opkey", key(1))]),
        rest("get-undo", GET, [("opkey", key(3))]),
        run("key-of-an-undo", 3, good),
        run("made-anew", 6, good),
    ]


def waiting() -> list[Raw]:
    """Operations that wait for cron."""
    restore = {"step": "course.restore", "as": "course", "ref": "$ref$", "category": "$Ncategory$"}
    return [
        rest("nobody-has-it", FIND, [("courseid", "$spare$")]),
        rest("deleted", DELETE, [("courseids[0]", "$spare$")]),
        rest("found", FIND, [("courseid", "$spare$")], keep={"ref": "backups.0.ref"}),
        rest("found-by-name", FIND, [("fullname", "Spare & < $u$")]),
        rest("found-by-escaped-name", FIND, [("fullname", "Spare &amp; &lt; $u$")]),
        rest("found-by-short-name", FIND, [("shortname", "spare-$u$")]),
        rest("found-by-two", FIND, [("shortname", "spare-$u$"), ("courseid", "1")]),
        rest("looks-alike", FIND, [("fullname", "Sраre & < $u$")]),
        rest("check", CHECK, [("program", program(restore))]),
        rest("check-ref-unknown", CHECK, [("program", program({**restore, "ref": "recyclebin:999999"}))]),
        rest("check-ref-malformed", CHECK, [("program", program({**restore, "ref": "x"}))]),
        rest("check-category-missing", CHECK, [("program", program({**restore, "category": 999_999_999}))]),
        rest("check-name-taken", CHECK, [("program", program({**restore, "shortname": "raw& < $u$"}))]),
        rest("run", RUN, [("opkey", key(20)), ("program", program(restore))]),
        rest("run-again", RUN, [("opkey", key(20)), ("program", program(restore))]),
        rest("get-before-cron", GET, [("opkey", key(20))]),
        rest("undo-before-cron", UNDO, [("opkey", key(21)), ("undoes", key(20))]),
        rest("get-after-cron", GET, [("opkey", key(20))], cron=True),
        rest("course-is-back", COURSES, [("field", "shortname"), ("value", "spare-$u$")]),
        rest("undo", UNDO, [("opkey", key(21)), ("undoes", key(20))]),
        rest("get-undo", GET, [("opkey", key(21))], cron=True),
        rest("course-is-gone", COURSES, [("field", "shortname"), ("value", "spare-$u$")]),
    ]


def weak() -> list[Raw]:
    """A token whose user has no capability but to come in."""

    def one(name: str, function: str, *pairs: tuple[str, object]) -> Raw:
        return rest(name, function, list(pairs), token="$weak$")

    return [
        one("categories", CATEGORIES, *by("id", "$category$")),
        one("course", COURSES, ("field", "id"), ("value", "$course$")),
        one("course-by-short-name", COURSES, ("field", "shortname"), ("value", "raw& < $u$")),
        one("hidden", COURSES, ("field", "id"), ("value", "$hidden$")),
        one("contents", CONTENTS, ("courseid", "$course$")),
        one("contents-hidden", CONTENTS, ("courseid", "$hidden$")),
        one("users", USERS, ("field", "username"), ("values[0]", "raw$u$")),
        one("delete", DELETE, ("courseids[0]", "$course$")),
        one("plugin-info", GET_INFO),
        one("find", FIND, ("courseid", "1")),
        one("check", CHECK, ("program", program(group()))),
        one("run", RUN, ("opkey", key(30)), ("program", program(group()))),
        one("get", GET, ("opkey", key(30))),
        one("undo", UNDO, ("opkey", key(31)), ("undoes", key(30))),
        one("bad-parameter-first", FIND, ("courseid", "abc")),
        one("bad-key-first", GET, ("opkey", "abc")),
    ]
