"""replace-files: other files in elements "File" that are there, and perhaps the way they open.

Source: seed, item 4, the ticket "Замена pdf-файлов в 16 секциях" (old ones deleted, another way of opening).
The plugin keeps the old files as long as the work can be taken back.
"""

from bridge.actions.action import Action
from bridge.actions.places import READS
from bridge.actions.replace_files.params import ReplaceFilesParams
from bridge.actions.replace_files.plan import evidence, plan, taken_back
from bridge.actions.replace_files.words import WORDS

ACTION = Action(
    name="replace-files",
    params=ReplaceFilesParams,
    words=WORDS,
    steps=frozenset({"file.replace"}),
    reads=READS,
    capabilities=frozenset({"local/otbridge:view", "local/otbridge:run", "moodle/course:manageactivities"}),
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
)

__all__ = ["ACTION"]
