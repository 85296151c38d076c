"""The forms of a statement – page, PDF, workbook, table, JSON – hold what they are given: hostile subjects,
long words, formulas, ampersands; and no amount breaks inside.
"""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import signal
import subprocess
import zipfile
from ctypes.util import find_library
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from lxml import etree
from openpyxl import load_workbook

from bridge.domain.hours import Charge, price, write_off
from bridge.domain.statement import Movement, Period, Statement, Work, make_statement
from bridge.errors import UserError
from bridge.operators.statement import charts, labels, page, pdf, sheet, table
from bridge.operators.statement.document import document
from bridge.operators.statement.labels import Parties, clean
from tests.profile import THOROUGH

ROOT = Path(__file__).parents[3]
needs_pango = pytest.mark.skipif(
    find_library("pangoft2-1.0") is None, reason="needs Pango: apt install libpangoft2-1.0-0"
)
NOVEMBER = Period.month(2026, 11, ZoneInfo("Europe/Moscow"))
PARTIES = Parties(
    "ООО «Исполнитель»",
    "ИНН 7700000000",
    "Директор И. И. Иванов",
    'ООО "Ромашка" & Ко',
    "",
    "",
    "№ 12/2026 от 01.02.2026",
)
ONE = (Charge("Разработка", 75, 75, Decimal(1)),)
THREE = (
    Charge("Ассистент редактора", 600, 600, Decimal("0.6")),
    Charge("Разработка", 60, 45, Decimal(1)),
    Charge("Минимум", 0, 30, Decimal(1)),
)
HOSTILE = {
    "markup": "<script>alert(1)</script><img src=http://evil.example/x>",
    "formula": '=HYPERLINK("http://evil.example")',
    "minus": "-5 баллов",
    "at": "@всем",
    "plus": "+7 900",
    "bidi": "\u202eтсет\u202c \u2066x\u2069",
    "control": "\x1b[31mкрасный\x00\x07\r\nвторая строка",
    "marks": "З" + "\u0336\u0338\u0322\u0327" * 20 + "а",
    "long word": "Ж" * 5000,
    "template": "{{ statement.account_id }}{% raw %}",
    "end of a comment": "--> ]]> */ </style></table>",
    "ampersand": "&amp; & &lt;",
    "surrogates": "пара \U0001f600 и \ue000 и \ufffe",
}


def capture(number: int, subject: str, lines: tuple[Charge, ...] = ONE, service: str = "Сервис") -> Movement:
    amount = write_off(lines)
    return Movement(
        f"c{number}",
        f"key-{number}",
        "capture",
        datetime(2026, 11, 3, tzinfo=UTC) + timedelta(minutes=number),
        amount,
        price(amount, Decimal("2500.50")),
        hold_id=f"h{number}",
        work=Work(str(100 + number), subject, "2.9", service, "Работа", lines),
    )


def make(*rows: Movement, now: datetime = datetime(2026, 12, 1, tzinfo=UTC)) -> Statement:
    top_up = Movement("t", "t", "top_up", datetime(2026, 10, 1, tzinfo=UTC), Decimal(1234567))
    return make_statement("school", [top_up, *rows], NOVEMBER, now, hour_price=Decimal("2500.50"))


def usual() -> Statement:
    back = capture(3, "Отменено")
    work = Work("200", "Ждёт", "2.9", "Сервис", "Этап 2")
    return make(
        capture(1, "Первая"),
        capture(2, "Вторая", THREE, "Другой сервис"),
        back,
        Movement("r", "r", "reversal", datetime(2026, 11, 9, tzinfo=UTC), back.amount, reverses=back.id),
        Movement("u", "u", "top_up", datetime(2026, 11, 2, tzinfo=UTC), Decimal(40)),
        Movement(
            "h", "h", "hold", datetime(2026, 11, 10, tzinfo=UTC), Decimal("2.5"), hold_id="H", work=work
        ),
    )


HOSTILE_STATEMENT = make(*(capture(n, one, THREE, one) for n, one in enumerate(HOSTILE.values())))


class Texts(HTMLParser):
    """Texts and tags of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


# --- numbers


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        ("0", "0,00"),
        ("31250", "31\u00a0250,00"),
        ("-1234567.5", "\u22121\u00a0234\u00a0567,50"),
        ("0.125", "0,13"),
        ("2.675", "2,68"),
        ("0.995", "1,00"),
        ("-0.004", "0,00"),
    ],
)
def test_money_is_rounded_half_up_and_never_breaks(amount: str, told: str) -> None:
    assert labels.money(Decimal(amount)) == told
    assert labels.roubles(Decimal(amount)) == f"{told}\u00a0₽"


def test_hours_show_thousandths_only_where_there_are_some() -> None:
    assert [labels.hours(Decimal(one)) for one in ("1.5", "0.015", "1234.5")] == [
        "1,50",
        "0,015",
        "1\u00a0234,50",
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_texts_from_outside_are_one_short_line_with_nothing_that_hides(name: str) -> None:
    told = clean(HOSTILE[name])
    assert len(told) <= labels.LONGEST
    assert not re.search(
        "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069\ue000-\uf8ff\ufffe]", told
    )
    assert not re.search("[\u0300-\u036f]{3}", told)


# --- the page


def test_the_page_holds_sums_words_and_both_parties() -> None:
    html = page.render(usual(), PARTIES)
    text = " ".join("".join(Texts(html).texts).split(" "))
    for told in (
        "Акт о списании нормо-часов за ноябрь 2026\u00a0г.",
        'ООО "Ромашка" & Ко',
        "№ 12/2026 от 01.02.2026",
        "1\u00a0234\u00a0598,50",
        "восемь целых пять десятых нормо-часа",
        "21\u00a0254,26\u00a0₽",
        "двадцать одна тысяча двести пятьдесят четыре рубля 26 копеек",
        "Отменённые списания",
        "В резерве на конец периода",
    ):
        assert told in text, told
    assert html.count('<svg xmlns="http://www.w3.org/2000/svg"') == 2
    assert "Этап: Этап 2" not in text


def test_no_amount_has_a_space_at_which_a_line_may_end() -> None:
    html = page.render(usual(), PARTIES)
    cells = re.findall(r'<td[^>]*class="n"[^>]*>(.*?)</td>', html, re.DOTALL)
    assert len(cells) > 30
    assert [one for one in cells if re.search(r"\d[ \u202f]\d", one)] == []
    assert not re.search(r"\d (?:нормо-ч|₽)", html)
    assert re.search(r"\.n \{[^}]*white-space: nowrap", html)


def test_a_month_that_is_not_over_makes_no_act() -> None:
    html = page.render(make(now=datetime(2026, 11, 20, tzinfo=UTC)), PARTIES)
    assert "Предварительная выписка" in html
    assert "Период ещё не окончен" in html
    assert 'class="signs"' not in html


def test_hostile_subjects_are_text() -> None:
    quiet, hostile = (
        Texts(page.render(one, PARTIES))
        for one in (make(*(capture(n, "x", THREE, f"s{n}") for n in range(len(HOSTILE)))), HOSTILE_STATEMENT)
    )
    assert set(hostile.tags) == set(quiet.tags)
    assert not {"script", "img", "link", "iframe"} & set(hostile.tags)
    assert HOSTILE["markup"] in hostile.texts


def test_the_page_fetches_nothing() -> None:
    assert not re.findall(r"(?:src|href)=|url\(|@import", page.render(usual(), PARTIES))


def test_a_site_s_own_template_takes_its_place_and_its_faults_are_named(tmp_path: Path) -> None:
    own = tmp_path / page.TEMPLATE
    own.write_text("{{ parties.customer }}: {{ statement.net|hours }}", encoding="utf-8")
    assert page.render(usual(), PARTIES, tmp_path) == "ООО &#34;Ромашка&#34; &amp; Ко: 8,50"
    for fault in ("{{ nobody }}", "{% if %}", "{{ statement.__class__.__mro__ }}"):
        own.write_text(fault, encoding="utf-8")
        with pytest.raises(UserError, match=page.TEMPLATE):
            page.render(usual(), PARTIES, tmp_path)


def test_charts_are_xml_whatever_the_services_are_called_and_gather_the_smallest() -> None:
    many = [(text, Decimal(30 - place)) for place, text in enumerate(HOSTILE.values())]
    drawn = etree.fromstring(charts.by_service(many))
    texts = [one.text for one in drawn.iter("{*}text")]
    assert "Прочие сервисы (7)" in texts
    assert all(one.tag.rpartition("}")[2] in ("svg", "rect", "text", "path") for one in drawn.iter())
    months = [(date(2026, month, 1), Decimal(month - 3)) for month in range(1, 13)]
    drawn = etree.fromstring(charts.by_month(months))
    heights = [float(one.get("height") or 0) for one in drawn.iter("{*}rect")]
    assert len(heights) == 12
    assert min(heights) == heights[2] == 0
    etree.fromstring(charts.by_month([]))


# --- the workbook


def book(statement: Statement, parties: Parties = PARTIES) -> Any:
    return load_workbook(io.BytesIO(sheet.render(statement, parties)))


def values(statement: Statement) -> list[list[Any]]:
    """What Excel shows without recalculating."""
    made = load_workbook(io.BytesIO(sheet.render(statement, PARTIES)), data_only=True)
    return [[cell.value for cell in row] for row in made["Акт"].iter_rows()]


def test_the_workbook_s_sums_are_formulas_with_their_values() -> None:
    formulas = [
        cell.value for row in book(usual())["Акт"].iter_rows() for cell in row if cell.data_type == "f"
    ]
    assert sum(one.startswith("=SUM(") for one in formulas) == 8
    rows = values(usual())
    totals = [row for row in rows if row[0] == "Итого"]
    assert [row[9] for row in totals] == [9.75, 1.25, 40, 2.5]
    assert [row[11] for row in totals[:2]] == [24379.89, 3125.63]
    closing = next(row for row in rows if row[0] == "Остаток на конец")
    assert closing[2] == 1234598.5


def test_the_workbook_s_formulas_reckon_what_stands_beside_them() -> None:
    """LibreOffice would; here each SUM is summed from the cells that it names."""
    statement = usual()
    formulas, shown = book(statement)["Акт"], values(statement)
    for row in formulas.iter_rows():
        for cell in row:
            if cell.data_type == "f" and cell.value.startswith("=SUM("):
                ((column, first, last),) = re.findall(r"^=SUM\(([A-Z])(\d+):[A-Z](\d+)\)$", cell.value)
                cells = [shown[n - 1][ord(column) - 65] for n in range(int(first), int(last) + 1)]
                told = shown[cell.row - 1][cell.column - 1]
                if isinstance(told, timedelta):
                    told, cells = told.total_seconds(), [one and one.total_seconds() for one in cells]
                assert told == pytest.approx(sum(one or 0 for one in cells))


def test_roubles_have_the_russian_format() -> None:
    formats = {cell.number_format for row in book(usual())["Акт"].iter_rows() for cell in row}
    assert '[$-419]#,##0.00" ₽"' in formats


def test_no_text_of_the_workbook_is_a_formula() -> None:
    made = book(HOSTILE_STATEMENT, replace(PARTIES, customer="=1+1", contract="@x"))
    texts = [
        cell
        for one in made
        for row in one.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and not cell.value.startswith(("=SUM(", "=C"))
    ]
    assert {cell.data_type for cell in texts} == {"s"}
    assert HOSTILE["formula"] in {cell.value for cell in texts}
    assert "=1+1" in {cell.value for cell in texts}


def test_an_ampersand_in_the_footer_is_an_ampersand() -> None:
    with zipfile.ZipFile(io.BytesIO(sheet.render(usual(), PARTIES))) as archive:
        drawn = archive.read("xl/worksheets/sheet1.xml").decode()
    assert 'ООО "Ромашка" &amp;&amp; Ко' in drawn.replace("&quot;", '"')
    long = replace(PARTIES, customer="&" * 300)
    with zipfile.ZipFile(io.BytesIO(sheet.render(usual(), long))) as archive:
        footer = re.search(r"<oddFooter>(.*?)</oddFooter>", archive.read("xl/worksheets/sheet1.xml").decode())
    assert footer is not None
    assert len(footer[1].replace("&amp;", "&")) <= 255


def test_a_row_of_the_workbook_is_as_high_as_its_text_and_no_higher_than_excel_has() -> None:
    heights = [one.height for one in book(HOSTILE_STATEMENT)["Акт"].row_dimensions.values() if one.height]
    assert 100 < max(heights) <= 409


# --- the table


def read(statement: Statement) -> list[dict[str, str]]:
    content = table.render(statement)
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\r\n") == content.count(b"\n")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))


def test_the_table_adds_up_with_decimal_commas() -> None:
    rows = read(usual())
    amounts = [Decimal(row["Нормо-часы"].replace(",", ".")) for row in rows]
    kinds = [row["Вид"] for row in rows]
    closing = kinds.index("Остаток на конец")
    assert kinds[0] == "Остаток на начало"
    assert kinds[-1] == "В резерве на конец"
    assert sum(amounts[:closing]) == amounts[closing]
    second = next(row for row in rows if row["Заявка"] == "102")
    assert (second["Нормо-часы"], second["Цена нормо-часа, руб."], second["Сумма, руб."]) == (
        "-7,250",
        "2500,50",
        "-18128,63",
    )
    assert (second["Затрачено, мин"], second["К списанию, мин"]) == ("660", "675")
    assert second["К"] == "10:00 × 0,6 + 0:45 × 1 + 0:30 × 1"


def test_no_text_of_the_table_is_a_formula() -> None:
    for row in read(HOSTILE_STATEMENT):
        for name in ("Тема", "Сервис", "Этап", "Категория специалиста", "Заявка"):
            assert not row[name].startswith(("=", "+", "-", "@", "\t", "\r")), row


# --- JSON


@pytest.mark.parametrize("statement", [usual(), HOSTILE_STATEMENT, make()], ids=["usual", "hostile", "none"])
def test_the_document_is_its_schema_s(statement: Statement) -> None:
    schema = json.loads((ROOT / "docs" / "schemas" / "statement-1.json").read_text(encoding="utf-8"))
    made = json.loads(json.dumps(document(statement, PARTIES)))
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(made)
    assert set(made) == set(schema["required"]) == set(schema["properties"])
    assert (
        made["closing_mh"]
        == made["opening_mh"] + made["topped_up_mh"] - made["written_off_mh"] + (made["returned_mh"])
    )


# --- the PDF


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf, "find_spec", lambda _name: None)
    with pytest.raises(pdf.NoPdf, match=r"otbridge\[statement\]"):
        pdf.render("<p>x")


def test_a_page_that_takes_too_long_is_given_up() -> None:
    with pytest.raises(pdf.NoPdf, match="given up"):
        pdf.render("<p>x", limits=pdf.Limits(seconds=0.01))


@pytest.mark.parametrize(
    ("code", "said", "told"),
    [
        (pdf.NO_LIBRARY, "cannot load library 'libgobject-2.0-0'", "apt install libpango"),
        (pdf.NO_FONT, "", "apt install fonts-dejavu-core"),
        (pdf.NO_MEMORY, "", "more than 2048 MB"),
        (-9, "", "more than 2048 MB"),
        (-signal.SIGXCPU, "", "given up after 600 seconds"),
        (1, "Traceback\nValueError: x", "ValueError: x"),
        (-11, "", "exit code -11"),
    ],
)
def test_why_there_is_no_pdf_is_told_with_its_cure(code: int, said: str, told: str) -> None:
    assert told in pdf._why(code, said, pdf.Limits())


@pytest.mark.skipif(not THOROUGH, reason="takes seconds: HYPOTHESIS_PROFILE=thorough")
def test_a_page_that_takes_too_much_memory_is_given_up() -> None:
    with pytest.raises(pdf.NoPdf):
        pdf.render("<p>x", limits=pdf.Limits(memory=100 * 2**20))


@needs_pango
def test_the_pdf_holds_every_text() -> None:
    rows = [capture(n, HOSTILE[name], THREE) for n, name in enumerate(("formula", "markup", "long word"))]
    made = pdf.render(page.render(make(*rows), PARTIES))
    assert made.startswith(b"%PDF-")
    if shutil.which("pdftotext"):
        said = subprocess.run(["pdftotext", "-layout", "-", "-"], input=made, capture_output=True, check=True)
        text = " ".join(said.stdout.decode().split())
        for told in ("18 128,63", "2 500,50", "=HYPERLINK", 'ООО "Ромашка" & Ко', "Директор И. И. Иванов"):
            assert told in text, told


@needs_pango
@pytest.mark.skipif(not THOROUGH, reason="takes seconds: HYPOTHESIS_PROFILE=thorough")
@pytest.mark.parametrize("millimetres", [0, 30, 50, 60, 65, 70, 90, 110])
def test_no_row_of_the_pdf_is_split_wherever_the_page_ends(millimetres: int) -> None:
    import weasyprint
    from weasyprint.formatting_structure.boxes import TableRowBox

    html = page.render(make(*(capture(n, "Тема заявки", THREE) for n in range(9))), PARTIES)
    html = html.replace("</style>", f"h1 {{ padding-top: {millimetres}mm }}</style>")
    pages = weasyprint.HTML(string=html).render().pages
    found: list[tuple[int, str]] = []
    for one in pages:
        boxes = one._page_box.descendants()
        found += {(id(row.element), row.element.tag) for row in boxes if isinstance(row, TableRowBox)}
    rows = [element for element, tag in found if tag == "tr"]
    heads = len(pages) - 1  # the head of the table stands on each of its pages
    assert len(rows) - len(set(rows)) <= heads


@needs_pango
@pytest.mark.skipif(not THOROUGH, reason="takes seconds: HYPOTHESIS_PROFILE=thorough")
def test_a_row_taller_than_a_page_and_cells_narrower_than_their_words_end(tmp_path: Path) -> None:
    own = tmp_path / page.TEMPLATE
    own.write_text(
        "<style>@page { size: A6; margin: 5mm } td { width: 5mm; overflow-wrap: anywhere }</style><table>\n"
        "{% for one in statement.write_offs %}<tr><td>{{ one.row.work.subject }}</td></tr>"
        "{% endfor %}</table>",
        encoding="utf-8",
    )
    html = page.render(make(capture(1, "Ж" * 300)), PARTIES, tmp_path)
    assert pdf.render(html).startswith(b"%PDF-")


@needs_pango
def test_the_renderer_opens_what_stands_beside_the_template_and_nothing_else(tmp_path: Path) -> None:
    from weasyprint.urls import FatalURLFetchingError

    from bridge.operators.statement.pdf_child import _fetcher

    beside = tmp_path / "templates"
    beside.mkdir()
    (beside / "logo №1.png").write_bytes(b"x")
    (tmp_path / "outside.png").write_bytes(b"x")
    (beside / "link.png").symlink_to(tmp_path / "outside.png")
    fetcher = _fetcher(str(beside))
    assert fetcher.fetch((beside / "logo №1.png").as_uri()).read() == b"x"
    assert fetcher.fetch("data:text/plain,x").read() == b"x"
    for url in (
        "http://127.0.0.1:9/x.png",
        "https://example.ru/x.png",
        "ftp://example.ru/x",
        "file:///etc/hostname",
        f"file://host{beside}/logo.png",
        f"{beside.as_uri()}/../outside.png",
        f"{beside.as_uri()}/%2e%2e/outside.png",
        f"{beside.as_uri()}/link.png",
        f"{beside.as_uri()}/missing.png",
    ):
        with pytest.raises(FatalURLFetchingError):
            fetcher.fetch(url)
        with pytest.raises(FatalURLFetchingError):
            _fetcher(None).fetch(url)
