#!/bin/sh
# requests 2.32.5 and urllib3 2.5.0, a server that sends a status line and one header, and closes.
#
# Guessed beforehand: ConnectionError, as for a reply that ends inside its body.
# Seen: status 200, an empty body, no exception. Who takes 200 for a success takes a lost answer for one.
set -eu
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'requests==2.32.5' 'urllib3==2.5.0'
venv/bin/python - <<'PYTHON'
import socket
import threading

import requests

server = socket.create_server(("127.0.0.1", 0))


def answer() -> None:
    for whole in (b"HTTP/1.1 200 OK\r\nServer: x\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345"):
        connection, _ = server.accept()
        connection.recv(65536)
        connection.sendall(whole)
        connection.close()


threading.Thread(target=answer, daemon=True).start()
url = "http://127.0.0.1:%d/" % server.getsockname()[1]
reply = requests.post(url, data="x", timeout=5)
print("cut in the head:", reply.status_code, reply.content)
assert (reply.status_code, reply.content) == (200, b"")
try:
    requests.post(url, data="x", timeout=5)
except requests.exceptions.ChunkedEncodingError as error:
    print("cut in the body:", type(error).__name__)
else:
    raise SystemExit("a body that was cut is no error any more")
PYTHON
