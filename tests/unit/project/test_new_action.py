"""A new action is one folder and a line of the catalogue (docs/new-action.md): one is made in a copy of the
project, and everything else that tells of actions is made from it.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

FOLDER = {
    "__init__.py": '''
"""make-folders: a group for each department (a scratch action of the tests)."""

from bridge.actions.action import Action
from bridge.actions.make_folders.params import MakeFoldersParams
from bridge.actions.make_folders.plan import evidence, plan, taken_back
from bridge.actions.make_folders.policy import MakeFoldersRules
from bridge.actions.make_folders.words import WORDS

ACTION = Action(
    name="make-folders",
    params=MakeFoldersParams,
    words=WORDS,
    steps=frozenset({"group.create"}),
    reads=frozenset({"core_cohort_get_cohorts"}),
    capabilities=frozenset({"local/otbridge:run", "moodle/course:managegroups", "moodle/tag:flag"}),
    plan=plan,
    evidence=evidence,
    taken_back=taken_back,
    rules=MakeFoldersRules,
)
''',
    "params.py": """
from bridge.actions.base import Params
from bridge.actions.fields import Line, PositiveInt


class MakeFoldersParams(Params):
    course_id: PositiveInt
    department: Line
    others: Line = ""
""",
    "plan.py": """
from bridge.actions.action import Plan
from bridge.actions.base import OrderRefused
from bridge.actions.make_folders.policy import MakeFoldersRules
from bridge.actions.program import Part, Step


def plan(params, context):
    if len(params.department) > context.policy.of(MakeFoldersRules).longest_name:
        raise OrderRefused("long-name", "the name is too long")
    step = Step("group.create", "group", {"course": params.course_id, "name": params.department})
    return Plan(("make a folder",), Part((step,)))


def evidence(results, moodle):
    return {"kind": "folders", **results["group"]}


def taken_back(found):
    return {"kind": "folders-deleted"}
""",
    "policy.py": """
from pydantic import Field

from bridge.actions.action import Rules


class MakeFoldersRules(Rules):
    longest_name: int = Field(40, description="how many characters a folder's name may have")
""",
    "words.py": """
from bridge.actions.action import Words

WORDS = Words(
    title={"ru": "Папки отделов", "en": "Folders of departments"},
    labels={"course_id": "Курс отделов", "department": ""},
    evidence_kind="folders",
    evidence=lambda found: str(found["id"]),
    customers=frozenset({"groupnametaken", "long-name"}),
    operators=frozenset({"coursenotfound"}),
)
""",
    "cannot.txt.j2": '{% if code in ("groupnametaken", "long-name") %}\nВыберите другое.\n{% endif %}\n',
    "evidence.txt.j2": "Папка создана.\n",
    "order.toml": 'service = "2.9.1-access"\n\n[params]\ncourse_id = 2\ndepartment = "Отдел"\n',
}
USED = """
import json
from pathlib import Path
from click.testing import CliRunner
from bridge.actions import ACTIONS, Context, Policy, validate
from bridge.actions.registry import examples
from bridge.cli import main
from bridge.settings import default_catalogue, load

action = ACTIONS["make-folders"]
secrets = dict.fromkeys(("OTBRIDGE_PORTAL_TOKEN", "OTBRIDGE_MOODLE_TOKEN"), "x")
settings = load(Path("config/bridge.example.toml"), secrets)
params = validate(action.params, {"course_id": "2", "department": "Отдел"})
plan = action.plan(params, Context(None, Policy(settings.rules)))
script = CliRunner().invoke(main, ["--config", "none", "init-redmine", "--project", "p"]).stdout
print(json.dumps({
    "rules": [repr(one) for one in settings.rules],
    "services": [one.id for one in default_catalogue() if action.name in one.actions],
    "examples": list(examples(action.name)),
    "steps": [one.kind for one in plan.part.steps],
    "script": script,
}))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The project with a folder and a line more; what neither touches nor is made from them is linked."""
    for name in ("bridge", "docs", "plugin_php_stub/local_otbridge/db"):
        (tmp_path / name).mkdir(parents=True)
    shutil.copytree(ROOT / "bridge" / "actions", tmp_path / "bridge" / "actions")
    shutil.copytree(ROOT / "config", tmp_path / "config")
    for one in (ROOT / "bridge").iterdir():
        if one.name not in ("actions", "__pycache__"):
            (tmp_path / "bridge" / one.name).symlink_to(one)
    (tmp_path / "bridge" / "defaults").symlink_to(tmp_path / "config")
    for name in ("docs", "plugin_php_stub/local_otbridge/db"):
        for one in (ROOT / name).iterdir():
            if one.suffix in (".md", ".py", ".php"):
                shutil.copy(one, tmp_path / name)
    shutil.copytree(ROOT / "docs" / "actions", tmp_path / "docs" / "actions")
    folder = tmp_path / "bridge" / "actions" / "make_folders"
    folder.mkdir()
    for name, text in FOLDER.items():
        (folder / name).write_text(text.lstrip(), encoding="utf-8")
    catalogue = tmp_path / "config" / "catalogue.toml"
    text = catalogue.read_text(encoding="utf-8")
    assert '"create-groups", ' in text
    catalogue.write_text(text.replace('"create-groups", ', '"create-groups", "make-folders", '), "utf-8")
    return tmp_path


def test_a_new_action_is_one_folder_and_a_line_of_the_catalogue(project: Path) -> None:
    before = contents(project)
    made = run(project, "docs/actions.py")
    assert made == ""
    after = contents(project)
    assert {one for one in after if after[one] != before.get(one)} == {
        "config/bridge.example.toml",
        "docs/actions/make-folders.md",
        "docs/configuration.md",
        "docs/coverage.md",
        "docs/plugin-api.md",
        "plugin_php_stub/local_otbridge/db/services.php",
    }, "all of them made"
    assert "'core_cohort_get_cohorts'," in after["plugin_php_stub/local_otbridge/db/services.php"]
    assert (
        "[policy.make-folders]\n# How many characters a folder's name may have.\nlongest_name = 40\n"
        in (after["config/bridge.example.toml"])
    )
    assert "| `policy.make-folders.longest_name` | how many" in after["docs/configuration.md"]
    assert "| `moodle/tag:flag` | make-folders |" in after["docs/coverage.md"]
    assert "| `course_id` | Курс отделов | yes |" in after["docs/actions/make-folders.md"]


def test_a_new_action_is_ordered_ruled_and_shown_on_forms(project: Path) -> None:
    example = project / "config" / "bridge.example.toml"
    example.write_text(example.read_text("utf-8") + "\n[policy.make-folders]\nlongest_name = 5\n", "utf-8")
    told = json.loads(run(project, "-c", USED))
    assert "MakeFoldersRules(longest_name=5)" in told["rules"]
    assert told["services"]
    assert (told["examples"], told["steps"]) == (["order.toml"], ["group.create"])
    line = told["script"].partition("\n")[0]
    fields = json.loads(base64.b64decode(line.split('"')[1]))["fields"]
    assert [one["name"] for one in fields if one["action"] == "make-folders"] == [
        "Курс отделов (param_course_id)",
        "param_department",
    ]


def contents(project: Path) -> dict[str, str]:
    """Every file of the copy that is not linked, by its path."""
    return {
        str(one.relative_to(project)): one.read_text(encoding="utf-8")
        for name in ("config", "docs", "plugin_php_stub")
        for one in sorted((project / name).rglob("*"))
        if one.is_file() and one.suffix in (".md", ".toml", ".php")
    }


def run(project: Path, *arguments: str) -> str:
    """What Python prints there."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
