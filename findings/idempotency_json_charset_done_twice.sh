#!/bin/sh
# asgi-idempotency-header 0.2.0 on Starlette 0.48.0: two requests with one Idempotency-Key.
#
# Guessed beforehand: the second request gets the first one's answer, whatever JSON media type the answer has.
# Seen: only the exact text "application/json" is kept. With "; charset=utf-8" behind it, and with an answer
# 204, the work is done twice, and nothing says so.
set -eu
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    'asgi-idempotency-header==0.2.0' 'fastapi==0.118.0' 'starlette==0.48.0' 'redis==6.4.0' 'httpx==0.28.1'
venv/bin/python - <<'PYTHON'
from idempotency_header_middleware import IdempotencyHeaderMiddleware
from idempotency_header_middleware.backends import MemoryBackend
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from starlette.testclient import TestClient

done = []


async def work(request):
    done.append(request.url.path)
    kind = request.path_params["kind"]
    if kind == "empty":
        return Response(status_code=204)
    media = {"plain": "application/json", "charset": "application/json; charset=utf-8"}[kind]
    return Response('{"held": 1}', headers={"content-type": media})


site = Starlette(routes=[Route("/{kind}", work, methods=["POST"])])
client = TestClient(IdempotencyHeaderMiddleware(site, backend=MemoryBackend()))
times = {}
for kind in ("plain", "charset", "empty"):
    done.clear()
    for _ in range(2):
        try:
            client.post(f"/{kind}", headers={"Idempotency-Key": kind})
        except Exception as error:
            print(f"{kind}: {type(error).__name__}")
    times[kind] = len(done)
print("times that the work was done:", times)
assert times == {"plain": 1, "charset": 2, "empty": 2}, times
PYTHON
