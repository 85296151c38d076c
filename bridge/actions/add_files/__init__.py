"""add-files: files of the ticket into sections of a course, each by itself or several in a folder.

Source: seed, item 4 ("Размещение до 10 элементов курса «Файл»"), and item 2.1 (work with the customer's
materials). Conversion (doc to pdf, ppt to scorm) is left to a specialist. Moodle stores a file element
without a file, whose page then fails (Moodle 4.5).
"""

from bridge.actions.action import Action
from bridge.actions.add_files.params import AddFilesParams
from bridge.actions.add_files.plan import evidence, plan, taken_back
from bridge.actions.add_files.words import WORDS
from bridge.actions.elements import CAPABILITIES
from bridge.actions.places import READS

ACTION = Action(
    name="add-files",
    params=AddFilesParams,
    words=WORDS,
    steps=frozenset({"module.add"}),
    reads=READS,
    capabilities=CAPABILITIES | {"mod/folder:addinstance", "mod/resource:addinstance"},
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
)

__all__ = ["ACTION"]
