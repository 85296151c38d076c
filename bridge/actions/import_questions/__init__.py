"""import-questions: questions of a GIFT, Aiken or Moodle XML file into the question bank of a course.

Source: seed, item 4 ("Импорт вопросов (до 20 шт.) из подготовленного файла", "Раздел банка вопросов (до 15
вопросов)"), and item 2.1 (work with the customer's materials).

The bridge reads the file before hours are held: what Moodle would store wrong without a word is mended and
said where it has one meaning (an encoding, a decimal comma, a missing blank line, Cyrillic letters of
options), and refused by question and line where it has not. A file is imported whole or not at all.
"""

from bridge.actions.action import Action
from bridge.actions.import_questions.params import ImportQuestionsParams
from bridge.actions.import_questions.plan import evidence, plan, taken_back
from bridge.actions.import_questions.words import WORDS
from bridge.actions.question_files import CAPABILITIES

ACTION = Action(
    name="import-questions",
    params=ImportQuestionsParams,
    words=WORDS,
    steps=frozenset({"question.import"}),
    reads=frozenset({"core_course_get_courses_by_field"}),
    capabilities=frozenset({"local/otbridge:view", "local/otbridge:run"}) | CAPABILITIES,
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
)

__all__ = ["ACTION"]
