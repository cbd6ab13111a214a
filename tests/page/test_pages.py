"""What holds for every page of the built book."""

from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from bs4 import BeautifulSoup

from quiet import Log

SITE = Path(__file__).resolve().parents[2] / "_build" / "html"
FILES = sorted(path for path in SITE.rglob("*.html") if "_static" not in path.parts)


def parsed(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def name(path: Path) -> str:
    return path.relative_to(SITE).as_posix()


def is_redirect(path: Path) -> bool:
    return parsed(path).select_one("meta[http-equiv=refresh i]") is not None


PAGES = [name(path) for path in FILES if not is_redirect(path)]
each_page = pytest.mark.parametrize("page_name", PAGES)

# preload is off: axe would ask for the style sheets again, and in the wrong place.
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], "preload": False}

# The elements that reach beyond the right edge and are not inside a box that scrolls.
TOO_WIDE = """() => [...document.body.querySelectorAll('*')]
    .filter(element => element.getBoundingClientRect().right > innerWidth + 0.5)
    .filter(element => {
        for (let box = element.parentElement; box && box !== document.body; box = box.parentElement)
            if (getComputedStyle(box).overflowX !== 'visible') return false;
        return true;
    })
    .map(element => element.outerHTML.slice(0, 120))"""


@each_page
@pytest.mark.parametrize("way", ["http_url", "file_url"])
def test_page_is_quiet_to_its_end(page_name, way, visit, request):
    page = visit(request.getfixturevalue(way) + page_name)
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize("way", ["http_url", "file_url"])
def test_index_opens_the_book(way, visit, request):
    index = request.getfixturevalue(way) + "index.html"
    page = visit(index)
    page.wait_for_url(lambda url: url != index)
    page.wait_for_selector("h1:visible")


@each_page
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(page_name, theme, visit, http_url):
    page = visit(http_url + page_name, theme=theme, reduced_motion=True)
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    found = Axe().run(page, options=WCAG)
    assert found.violations_count == 0, found.generate_report()


@each_page
def test_nothing_overflows_a_phone(page_name, visit, http_url):
    page = visit(http_url + page_name, width=360, height=740, touch=True)
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 360, page.evaluate(TOO_WIDE)


@each_page
def test_page_has_a_title_a_language_and_one_heading(page_name):
    page = parsed(SITE / page_name)
    assert page.title
    assert page.title.get_text(strip=True)
    assert page.html["lang"]
    assert len(page.select("h1:not(.onlyprint h1)")) == 1  # the theme has one more for paper


def test_links_and_images_lead_somewhere():
    """In every page: the file is there, and so is the place in it."""
    pages = {path: parsed(path) for path in FILES}
    places = {
        path: {tag[key] for key in ("id", "name") for tag in page.find_all(attrs={key: True})}
        for path, page in pages.items()
    }
    broken = []
    for path, page in pages.items():
        linked = [tag[key] for key in ("href", "src") for tag in page.find_all(attrs={key: True})]
        for link in linked:
            parts = urlsplit(urljoin(path.as_uri(), link))
            if "&amp;" in link:
                broken.append(f"{name(path)}: {link} (escaped twice)")
            if parts.scheme != "file":
                continue
            target = Path(unquote(parts.path))
            place = unquote(parts.fragment).partition("?")[0]  # what follows sets a figure
            if SITE not in target.parents or not target.is_file():
                broken.append(f"{name(path)}: {link}")
            elif place and target in places and place not in places[target]:
                broken.append(f"{name(path)}: {link} (no such place)")
    assert not broken, "\n".join(broken)


NOISE = """<!doctype html>
<script>console.log('a message'); undefined.error</script>
<script src="missing.js"></script>
<img src="http://example.org/pixel.png" alt="">"""


def test_a_page_that_is_not_quiet_is_heard(browser, tmp_path):
    (tmp_path / "noise.html").write_text(NOISE)
    context = browser.new_context()
    log = Log(context, tmp_path.as_uri())
    context.new_page().goto((tmp_path / "noise.html").as_uri())
    context.close()
    heard = {line.partition(":")[0] for line in log.lines}
    assert heard >= {"console log", "page error", "failed request", "request to elsewhere"}
    assert "failed request: http://example.org/pixel.png net::ERR_NAME_NOT_RESOLVED" in log.lines
