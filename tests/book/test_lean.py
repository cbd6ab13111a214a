"""The page without the theme's ballast: each step, and a small book with the real settings."""

import re
import shutil
import subprocess
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import pydata_sphinx_theme
import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from sphinx.errors import ExtensionError

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "book" / "_extensions"))

import lean  # noqa: E402

MAKERS = ["docutils", "myst_nb", "sphinx_exercise"]
PAGE = """
# A page

See {cite:t}`someone` and [somewhere](https://example.org/?a=1&b=2).

$$ a = b $$ (one)

:::{admonition} Why
:class: dropdown
Because of {eq}`one`.
:::

:::{exercise} A title
:label: task
:class: dropdown
Do it.
:::

:::{solution} task
:class: dropdown
Done.
:::

```{code-block} python
print(1)
```

```{bibliography}
```
"""


def page_of(context: dict) -> BeautifulSoup:
    return BeautifulSoup(context["body"], "html.parser")


def test_another_version_of_a_theme_stops_the_build(monkeypatch):
    lean.check_themes()
    monkeypatch.setitem(lean.THEMES, "pydata_sphinx_theme", "0.16.0")
    with pytest.raises(ExtensionError, match=r"written for pydata_sphinx_theme 0\.16\.0"):
        lean.check_themes()


def test_a_dropdown_becomes_details_with_a_plain_summary():
    inner = '<p class="admonition-title">S <a href="#x">1</a></p><p>T</p>'
    box = '<div class="admonition dropdown{}">' + inner + "</div>"
    context = {"body": box.format("") + box.format(" toggle-shown")}
    lean.fold(None, "", "", context, None)
    closed, shown = page_of(context).find_all("details")
    assert [child.name for child in closed.children] == ["summary", "p"]
    assert not closed.summary.a
    assert not closed.has_attr("open")
    assert shown.has_attr("open")


def test_every_fault_still_is_in_the_packages_that_make_it():
    """A fault that its makers have mended can go from MENDS."""
    makers = [Path(import_module(name).__file__).parent for name in MAKERS]
    sources = "".join(path.read_text("utf8") for maker in makers for path in maker.rglob("*.py"))
    traces = [re.search(r'="([^"]+)"', fault)[1] for fault in lean.MENDS]
    assert not [trace for trace in traces if trace not in sources]


def test_an_address_is_escaped_once():
    link = nodes.reference(refuri="#power?a=1&amp;b=2")
    document = nodes.document(None, None)
    document += link
    lean.unescape_links(None, document)
    assert link["refuri"] == "#power?a=1&b=2"


def test_the_theme_s_script_loses_its_chatter_and_nothing_else():
    theme = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"
    script = (theme / "scripts/pydata-sphinx-theme.js").read_text("utf8")
    assert lean.CHATTER.search(script)
    hushed = lean.hush(script)
    assert not lean.CHATTER.search(hushed)
    assert hushed.count("console.error(") == script.count("console.error(")
    assert lean.hush("a&&console.log(`x ${y}`),b") == "a&&void(`x ${y}`),b"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A book of two pages, built strictly with the project's settings."""
    folder = tmp_path_factory.mktemp("book")
    for name in ("_extensions", "_static", "_templates"):
        shutil.copytree(ROOT / "book" / name, folder / "book" / name)
    shutil.copy(ROOT / "_config.yml", folder)
    (folder / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nchapters:\n- file: book/two\n"
    )
    (folder / "book/index.md").write_text(PAGE, "utf8")
    (folder / "book/two.md").write_text("# Another\n", "utf8")
    (folder / "book/references.bib").write_text(
        "@book{someone, author={A. Someone}, title={T}, publisher={P}, year={2000}}"
    )
    command = [
        Path(sys.executable).with_name("jupyter-book"),
        "build",
        folder,
        "-q",
        "-W",
        "-n",
        "--keep-going",
    ]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr
    return folder / "_build" / "html"


@pytest.fixture
def page(site) -> BeautifulSoup:
    return BeautifulSoup((site / "book/index.html").read_text("utf8"), "html.parser")


def test_nothing_is_loaded_twice_or_from_elsewhere(site, page):
    loaded = [
        tag.get("src") or tag["href"]
        for tag in page.select("script[src], link[rel=stylesheet], link[rel=icon]")
    ]
    assert not [address for address, times in Counter(loaded).items() if times > 1]
    assert not [
        address
        for address in loaded
        if not (site / "book" / address.partition("?")[0]).resolve().is_file()
    ]
    assert not page.select('link[rel="preload"]')


def test_the_ballast_is_gone(site, page):
    text = str(page).lower()
    for ballast in (
        "fontawesome",
        "thebe",
        "togglebutton",
        "mathjax-",
        "mathjax@",
        "document.write",
        "console.",
    ):
        assert ballast not in text, ballast
    assert not list(site.rglob("*.map"))
    assert not (site / "_static/vendor").exists()
    assert not lean.CHATTER.search(
        (site / "_static/scripts/pydata-sphinx-theme.js").read_text("utf8")
    )


def test_the_mode_is_set_before_anything_is_drawn(page):
    head = [
        tag
        for tag in page.head.find_all(["script", "link"])
        if tag.get("src") or "stylesheet" in tag.get("rel", [])
    ]
    assert head[0]["src"].partition("?")[0].endswith("theme-mode.js")
    assert page.html["data-theme"] == "light"


def test_every_icon_has_a_drawing(site):
    drawn = set(
        re.findall(r"\.(fa-[\w-]+) \{ --icon", (site / "_static/icons.css").read_text("utf8"))
    )
    for path in [site / "book/index.html", site / "book/two.html", site / "search.html"]:
        for icon in BeautifulSoup(path.read_text("utf8"), "html.parser").select(".fas, .fa-solid"):
            assert drawn & set(icon["class"]), f"{path.name}: {icon['class']} is not in icons.css"


def test_buttons_are_named_by_what_they_show(page):
    for button in page.select("button[aria-label]"):
        assert button.get_text(strip=True) in ("", button["aria-label"])


def test_what_folds_needs_no_script(page):
    assert [box.summary.get_text() for box in page.select("details.dropdown")] == [
        "Why", "Exercise 1  (A title)", "Solution to Exercise 1 (A title)",
    ]  # fmt: skip


def test_an_address_keeps_its_ampersand(page):
    assert page.select_one("a.external")["href"] == "https://example.org/?a=1&b=2"


def test_the_front_door_leads_to_the_first_page(site):
    assert 'url=book/index.html"' in (site / "index.html").read_text("utf8")
