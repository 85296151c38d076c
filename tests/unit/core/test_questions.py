"""Files with questions: each kind of trouble that Moodle stores without a word, as a tiny example between two
good questions.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bridge.domain.questions import Reading, format_of, lines_for_people, read
from tests.hostile_questions import HOSTILE, hostile

GIFT = "::Первый:: Хорошо? {=да ~нет}\n\n%s\n\n::Последний:: Хорошо? {=да ~нет}\n"
AIKEN = "Хорошо ли?\nA. да\nB. нет\nANSWER: A\n\n%s\n\nХорошо ли это?\nA. нет\nB. да\nANSWER: B\n"
ONE = '<question type="%s"><name><text>Q</text></name>%s</question>\n'
TEXT = "<questiontext><text>Сколько?</text></questiontext>"
GOOD = ONE % (
    "multichoice",
    TEXT
    + '<single>true</single><answer fraction="100"><text>a</text></answer>'
    + '<answer fraction="0"><text>b</text></answer>',
)


def gift(question: str) -> Reading:
    return read(GIFT % question, kind="gift")


def aiken(question: str) -> Reading:
    return read(AIKEN % question, kind="aiken")


def xml(kind: str, inside: str, before: str = TEXT) -> Reading:
    return read(
        f'<?xml version="1.0"?>\n<quiz>\n{GOOD}{ONE % (kind, before + inside)}{GOOD}</quiz>', kind="xml"
    )


def answer(fraction: str, text: str) -> str:
    return f'<answer fraction="{fraction}"><text>{text}</text></answer>'


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("::Q:: Половина трёх? {#1,5}", "{#1.5}"),
        ("::Q:: Половина трёх? {#1,4..1,6}", "{#1.4..1.6}"),
        ("::Q:: Сколько? {#3,14:0,01}", "{#3.14:0.01}"),
        ("::Q:: Сколько? {#=%50%1,5 =%100%2}", "{#=%50%1.5 =%100%2}"),
        ("::Q:: Всё {~%33,333%a ~%33,333%b ~%33,333%c ~d}", "{~%33.333%a ~%33.333%b ~%33.333%c ~d}"),
        ("::Q:: Всё {~%33%a ~%33%b ~%34%c}", "{~%33.33333%a ~%33.33333%b ~%33.33333%c}"),
        ("$CATEGORY: Тема\n::Q:: Что? {=a ~b}", "$CATEGORY: Тема\n\n::Q:: Что? {=a ~b}"),
        ("::Q1:: Что? {=a ~b}\n$CATEGORY: Тема", "{=a ~b}\n\n$CATEGORY: Тема"),
        ("::Q1:: Что? {=a ~b}\n::Q2:: Кто? {=c ~d}", "{=a ~b}\n\n::Q2:: Кто? {=c ~d}"),
        ("::Q:: Небо синее {Верно}", "{T}"),
        ("::Q:: Небо зелёное { нет#Посмотрите вверх }", "{ F#Посмотрите вверх }"),
        ("::Q:: Да? {true}", "{T}"),
        ("::Q:: Что? {=a\n\n~b}", "{=a\n~b}"),
        ('::Q:: [html]Что? {=<b class="x">a</b> ~b}', '{=<b class\\="x">a</b> ~b}'),
    ],
)
def test_gift_with_one_meaning_is_mended_and_said(question: str, meant: str) -> None:
    found = gift(question)
    assert found.faults == ()
    assert meant in found.text
    assert found.mended
    again = read(found.text, kind="gift")
    assert (again.count, again.mended, again.faults) == (found.count, (), ())


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("::Q:: Сколько? {#два}", "«два» не число"),
        ("::Q:: Сколько? {#}", "числовой ответ не указан"),
        ("::Q:: Сколько? {#1,500}", "тысячи или дробь"),
        (r"::Q:: Сколько \(\frac{1}{2}\) от 4? {=2 ~3}", "больше одной пары"),
        ("::Q:: Что делает if (x) { y(); }? {=зовёт ~ничего}", "больше одной пары"),
        ("Раз? {=a ~b}\nДва? {=c ~d}", "вставьте между ними пустую строку"),
        ("::Q:: Что? {~a ~b}", "нет верного ответа"),
        ("::Q:: Что? {~%50%a ~%25%b ~c}", "дают 75 %"),
        ("::Q:: Что? {~%1%a ~b}", "доли 1 % в Moodle нет"),
        ("::Q:: Что? {=%50%a ~b}", "пишут ~, а не ="),
        ("::Q:: Что? {=a ~}", "вариант ответа только один"),
        ("::Q:: Что? {=*}", "верным будет любой ответ"),
        ("::Q:: Что? {=%50%a}", "нет ответа, верного на 100 %"),
        ("::Q:: Что? {=a -> b}", "хотя бы две пары"),
        ("::Q:: Что? {=a -> b =c}", "нет второй половины"),
        (r'::Q:: [html]<img src\="@@PLUGINFILE@@/pic.png"> Что? {=a ~b}', "«pic.png» в GIFT не передать"),
        (r'::Q:: [html]<img src\="pic.png"> Что? {=a ~b}', "«pic.png» в GIFT не передать"),
        ("Что?\n-a\n+-b", "без фигурных скобок"),
        ("::Q:: Что? {=a ~b", "{ не закрыта"),
        ("::Q:: Что? =a ~b}", "} без открывающей"),
        ("::Q:: [html]<script>alert(1)</script> Что? {=a ~b}", "сценарий"),
        ('::Q:: [html]Что <b onclick\\="x()">это</b>? {=a ~b}', "сценарий"),
        ("::Q: Что? {=a ~b}", "название вопроса не закрыто"),
        ("::Q:: {=a ~b}", "текст вопроса пуст"),
        ("::Q:: Первый абзац.\n\nВторой абзац {=a ~b}", "пустая строка разорвала"),
    ],
)
def test_gift_that_moodle_would_store_wrong_is_refused_by_question_and_line(question: str, said: str) -> None:
    (fault,) = gift(question).faults
    assert said in fault.said
    assert (fault.question, fault.line) in {(2, 3), (2, 4)}


@pytest.mark.parametrize(
    "question",
    [
        "::Q:: Что? {=a#верно ~b#нет ####всем}",
        r"::Q:: Скобки \{ \} и \= {=a ~b}",
        "::Q:: Сколько? {#3.14:0.01 ~нет}",
        "::Q:: Сколько? {#=1..2 =%50%3:1}",
        "::Q:: Пары {=a -> b =c -> d = -> e}",
        "::Q:: Всё {~%50%a ~%50%b ~%-100%c}",
        "::Q:: Слово {=Москва =%50%Питер}",
        "::Q:: Верно? {FALSE}",
        "::Q:: Эссе {}",
        "// примечание\n// [id:k1]\n::Q:: Столица {=Париж ~Рим} Франции",
        r'::Q:: [html]<img src\="https\://e.org/p.png"> Что? {=a ~b}',
        "Без названия {=a ~b}",
    ],
)
def test_gift_as_it_should_be_is_left_alone(question: str) -> None:
    found = gift(question)
    assert (found.faults, found.mended, found.warned, found.count) == ((), (), (), 3)
    assert found.text == GIFT % question


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("::Q:: Что? {=a =b ~c}", "любой из них даст полный балл"),
        ("::Q:: Текст\n// пропадёт\nдальше {=a ~b}", "в вопрос не попадёт"),
        ("Просто текст.", "пояснительный текст"),
    ],
)
def test_gift_that_may_not_be_meant_is_warned_of(question: str, said: str) -> None:
    found = gift(question)
    assert (found.faults, found.mended) == ((), ())
    assert said in found.warned[0].said


@pytest.mark.parametrize(
    ("question", "meant"),
    [
        ("Что это?\nA) a\nB) b\nANSWER: В", "ANSWER: B"),
        ("Что это?\nA) a\nB) b\nANSWER: b", "ANSWER: B"),
        ("Что это?\nА) да\nБ) нет\nВ) не знаю\nОТВЕТ: Б", "A. да\nB. нет\nC. не знаю\nANSWER: B"),
        ("Что\nэто?\nA. a\nB. b\nANSWER: A", "Что это?\nA. a"),
        ("Что это?\nA. a\nи ещё\nB. b\nANSWER: A", "A. a и ещё\nB. b"),
        ("Что это?\na) a\nb) b\nAnswer : b.", "A. a\nB. b\nANSWER: B"),
        ("Что это?\nA - a\nB - b\nANSWER: A", "A. a\nB. b"),
        ("Что это?\nA. a\nC. c\nANSWER: C", "A. a\nB. c\nANSWER: B"),
    ],
)
def test_aiken_with_one_meaning_is_written_by_its_rules(question: str, meant: str) -> None:
    found = aiken(question)
    assert found.faults == ()
    assert meant in found.text
    assert found.mended
    again = read(found.text, kind="aiken")
    assert (again.count, again.mended, again.faults) == (3, (), ())


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("Что это?\nA. a\nB. b\nANSWER: E", "«E» не назван среди вариантов: A, B"),
        ("Что это?\nA. a\nB. b\nC. c\nANSWER: A, C", "верных ответов несколько (A, C)"),
        ("Что это?\nA. a\nANSWER: A", "меньше двух"),
        ("Что это?\nA. a\nA. b\nANSWER: A", "под одной буквой"),
        ("Что это?\nA. a\nB. b", "нет строки ANSWER"),
        ("A. Смит был кто?\nA. a\nB. b\nANSWER: A", "как вариант ответа"),
        ("?\nA. a\nB. b\nANSWER: A", "слишком короткий"),
        ("Тест по химии\n\nЧто это?\nA. a\nB. b\nANSWER: A", "без вариантов ответа"),
        ("Что это?\nA. a\nB. b\nANSWER: A\nFEEDBACK: хорошо", "с комментарием"),
    ],
)
def test_aiken_without_a_right_answer_is_refused(question: str, said: str) -> None:
    faults = aiken(question).faults
    assert said in faults[0].said
    assert faults[0].line >= 6


def test_an_answer_without_a_question_is_told() -> None:
    assert "без вопроса" in read("ANSWER: A\n", kind="aiken").faults[0].said


@pytest.mark.parametrize(
    ("kind", "inside", "said"),
    [
        ("numerical", answer("100", "1,5"), "пишите с точкой, 1.5"),
        ("numerical", answer("100", "два"), "«два» не число"),
        ("numerical", answer("100", "1.5") + "<tolerance>0,1</tolerance>", "<tolerance>: «0,1» не число"),
        ("numerical", answer("50", "1"), "нет ответа, верного на 100 %"),
        ("shortanswer", answer("100", "*"), "любой ответ"),
        ("shortanswer", answer("50", "a"), "нет ответа, верного на 100 %"),
        ("multichoice", answer("0", "a") + answer("0", "b"), "нет ответа, верного на 100 %"),
        ("multichoice", answer("50", "a") + answer("0", "b"), "нет ответа, верного на 100 %"),
        ("multichoice", answer("100", "a"), "меньше двух"),
        (
            "multichoice",
            "<single>false</single>" + answer("100", "a") + answer("100", "b"),
            "дают 200 %",
        ),
        ("multichoice", answer("33.3", "a") + answer("100", "b"), "33.3 % в Moodle нет: ближайшая 33.33333"),
        ("multichoice", answer("1", "a") + answer("100", "b"), "1 % в Moodle нет"),
        ("truefalse", answer("100", "Верно") + answer("0", "false"), "бывают только true и false"),
        ("truefalse", answer("0", "true") + answer("0", "false"), "ровно один ответ"),
        ("matching", "<subquestion><text>a</text><answer><text>b</text></answer></subquestion>", "две пары"),
        ("multichoice", answer("100", "a") + answer("0", "b") + "<penalty>33.3</penalty>", "долей от 0 до 1"),
        ("essay", "<defaultgrade>1,5</defaultgrade>", "<defaultgrade>"),
    ],
)
def test_xml_that_moodle_would_store_wrong_is_refused(kind: str, inside: str, said: str) -> None:
    faults = xml(kind, inside).faults
    assert any(said in one.said for one in faults)
    assert {(one.question, one.line) for one in faults} == {(2, 4)}


@pytest.mark.parametrize(
    ("kind", "before", "said"),
    [
        ("essay", "", "текст вопроса пуст"),
        ("essay", "<questiontext><text><p>Что?</p></text></questiontext>", "CDATA"),
        (
            "essay",
            '<questiontext><text><![CDATA[<img src="@@PLUGINFILE@@/a%20b.png">]]></text></questiontext>',
            "«a b.png» назван",
        ),
        (
            "essay",
            '<questiontext><text>Что?</text><file name="p.png">C:\\p.png</file></questiontext>',
            "«p.png» приложен не в base64",
        ),
        ("cloze", "<questiontext><text>Сколько? {1:NUMERICAL:=1,5:0,1}</text></questiontext>", "с точкой"),
        ("cloze", "<questiontext><text>Сколько?</text></questiontext>", "ни одного пропуска"),
        ("essay", "<questiontext><text>&lt;script>x&lt;/script>Что?</text></questiontext>", "сценарий"),
        ("cloze", "<questiontext><text>{1:MC:a~b}</text></questiontext>", "верного на 100 %"),
    ],
)
def test_texts_and_files_of_xml_are_looked_at(kind: str, before: str, said: str) -> None:
    assert said in xml(kind, "", before).faults[0].said


def test_xml_as_it_should_be_is_left_alone() -> None:
    picture = (
        '<questiontext><text><![CDATA[<img src="@@PLUGINFILE@@/p.png">]]></text>'
        '<file name="p.png" path="/" encoding="base64">AAAA</file></questiontext>'
    )
    found = xml("shortanswer", answer("100", "a&amp;b") + "<penalty>0.33</penalty>", picture)
    assert (found.faults, found.mended, found.count) == ((), (), 3)


def test_xml_is_read_without_following_anything() -> None:
    bomb = '<!DOCTYPE quiz [<!ENTITY a SYSTEM "file:///etc/passwd">]><quiz>&a;</quiz>'
    assert "DOCTYPE" in read(bomb, kind="xml").faults[0].said
    assert "корневой элемент" in read("<questions/>", kind="xml").faults[0].said
    broken = read("\n<quiz>\n<question>\n</quiz>", kind="xml").faults[0]
    assert (broken.line, broken.said.startswith("файл не читается как XML")) == (4, True)
    spaced = read(f"<quiz>{GOOD.replace('Сколько?', 'Сколько&nbsp;их?')}</quiz>", kind="xml")
    assert ("&#160;" in spaced.text, spaced.faults) == (True, ())
    assert "вопросов не найдено" in read("<quiz/>", kind="xml").faults[0].said


@pytest.mark.parametrize("encode", [lambda text: text.encode("cp1251"), lambda text: text.encode("utf-16")])
def test_another_encoding_is_decoded_and_said(encode: Callable[[str], bytes]) -> None:
    text = GIFT % "::Q:: Столица Франции «Париж»? {Верно}"
    found = read(encode(text), "вопросы.gift")
    assert found.faults == ()
    assert "перекодирован в UTF-8" in found.mended[0].said
    assert "{T}" in found.text


def test_utf_8_and_declared_encodings_are_taken_as_they_are() -> None:
    text = GIFT % "Что? {=a ~b}"
    assert read(text.encode("utf-8-sig"), "q.gift").mended == ()
    declared = f'<?xml version="1.0" encoding="windows-1251"?>\n<quiz>{GOOD}</quiz>'
    found = read(declared.encode("cp1251"), "q.xml")
    assert (found.count, found.mended, found.faults) == (1, (), ())


def test_control_characters_are_taken_out_and_binary_files_refused() -> None:
    found = read((GIFT % "Что?\x0bКто? {=a ~b}").encode(), "q.gift")
    assert ("\x0b" in found.text, found.faults) == (False, ())
    assert (found.mended[0].line, "управляющие символы" in found.mended[0].said) == (3, True)
    assert "двоичные данные" in read(b"PK\x03\x04\x00\x00", "q.gift").faults[0].said


@pytest.mark.parametrize("name", ["koi8-r", "cp866"])
def test_a_code_page_that_cannot_be_told_is_refused(name: str) -> None:
    content = ("::Один:: Столица Франции, город света? {=Париж ~Рим}\n" * 3).encode(name)
    (fault,) = read(content, "q.gift").faults
    assert "кодировка файла не распознана" in fault.said


@pytest.mark.parametrize(
    ("name", "text", "told_format"),
    [
        ("q.GIFT", "", "gift"),
        ("q.txt", "<?xml?><quiz/>", "xml"),
        ("q.txt", AIKEN, "aiken"),
        ("", GIFT, "gift"),
        ("q.docx", "Вопрос", ""),
    ],
)
def test_the_format_is_told_by_the_name_or_the_content(name: str, text: str, told_format: str) -> None:
    assert format_of(name, text) == told_format
    if not told_format:
        assert "в каком формате" in read(text, name).faults[0].said


def test_what_is_said_of_several_lines_stands_once() -> None:
    found = aiken("Что это?\nА) да\nБ) нет\nОТВЕТ: А")
    many = gift("\n\n".join(f"::Q:: Небо {number}? {{Верно}}" for number in range(40)))
    assert lines_for_people(many.mended)[0].startswith("строки 3, 5, 7")
    assert all("строк" in one for one in lines_for_people(found.mended))
    different = gift("\n\n".join(f"::Q:: Сколько? {{#слово{number}}}" for number in range(40)))
    assert lines_for_people(different.faults)[-1] == "… и ещё замечаний: 10"


def test_line_ends_of_all_kinds_count_the_same() -> None:
    for end in ("\r\n", "\r"):
        found = read((GIFT % "::Q:: Сколько? {#два}").replace("\n", end), kind="gift")
        assert (found.count, found.faults[0].line) == (3, 3)


@pytest.mark.parametrize(("kind", "piece"), HOSTILE)
def test_a_file_made_to_take_long_comes_to_its_end(kind: str, piece: str) -> None:
    """How long it takes: `make bench`."""
    found = read(hostile(kind, piece), kind=kind)
    assert found.count or found.faults


def test_a_large_file_is_read_whole() -> None:
    found = read("\n\n".join(f"::В{n}:: Сколько будет {n}+1? {{#{n + 1}}}" for n in range(1700)), kind="gift")
    assert (found.count, found.faults, found.mended) == (1700, (), ())
