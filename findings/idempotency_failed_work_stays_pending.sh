#!/bin/sh
# asgi-idempotency-header 0.2.0 on Starlette 0.48.0, added as its README says: the work under a key fails once.
#
# Guessed beforehand: the key is free again after an exception, or the error is the kept answer.
# Seen: the key stays "pending". Each repetition is answered 409 and nothing is ever done under that key.
# The memory backend never lets a pending key expire.
set -eu
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    'asgi-idempotency-header==0.2.0' 'fastapi==0.118.0' 'starlette==0.48.0' 'redis==6.4.0' 'httpx==0.28.1'
venv/bin/python - <<'PYTHON'
import time

from idempotency_header_middleware import IdempotencyHeaderMiddleware
from idempotency_header_middleware.backends import MemoryBackend
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

attempts = []


async def work(_request):
    attempts.append(1)
    if len(attempts) == 1:
        raise OSError("the database was away for a moment")
    return JSONResponse({"held": 1})


site = Starlette(routes=[Route("/", work, methods=["POST"])])
site.add_middleware(IdempotencyHeaderMiddleware, backend=MemoryBackend(expiry=1))
client = TestClient(site, raise_server_exceptions=False)
seen = []
for pause in (0, 0, 1.5):
    time.sleep(pause)
    seen.append(client.post("/", headers={"Idempotency-Key": "stage-1"}).status_code)
print("answers:", seen, "; attempts:", len(attempts))
assert (seen, len(attempts)) == ([500, 409, 409], 1)
PYTHON
