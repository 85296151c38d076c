#!/bin/sh
# pygiftparser 1.1: numerical questions in GIFT, as teachers write them.
#
# Guessed beforehand: a number that the parser does not know ("3,14", "1e3") makes the question invalid.
# Seen: the question is valid and its right answer is what stands before the unknown sign: 3 and 1. The plain
# negative number -5, which Moodle takes, is what makes a question invalid.
set -eu
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'pygiftparser==1.1'
venv/bin/python - <<'PYTHON'
import io

from pygiftparser import parser

seen = {}
for number in ("3.14", "3,14", "1e3", "-5"):
    (question,) = parser.parseFile(io.StringIO(f"::Q::How much? {{#{number}}}\n\n"))
    seen[number] = (question.valid, [answer.value for answer in question.answers.answers])
print(seen)
assert seen == {"3.14": (True, [3.14]), "3,14": (True, [3.0]), "1e3": (True, [1.0]), "-5": (False, [])}
PYTHON
