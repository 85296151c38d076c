"""create-quiz: a quiz in a section of a course: attempts, grade to pass, times, and its questions.

Source: seed, item 4 ("Тест (не более 20 вопросов) по файлу с вопросами", "Тест на основе готового банка
вопросов"), and item 2.1 (work with the customer's materials).

The questions come from a file or a text (they are imported into the bank, as import-questions does it), from
the bank by their ids, or from the last import-questions before it in the same order; a quiz without questions
is made, too.
"""

from bridge.actions.action import Action
from bridge.actions.create_quiz.params import CreateQuizParams
from bridge.actions.create_quiz.plan import evidence, plan, taken_back
from bridge.actions.create_quiz.words import WORDS
from bridge.actions.places import READS
from bridge.actions.question_files import CAPABILITIES

ACTION = Action(
    name="create-quiz",
    params=CreateQuizParams,
    words=WORDS,
    steps=frozenset({"module.add", "question.import", "quiz.add_questions"}),
    reads=READS,
    capabilities=CAPABILITIES
    | {
        "local/otbridge:view",
        "local/otbridge:run",
        "mod/quiz:addinstance",
        "mod/quiz:manage",
        "moodle/course:activityvisibility",
        "moodle/course:manageactivities",
        "moodle/question:useall",
    },
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
)

__all__ = ["ACTION"]
