#!/bin/sh
# moodle-questions 0.2.1: a question whose three right answers are worth a third each.
#
# Guessed beforehand: the shares are written as they are given, or as Moodle's own 33.33333.
# Seen: the documented type is float, and the decimals are cut off: 33, 33, 33. The right choice gives 99 %.
set -eu
cd "$(mktemp -d)"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'moodle-questions==0.2.1'
venv/bin/python - <<'PYTHON'
import re

from moodle_questions import MultipleChoiceQuestion, Quiz

question = MultipleChoiceQuestion(name="Thirds", question_text="Choose three", default_mark=1)
for text in ("a", "b", "c"):
    question.add_answer(33.33333, text)
quiz = Quiz()
quiz.add_question(question)
quiz.save("quiz.xml")
shares = re.findall('fraction="([^"]+)"', open("quiz.xml", encoding="utf-8").read())
print("shares:", shares)
assert shares == ["33", "33", "33"]
PYTHON
