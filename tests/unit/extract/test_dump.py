"""Dumps: what of them is loaded, what is left out, and the rows in them."""

from __future__ import annotations

from datetime import datetime

import pytest

from otbridge_extract.dump import MySql, PostgreSql, dialect, loaded, records
from tests.unit.extract.small_site import mysql_dump


def lines(text: bytes) -> list[bytes]:
    return text.splitlines(keepends=True)


def rows(text: bytes, table: str, reader: MySql | PostgreSql) -> list[dict[str, str | None]]:
    return [row for _, found in records(reader, lines(text), [table]) for row in found]


def passed(text: bytes, *without: str, kind: str = "mariadb") -> bytes:
    return b"".join(one.text for one in loaded(dialect(kind), lines(text), without))


def test_rows_are_read_by_the_names_of_their_columns() -> None:
    (_, course) = rows(mysql_dump(), "mdl_course", MySql())
    assert course == {
        "id": "7",
        "category": "2",
        "shortname": "OT-1",
        "fullname": "Охрана труда; д'Артаньян",
        "idnumber": "",
    }


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (rb"'a\'b\\c\n\"d'", "a'b\\c\n\"d"),
        (b"'it''s'", "it's"),
        (b"NULL", None),
        (b"-1.5", "-1.5"),
        (b"_binary '),('", "),("),
        (b"''", ""),
        ("'😀 ё'".encode(), "😀 ё"),
    ],
)
def test_every_way_to_write_a_value_is_read(written: bytes, read: str | None) -> None:
    text = (
        b"CREATE TABLE `t` (\n  `id` int,\n  `v` text\n) x;\nINSERT INTO `t` VALUES (1,"
        + written
        + b"),(2,'z');\n"
    )
    assert [one["v"] for one in rows(text, "t", MySql())] == [read, "z"]


def test_an_insert_of_one_line_is_read_as_one_of_many() -> None:
    many = mysql_dump()
    one = many.replace(b"VALUES\n", b"VALUES ").replace(b"),\n(", b"),(")
    assert one != many
    assert rows(one, "mdl_course", MySql()) == rows(many, "mdl_course", MySql())


def test_structures_are_loaded_without_their_row_format_and_rows_where_they_are_wanted() -> None:
    text = passed(mysql_dump(), "mdl_logstore_standard_log")
    assert b"CREATE TABLE `mdl_logstore_standard_log`" in text
    assert b"a log" not in text
    assert b"ROW_FORMAT" not in text
    assert b"INSERT INTO `mdl_course`" in text
    assert text.count(b"LOCK TABLES") == 2 * text.count(b"UNLOCK TABLES")


@pytest.mark.parametrize(
    "line",
    [
        b"\\! touch /tmp/x\n",
        b"system touch /tmp/x\n",
        b"GRANT ALL ON *.* TO x;\n",
        b"/*!50003 SET GLOBAL general_log=1 */;\n",
        b"SET PASSWORD = 'x';\n",
        b"DROP DATABASE `3kl`;\n",
        b"USE `3kl`;\n",
        b"/*!50003 CREATE*/ /*!50003 TRIGGER t BEFORE INSERT ON x FOR EACH ROW SET @a=1 */;;\n",
        b"DELIMITER ;;\nINSERT INTO `mdl_config` VALUES (1,'x','y');;\nDELIMITER ;\n",
    ],
)
def test_nothing_else_of_a_dump_reaches_the_client(line: bytes) -> None:
    dump = mysql_dump()
    at = dump.index(b"DROP TABLE")
    assert passed(dump[:at] + line + dump[at:]) == passed(dump)


def test_the_last_line_tells_that_the_dump_is_whole_and_of_when() -> None:
    *_, last = MySql().lines(lines(mysql_dump()))
    assert last.kind == "end"
    assert MySql().ended(last) == datetime(2026, 11, 14, 1, 30, 5)


def test_the_last_line_may_tell_no_date() -> None:
    (line,) = MySql().lines([b"-- Dump completed\n"])
    assert (line.kind, MySql().ended(line)) == ("end", None)


def test_a_value_that_looks_like_the_last_line_is_none() -> None:
    text = mysql_dump(course="-- Dump completed on 2026-11-14  1:30:05", whole=False)
    assert all(one.kind != "end" for one in MySql().lines(lines(text)))


POSTGRES = b"""-- PostgreSQL database dump
\\restrict abc
SET client_encoding = 'UTF8';
SET transaction_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE EXTENSION x;
CREATE TABLE public.mdl_course (
    id bigint NOT NULL,
    fullname text
);
ALTER TABLE public.mdl_course OWNER TO moodle;
CREATE SEQUENCE public.mdl_course_id_seq
    START WITH 1;
COPY public.mdl_course (id, "fullname") FROM stdin;
7\tA\\tb\\\\c;
8\t\\N
\\.
SELECT pg_catalog.setval('public.mdl_course_id_seq', 8, true);
ALTER TABLE ONLY public.mdl_course
    ADD CONSTRAINT p PRIMARY KEY (id);
CREATE UNIQUE INDEX i ON public.mdl_course USING btree (id);
GRANT ALL ON TABLE public.mdl_course TO x;
--
-- PostgreSQL database dump complete
--
"""


def test_a_dump_of_postgresql_is_read() -> None:
    assert rows(POSTGRES, "mdl_course", PostgreSql()) == [
        {"id": "7", "fullname": "A\tb\\c;"},
        {"id": "8", "fullname": None},
    ]


def test_of_a_dump_of_postgresql_structures_and_rows_are_loaded_and_nothing_else() -> None:
    text = passed(POSTGRES, kind="pgsql")
    for left_out in (b"restrict", b"transaction_timeout", b"EXTENSION", b"OWNER", b"GRANT"):
        assert left_out not in text, left_out
    for there in (b"CREATE TABLE", b"CREATE SEQUENCE", b"setval", b"PRIMARY KEY", b"UNIQUE INDEX", b"\\.\n"):
        assert there in text, there
    assert b"stdin" not in passed(POSTGRES, "mdl_course", kind="pgsql")
    assert sum(one.kind == "end" for one in PostgreSql().lines(lines(POSTGRES))) == 1
