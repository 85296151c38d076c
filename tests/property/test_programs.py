"""Programs: whatever is built is read back as it was, and joining keeps every reference."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.actions.program import File, Part, Program, ProgramFault, Ref, Step, Use, join, ref, references
from tests.profile import THOROUGH

FEW = settings(max_examples=100 if THOROUGH else 20)
"""Programs are slow to draw."""

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
texts |= st.sampled_from(["$", "$$", "$course.id", "$$course.id", "$x"])
labels = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
DIGESTS = [f"{number:064x}" for number in range(3)]
FILES = tuple(File(one, f"файл {number}.gift", number) for number, one in enumerate(DIGESTS))
scalars = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts | st.sampled_from(DIGESTS).map(Use)
)


@st.composite
def parts(draw: Any) -> Part:
    """A part whose references go backwards."""
    steps: list[Step] = []
    for label in draw(st.lists(labels, min_size=1, max_size=5, unique=True)):
        known = [step.label for step in steps]
        leaf = scalars | (st.sampled_from(known).map(lambda one: ref(one, "id")) if known else st.nothing())
        value = st.recursive(
            leaf,
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(texts.filter(lambda name: name != "file"), inner, max_size=3)
            ),
            max_leaves=5,
        )
        steps.append(
            Step(
                "course.create",
                label,
                draw(
                    st.dictionaries(
                        labels.filter(lambda name: name != "as" and name != "step"), value, max_size=3
                    )
                ),
            )
        )
    return Part(tuple(steps), FILES)


@FEW
@given(parts())
def test_a_program_is_read_back_as_it_was_built(part: Part) -> None:
    program = Program(part.steps, part.files, "OT-17")
    text = program.canonical()
    assert Program.parse(text).canonical() == text
    assert Program.parse(json.dumps(json.loads(text), indent=2)).digest == program.digest
    assert Program.parse(text) == program


@FEW
@given(st.lists(parts(), min_size=1, max_size=4))
def test_joined_programs_keep_their_steps_and_references(several: list[Part]) -> None:
    program, named = join(several, "OT-17")
    assert len(program.steps) == sum(len(part.steps) for part in several)
    assert len({step.label for step in program.steps}) == len(program.steps)
    at = iter(program.steps)
    for part, names in zip(several, named, strict=True):
        for step in part.steps:
            joined = next(at)
            assert (joined.kind, joined.label) == (step.kind, names[step.label])
            assert [one.label for one in references(joined.params)] == [
                names[one.label] for one in references(step.params)
            ]
    assert list(program.files) == list(FILES)


def test_a_part_may_use_what_an_earlier_one_makes() -> None:
    course = Part((Step("course.create", "course", {"category": 1}),))
    group = Part((Step("group.create", "course", {"course": Ref("course", "id", outside=True)}),))
    program, named = join([course, group])
    assert [step.label for step in program.steps] == ["course", "course_2"]
    assert program.steps[1].params == {"course": ref("course", "id")}
    assert named == [{"course": "course"}, {"course": "course_2"}]


def test_the_canonical_text_is_sorted_bare_and_not_escaped() -> None:
    step = Step("course.create", "c", {"fullname": "$Охрана <труда> & /", "category": 1})
    assert Program((step,)).canonical() == (
        '{"files":[],"steps":[{"as":"c","category":1,"fullname":"$$Охрана <труда> & /",'
        '"step":"course.create"}],'
        '"ticket":"","version":1}'
    )


@pytest.mark.parametrize(
    ("steps", "files", "path"),
    [
        ([], (), "steps"),
        ([Step("course", "a", {})], (), "steps[0].step"),
        ([Step("course.create", "A", {})], (), "steps[0].as"),
        ([Step("course.create", "a", {}), Step("course.create", "a", {})], (), "steps[1].as"),
        ([Step("course.create", "a", {"x": ref("a", "id")})], (), "steps[0].x"),
        ([Step("course.create", "a", {"x": [{"y": ref("b", "id")}]})], (), "steps[0].x[0].y"),
        ([Step("course.create", "a", {"x": 1.5})], (), "steps[0].x"),
        ([Step("course.create", "a", {"x": 2**63})], (), "steps[0].x"),
        ([Step("course.create", "a", {"x": "\0"})], (), "steps[0].x"),
        ([Step("course.create", "a", {"as": 1})], (), "steps[0].as"),
        ([Step("course.create", "a", {"x": Use(DIGESTS[0])})], (), "steps[0].x"),
        ([Step("course.create", "a", {})], (File("no", "a", 1),), "files[0].sha256"),
        ([Step("course.create", "a", {})], (FILES[0], FILES[0]), "files[1].sha256"),
        ([Step("course.create", "a", {})] * 2001, (), "steps"),
    ],
)
def test_a_program_that_could_not_be_run_is_refused_by_path(steps: Any, files: Any, path: str) -> None:
    with pytest.raises(ProgramFault) as caught:
        Program(tuple(steps), files)
    assert caught.value.path == path


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version":2,"ticket":"","files":[],"steps":[]}', "[" * 100_000]
)
def test_what_is_no_program_is_refused(text: str) -> None:
    with pytest.raises(ProgramFault):
        Program.parse(text)
