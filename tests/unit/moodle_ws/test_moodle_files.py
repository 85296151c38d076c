"""Files: up in pieces, down in pieces, from this site only, and an error is never taken for a file."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path, PosixPath
from typing import Any

import pytest
import responses

from bridge.moodle_ws import (
    AccessError,
    MoodleError,
    MoodleRefused,
    NotMoodle,
    ParameterError,
    Retries,
    TokenError,
    Unreachable,
    connect,
)
from tests.raw_server import http_reply
from tests.unit.moodle_ws.moodle_ws_fakes import SITE, TOKEN

UPLOAD = f"{SITE}/webservice/upload.php"
FILE = f"{SITE}/webservice/pluginfile.php/5/user/private/a.bin"
PAGE = f"{SITE}/pluginfile.php/5/user/private/a.bin"
QUICK = Retries(sleep=lambda _: None)


@pytest.fixture
def moodle() -> Iterator[Any]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def answers(
    moodle: Any, url: Any, body: Any, status: Any = 200, kind: Any = "application/json", **headers: Any
) -> None:
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {
        "Content-Length": str(len(body)),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    moodle.add(responses.POST, url, body=body, status=status, headers=headers, content_type=kind)


@pytest.fixture
def backup(tmp_path: Path) -> Any:
    path = tmp_path / "копия курса.mbz"
    path.write_bytes(bytes(range(256)) * 5000)
    return path


def test_a_file_arrives_whole_with_its_name_and_the_token_in_a_field(serve: Any, backup: Any) -> None:
    answer = json.dumps([{"itemid": 77, "filesize": backup.stat().st_size, "filename": backup.name}]).encode()
    server = serve(lambda connection, _: connection.sendall(http_reply(answer)))
    with connect(server.url, TOKEN) as client:
        assert client.upload(backup) == 77
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /webservice/upload.php HTTP/1.1")
    assert b"Transfer-Encoding" not in head
    boundary = re.search(rb"boundary=(\w+)", head)
    assert boundary is not None
    fields = body.split(b"--" + boundary[1])
    assert fields[1] == f'\r\nContent-Disposition: form-data; name="token"\r\n\r\n{TOKEN}\r\n'.encode()
    assert f'filename="{backup.name}"'.encode() in fields[2]
    assert fields[2].partition(b"\r\n\r\n")[2] == backup.read_bytes() + b"\r\n"
    assert fields[3] == b"--\r\n"


@pytest.mark.parametrize(
    ("name", "sent"), [('a"; name="x.mbz', "a; name=x.mbz"), ("a\r\nX: y", "aX: y"), ("\n", "file")]
)
def test_a_file_name_cannot_break_out_of_its_header(serve: Any, backup: Any, name: str, sent: str) -> None:
    answer = json.dumps([{"itemid": 1, "filesize": backup.stat().st_size}]).encode()
    server = serve(lambda connection, _: connection.sendall(http_reply(answer)))
    with connect(server.url, TOKEN) as client:
        client.upload(backup, name)
    assert f'filename="{sent}"\r\n'.encode() in server.requests[0]


def test_an_upload_to_moodle_3_9_which_tells_no_size_is_taken(serve: Any, backup: Any) -> None:
    answer = json.dumps(
        [
            {
                "component": "user",
                "contextid": 5,
                "filearea": "draft",
                "filename": "a",
                "itemid": 9,
                "license": "x",
            }
        ]
    ).encode()
    server = serve(lambda connection, _: connection.sendall(http_reply(answer)))
    with connect(server.url, TOKEN) as client:
        assert client.upload(backup) == 9


def test_an_upload_is_sent_again_after_a_lost_connection(serve: Any, backup: Any) -> None:
    whole = http_reply(json.dumps([{"itemid": 1, "filesize": backup.stat().st_size}]).encode())
    replies = [whole[:30], whole]
    server = serve(lambda connection, _: connection.sendall(replies.pop(0)))
    with connect(server.url, TOKEN, retries=QUICK) as client:
        assert client.upload(backup) == 1
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"error": "Invalid token", "errorcode": "invalidtoken", "debuginfo": None}, TokenError),
        ({"error": "No", "errorcode": "accessexception"}, AccessError),
        ({"error": "Too big", "errorcode": "upload_error_ini_size"}, MoodleRefused),
        ([{"filename": "a", "errortype": "fileoversized", "error": "Too large"}], MoodleRefused),
        ([{"itemid": 7, "filesize": 3}], MoodleRefused),
        ([], MoodleRefused),
        ([{"filesize": 1280000}], NotMoodle),
        ([{"itemid": "7", "filesize": 1280000}], NotMoodle),
        ([{"itemid": 0, "filesize": 1280000}], NotMoodle),
        (b"<html>", NotMoodle),
        (b"", NotMoodle),
        (None, NotMoodle),
    ],
)
def test_an_upload_that_moodle_did_not_take_whole_is_an_error(
    client: Any, moodle: Any, backup: Any, answer: Any, kind: Any
) -> None:
    answers(moodle, UPLOAD, answer)
    with pytest.raises(kind):
        client.upload(backup)


def test_an_upload_over_the_web_servers_limit_says_so(client: Any, moodle: Any, backup: Any) -> None:
    answers(moodle, UPLOAD, b"<html>", 413)
    with pytest.raises(ParameterError, match="larger"):
        client.upload(backup)


def test_an_upload_over_the_bridges_limit_is_not_sent(moodle: Any, backup: Any) -> None:
    with (
        connect(SITE, TOKEN, largest_upload=1000) as client,
        pytest.raises(ParameterError, match="limit of 1000"),
    ):
        client.upload(backup)
    assert not moodle.calls


def test_a_file_that_is_not_there_is_a_fault_of_the_parameters(client: Any, tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"gone\.mbz"):
        client.upload(tmp_path / "gone.mbz")


def test_a_file_that_changes_its_size_under_way_is_not_taken_for_sent(serve: Any, backup: Any) -> None:
    class Growing(PosixPath):
        """A path whose file has grown since its size was taken."""

        def open(self, *args: Any, **kwargs: Any) -> Any:
            with super().open("ab") as file:
                file.write(b"more")
            return super().open(*args, **kwargs)

    server = serve(lambda connection, _: connection.sendall(http_reply(b"[]")))
    with connect(server.url, TOKEN, retries=QUICK) as client, pytest.raises(ParameterError, match="changed"):
        client.upload(Growing(backup))


@pytest.mark.parametrize(
    "url",
    [
        FILE,
        PAGE,
        f"{PAGE}?forcedownload=1&token=x",
        PAGE.replace("http://moodle.test", "HTTP://moodle.test:80"),
    ],
)
def test_a_file_is_fetched_with_the_token_in_the_body(client: Any, moodle: Any, url: Any) -> None:
    answers(moodle, FILE, b"\x00\x01data", kind="application/octet-stream")
    target = io.BytesIO()
    assert client.download(url, target, limit=6) == 6
    assert target.getvalue() == b"\x00\x01data"
    assert moodle.calls[0].request.url == FILE
    assert moodle.calls[0].request.body == f"token={TOKEN}".encode()


@pytest.mark.parametrize(
    "url",
    [
        "http://other.test/sub/pluginfile.php/5/user/private/a",
        "http://moodle.test.other.test/sub/pluginfile.php/5/user/private/a",
        "http://moodle.test@other.test/sub/pluginfile.php/5/user/private/a",
        "http://x@moodle.test/sub/pluginfile.php/5/user/private/a",
        "https://moodle.test/sub/pluginfile.php/5/user/private/a",
        "http://moodle.test:8080/sub/pluginfile.php/5/user/private/a",
        "http://moodle.test/pluginfile.php/5/user/private/a",
        "http://moodle.test/submarine/pluginfile.php/5/user/private/a",
        f"{SITE}/login/token.php",
        f"{SITE}/pluginfile.php",
        f"{SITE}/pluginfile.php/../login/token.php",
        f"{SITE}/pluginfile.php/%2e%2e/login/token.php",
        f"{SITE}/pluginfile.php/..%5clogin/token.php",
        f"{SITE}/webservice/rest/server.php",
        "//other.test/sub/pluginfile.php/5",
        "/sub/pluginfile.php/5/x",
        "file:///etc/passwd",
        "http://[",
        "",
    ],
)
def test_the_token_goes_to_files_of_this_site_only(client: Any, moodle: Any, url: str) -> None:
    with pytest.raises(ParameterError):
        client.download(url, io.BytesIO(), limit=100)
    assert not moodle.calls


@pytest.mark.parametrize(
    ("body", "status", "kind", "error"),
    [
        (
            {"error": "Invalid token", "errorcode": "invalidtoken"},
            200,
            "application/json; charset=utf-8",
            TokenError,
        ),
        (
            {"error": "Not found", "errorcode": "filenotfound"},
            404,
            "application/json; charset=utf-8",
            MoodleRefused,
        ),
        (b"<html>Login</html>", 200, "text/html", NotMoodle),
        (b"<html>Gone</html>", 404, "text/html", NotMoodle),
        (b"{}", 200, "application/json", NotMoodle),
        (b"", 403, "text/html", AccessError),
        (b"data", 206, "application/octet-stream", NotMoodle),
        (b"data", 302, "application/octet-stream", NotMoodle),
        (b"x" * 100_000, 200, "text/html", NotMoodle),
    ],
)
def test_an_error_is_never_taken_for_a_file(
    client: Any, moodle: Any, body: Any, status: int, kind: str, error: Any
) -> None:
    answers(moodle, FILE, body, status, kind)
    target = io.BytesIO()
    with pytest.raises(error):
        client.download(FILE, target, limit=1_000_000)
    assert target.getvalue() == b""


def test_a_page_that_is_a_file_is_told_by_its_disposition(client: Any, moodle: Any) -> None:
    answers(moodle, FILE, b"<html>", kind="text/html", Content_Disposition='inline; filename="a.html"')
    assert client.download(FILE, io.BytesIO(), limit=100) == 6


def test_a_file_over_the_limit_is_refused(client: Any, moodle: Any) -> None:
    answers(moodle, FILE, b"x" * 101, kind="application/octet-stream")
    with pytest.raises(ParameterError, match="larger than 100"):
        client.download(FILE, io.BytesIO(), limit=100)


@pytest.mark.parametrize("framing", ["length", "chunked", "none"])
def test_a_file_cut_at_any_byte_is_an_error(serve: Any, framing: str) -> None:
    whole = http_reply(b"0123456789", framing=framing, kind="application/octet-stream")
    place = {"cut": 0}
    server = serve(lambda connection, _: connection.sendall(whole[: place["cut"]]))
    with connect(server.url, TOKEN, retries=Retries(attempts=1)) as client:
        for cut in range(whole.index(b"0123456789") + 10):
            place["cut"] = cut
            with pytest.raises((Unreachable, NotMoodle)):
                client.download(f"{server.url}/pluginfile.php/5/user/private/a", io.BytesIO(), limit=100)


def test_a_file_that_broke_off_is_not_fetched_again_into_the_same_target(serve: Any) -> None:
    whole = http_reply(b"0123456789" * 20_000, kind="application/octet-stream")
    server = serve(lambda connection, _: connection.sendall(whole[:-3]))
    with connect(server.url, TOKEN, retries=QUICK) as client, pytest.raises(NotMoodle, match="broke off"):
        client.download(f"{server.url}/pluginfile.php/5/user/private/a", io.BytesIO(), limit=1_000_000)
    assert len(server.requests) == 1


def test_a_download_is_tried_again_until_the_first_byte(client: Any, moodle: Any, pauses: Any) -> None:
    answers(moodle, FILE, b"", 503)
    answers(moodle, FILE, b"data", kind="application/octet-stream")
    assert client.download(FILE, io.BytesIO(), limit=100) == 4
    assert len(pauses) == 1


def test_a_file_error_without_a_code_still_is_an_error(client: Any, moodle: Any, backup: Any) -> None:
    answers(moodle, UPLOAD, {"error": "odd"})
    with pytest.raises(MoodleError, match="odd"):
        client.upload(backup)
