#!/bin/sh
# pygiftparser 1.1 and gift-pegjs 1.0.2: two GIFT questions with a line break, but no blank line, between them.
#
# Guessed beforehand: the title of the second question starts a new question, or both parsers raise an error.
# Seen: gift-pegjs raises an error. pygiftparser returns one valid question: its text shows the first question
# with all its answers, and its own answers are those of the second one.
set -eu
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'pygiftparser==1.1'
npm install --silent --no-audit --no-fund gift-pegjs@1.0.2 > /dev/null
printf '::Q1::First {=yes ~no}\n::Q2::Second {=yes ~no}\n\n' > two.gift
venv/bin/python - <<'PYTHON'
from pygiftparser import parser

with open("two.gift") as lines:
    questions = parser.parseFile(lines)
found = [(one.title, one.valid, " ".join(one.text.split())) for one in questions]
print("pygiftparser:", found)
assert found == [("Q1", True, "First {=yes ~no} ::Q2::Second")]
PYTHON
node - <<'NODE'
const { parse } = require('gift-pegjs');
const text = require('fs').readFileSync('two.gift', 'utf8');
try {
    parse(text);
} catch (error) {
    console.log('gift-pegjs:', error.name);
    process.exit(0);
}
process.exit(1);
NODE
