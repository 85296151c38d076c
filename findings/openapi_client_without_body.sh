#!/bin/sh
# openapi-python-client 0.26.1, and a document with two media types that have no schema (OpenAPI 3.1 allows it).
#
# Guessed beforehand: the generator takes such a body as bytes, or ends with an error.
# Seen: it ends with 0. The operation with the body is missing from the client. The operation with the answer
# is there, and its answer is left out. Only a warning in the output says so.
set -eu
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'openapi-python-client==0.26.1'
cat > document.yaml <<'YAML'
openapi: 3.1.0
info: {title: files, version: "1"}
paths:
  /files:
    post:
      operationId: attach
      requestBody: {required: true, content: {"*/*": {}}}
      responses: {"201": {description: kept}}
  /files/{id}:
    get:
      operationId: download
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses: {"200": {description: bytes, content: {"*/*": {}}}}
YAML
venv/bin/openapi-python-client generate --path document.yaml --output-path client > output 2>&1
grep 'WARNING parsing' output
test -e client/files_client/api/default/download.py
test ! -e client/files_client/api/default/attach.py
echo 'seen: exit code 0, and no attach in the client'
