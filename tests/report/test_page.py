"""The page in a browser: drawn as the table says, without a request, for hands, eyes and screen readers."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.report.made import SLICES, results, row, small
from tests.report.test_distributions import ranked, tokens, with_tables
from tokeval.report.html import render
from tokeval.report.values import grids, shown
from tokeval.results.store import Results
from tokeval.schema import ALL

CHROMIUM = os.environ.get("TOKEVAL_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: Where screenshots are kept, to be looked at.
SHOTS = os.environ.get("TOKEVAL_SCREENSHOTS")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium: `make test-browser` installs it"),
]

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright: pip install playwright")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Open results as a page from disk; at the end see that nothing was said and nothing asked for."""
    said: list[str] = []
    asked: list[str] = []
    contexts = []

    def opened(made: Results, *, width: int = 1400, **options: Any) -> Any:
        path = tmp_path / "report.html"
        path.write_bytes(render(made)["report.html"])
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []
    assert {url.partition(":")[0] for url in asked} <= {"file"}


def body(page: Any) -> list[list[str]]:
    """The table by slice as it stands on the page."""
    return page.eval_on_selector_all(
        ".cells tbody tr", "rows => rows.map(r => [...r.cells].map(c => c.firstChild.textContent))"
    )


def test_the_table_by_slice_says_what_the_result_table_says(open_page: Open) -> None:
    made = small()
    page = open_page(made)
    names = page.eval_on_selector_all(".metric option", "options => options.map(o => o.textContent)")
    assert names == ["bytes_per_token", "tokens_per_word", "premium"]
    for grid in grids(made, "demo"):
        if grid.info.name not in names:
            continue
        page.select_option(".metric", label=grid.info.name)
        for name, *cells in body(page):
            values = [grid.cells.get((tokenizer, name)) for tokenizer in grid.tokenizers]
            assert cells == [
                "–" if cell is None or cell.value is None else shown(cell.value, grid.info.unit) for cell in values
            ]


def test_numbers_are_written_alike_by_both(open_page: Open) -> None:
    values = [0.0, 1.0, 0.5, 12.345678, 9999.6, 10000.4, 123456.7, 1e-5, 0.00012345, 1e-12, 0.99999, 1 / 3, 2e9, -0.25]
    rows = [row("a", f"s{i:02d}", "x", value) for i, value in enumerate(values)]
    page = open_page(results(rows, ["a"], slices=len(values)))
    assert [cells[1] for cells in body(page)] == [shown(value, "1") for value in values]


def test_pictures_have_drawn_the_table(open_page: Open) -> None:
    made = small()
    page = open_page(made)
    said = page.eval_on_selector_all(
        "figure svg [aria-roledescription='point'], figure svg [aria-roledescription='circle']",
        "marks => marks.map(m => m.getAttribute('aria-label'))",
    )
    found = {grid.info.name: grid for grid in grids(made, "demo")}
    for name, unit in (("bytes_per_token", "bytes/token"), ("gini", "1")):
        for tokenizer in found[name].tokenizers:
            value = found[name].cells[tokenizer, ALL].value
            assert value is not None
            assert any(s.startswith(f"{tokenizer} {shown(value, unit)}") for s in said)
    for (tokenizer, part), cell in found["premium"].cells.items():
        assert cell.value is not None
        assert f"{tokenizer} {part} {shown(cell.value, '1')}" in said
    drawn = page.eval_on_selector_all("svg.chart", "all => all.map(s => s.getBoundingClientRect().width)")
    assert drawn
    assert min(drawn) > 100


def test_marks_lie_where_their_values_are(open_page: Open) -> None:
    page = open_page(small())
    places = page.eval_on_selector_all(
        "#c0-premium svg [aria-roledescription='point'], #c0-premium svg [aria-roledescription='circle']",
        "m => m.map(n => [n.getAttribute('aria-label'), n.getBoundingClientRect().x])",
    )
    ordered = sorted(places, key=lambda place: float(place[0].split()[-1]))
    assert [x for _, x in ordered] == sorted(x for _, x in places)


def test_curves_and_shades_say_what_their_tables_say(open_page: Open) -> None:
    made = with_tables(frequencies=ranked(), vocabulary=tokens())
    for width in (400, 1400):
        page = open_page(made, width=width)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    said = page.eval_on_selector_all("svg.chart [aria-label]", "all => all.map(m => m.getAttribute('aria-label'))")
    rows = page.eval_on_selector_all(
        "#c0-frequencies tbody tr", "rows => rows.map(r => [...r.cells].map(c => c.textContent))"
    )
    assert [cells[0] for cells in rows] == ["alpha", "be|ta"]
    for name, share, _ in rows:
        assert f"{name}: rank 1 {share}" in said
    heads, cells = (
        page.eval_on_selector_all(f"#vocabularies table >> nth=0 >> {where}", "all => all.map(c => c.textContent)")
        for where in ("thead th", "tbody :is(th, td)")
    )
    for head, cell in zip(heads[1:], cells[1:], strict=True):
        assert f"alpha {head} {cell}" in said


def test_yardsticks_leave_the_colours_to_the_others(open_page: Open) -> None:
    page = open_page(small())
    tones = page.eval_on_selector_all(
        ".cells tbody tr", "rows => rows.map(r => [...r.cells].slice(1).map(c => c.style.getPropertyValue('--h')))"
    )
    assert all(cells[2] == "" for cells in tones)
    assert any(cells[:2] == ["55", "55"] for cells in tones)


def test_a_metric_has_only_its_own_slices(open_page: Open) -> None:
    rows = [row("a", part, "by_script", 1.0) for part in (ALL, "Latin", "Greek")]
    rows += [row("a", part, "by_length", 2.0) for part in ("1", "2")]
    page = open_page(results(rows, ["a"]))
    assert [cells[0] for cells in body(page)] == [ALL, "Latin", "Greek"]
    page.select_option(".metric", label="by_length")
    assert [cells[0] for cells in body(page)] == ["1", "2"]
    assert page.inner_text("#c0-slices .status") == "2 of 2 slices."


def test_sorting(open_page: Open) -> None:
    page = open_page(small())
    assert [cells[0] for cells in body(page)] == [ALL, *SLICES]
    button = page.get_by_role("button", name="alpha")
    button.click()
    assert [cells[0] for cells in body(page)] == [ALL, "jpn_Jpan", "eng_Latn", "deu_Latn"]
    assert page.locator(".cells th[aria-sort=ascending]").inner_text().startswith("alpha")
    page.keyboard.press("Enter")  # the button keeps the focus
    assert [cells[0] for cells in body(page)] == [ALL, "deu_Latn", "eng_Latn", "jpn_Jpan"]
    assert page.locator(".cells th[aria-sort=descending]").count() == 1


def test_what_has_no_value_is_sorted_last_either_way(open_page: Open) -> None:
    page = open_page(small())
    page.select_option(".metric", label="tokens_per_word")
    for _ in range(2):
        page.get_by_role("button", name="alpha").click()
        assert body(page)[-1][0] == "jpn_Jpan"
    assert "scripts written without spaces" in page.locator("#c0-slices .status").inner_text()


def test_filters(open_page: Open) -> None:
    page = open_page(small())
    page.fill(".find", "DEU")
    assert [cells[0] for cells in body(page)] == [ALL, "deu_Latn"]
    assert page.locator("#c0-slices .status").inner_text() == "1 of 3 slices."
    page.fill(".find", "")
    page.select_option(".script", "Jpan")
    assert [cells[0] for cells in body(page)] == [ALL, "jpn_Jpan"]
    page.check(".intervals")
    assert "1.499–1.501" in page.locator(".cells tbody").inner_text()


def test_the_way_from_premium_to_its_table(open_page: Open) -> None:
    page = open_page(small())
    page.click("button.choose")
    assert page.eval_on_selector(".metric", "s => s.selectedOptions[0].textContent") == "premium"


@pytest.mark.parametrize("system", ["light", "dark"])
def test_theme(open_page: Open, system: str) -> None:
    page = open_page(small(), color_scheme=system)
    background = "getComputedStyle(document.body).backgroundColor"
    light, dark = "rgb(255, 255, 255)", "rgb(20, 23, 26)"
    assert page.evaluate(background) == (light if system == "light" else dark)
    for wanted, colour in (("light", light), ("dark", dark)):
        page.click("#theme")
        assert page.locator("#theme").inner_text() == f"Theme: {wanted}"
        assert page.evaluate(background) == colour
    page.reload()
    assert page.evaluate(background) == dark
    page.click("#theme")
    assert page.locator("#theme").inner_text() == "Theme: system"


def test_the_token_view(open_page: Open) -> None:
    page = open_page(small())
    view = page.locator("#c0-samples")
    assert view.locator("li").all_inner_texts()[:2] == ["A <b", ">cat</b> sat."]
    assert view.locator("h3 small").all_inner_texts() == ["2 tokens", "17 tokens", "17 tokens"]
    view.get_by_role("button", name="next").click()
    assert view.locator("h3 small").all_inner_texts() == ["2 tokens", "7 tokens", "19 tokens"]
    assert view.locator("ol >> nth=2").locator("li.split").all_inner_texts()[0] == "猫3"
    assert "\u202e" not in page.inner_text("main")


def test_a_mark_says_what_it_is(open_page: Open) -> None:
    page = open_page(small())
    page.locator("#c0-premium svg [aria-label='alpha jpn_Jpan 2.000']").hover(force=True)
    assert page.locator("#tip").inner_text() == "alpha jpn_Jpan 2.000"


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_serious_for_axe_and_nothing_over_the_edge(open_page: Open, width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="pip install axe-playwright-python")
    page = open_page(small(), width=width, color_scheme=scheme)
    found = axe.Axe().run(page).response["violations"]
    told = [(v["id"], v["impact"], [n["target"] for n in v["nodes"][:3]]) for v in found]
    assert [v for v in told if v[1] in ("serious", "critical", "moderate")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(SHOTS) / f"report-{width}-{scheme}.png", full_page=True)


def test_everything_can_be_reached_by_keyboard(open_page: Open) -> None:
    page = open_page(small())
    reached = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.className + ' ' + document.activeElement.id"))
    for wanted in (
        "skip ",
        " theme",
        "metric ",
        "find ",
        "script ",
        "scale ",
        "intervals ",
        "choose ",
        "slice ",
        "step ",
    ):
        assert any(wanted == r or r.startswith(wanted) for r in reached), wanted


def test_on_paper_the_whole_table_is_there(open_page: Open) -> None:
    page = open_page(small())
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    assert page.eval_on_selector(".scroll.tall", "d => d.scrollHeight <= d.clientHeight + 1")


NASTY = {
    "script": "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "quotes": "\"'`</title></style>",
    "rtl": "\u202eevil\u2066",
    "marks": "a" + "\u0301" * 50,
    "controls": "a\x00b\x1b[31mc",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈",
    "long": "x" * 10_000,
    "formula": "=cmd|' /C calc'!A0",
}


def test_names_and_text_of_every_kind_are_only_shown(open_page: Open) -> None:
    import pyarrow as pa

    names = list(NASTY.values())
    rows = [row(name, part, "bytes_per_token", float(i + k + 1)) for i, name in enumerate(names)
            for k, part in enumerate((ALL, *names))]  # fmt: skip
    samples = pa.Table.from_pylist(
        [{"corpus": names[0], "slice": name, "tokenizer": name, "text": name, "ids": [1], "starts": [0],
          "ends": [len(name.encode())]} for name in names]
    )  # fmt: skip
    page = open_page(results(rows, names, corpus=names[0], beside={"samples": samples}), width=400)
    assert page.locator("img").count() == 0
    assert page.title().startswith("Tokenizer comparison: <script>alert(1)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    text = page.inner_text("body")
    assert "\x1b" not in text
    assert re.search("x{500}", page.inner_text("#c0-summary")) is None


def test_without_a_single_value(open_page: Open) -> None:
    rows = [
        row(name, part, "bytes_per_token", None, status=status, reason=f"it is {status}")
        for name, status in (("a", "undefined"), ("b", "not_applicable"), ("c", "error"))
        for part in (ALL, "s", "t")
    ]
    page = open_page(results(rows, ["a", "b", "c"]))
    assert {cell for cells in body(page) for cell in cells[1:]} == {"–"}
    assert "it is error" in page.inner_text("#c0-summary")


def test_one_tokenizer_one_slice(open_page: Open) -> None:
    page = open_page(results([row("a", ALL, "bytes_per_token", 2.0)], ["a"], slices=1))
    assert page.locator("section.heat").count() == 0
    assert "2.000" in page.inner_text("#c0-summary")


def test_three_hundred_tokenizers(open_page: Open) -> None:
    names = [f"t{i:03d}" for i in range(300)]
    rows = [row(name, part, "bytes_per_token", 1.0 + i) for i, name in enumerate(names) for part in (ALL, *SLICES)]
    page = open_page(results(rows, names))
    assert len(body(page)[0]) == 301
    assert page.evaluate("document.documentElement.scrollWidth") <= 1400
