"""The built book, in a real browser that can reach nothing but this machine.

A test opens a page with ``visit(url)``. What the page does wrong while it is open — a console
message, an error, a failed request, a request to anywhere else — fails the test when it ends.
"""

import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from quiet import Log

ROOT = Path(__file__).resolve().parents[2]
SITE = ROOT / "_build" / "html"

# Not the root of its host: a link that starts with a slash breaks here, as on many a real host.
PREFIX = "/course/"


@pytest.fixture(scope="session")
def site() -> Path:
    """The folder of the built book. `make test` builds it; make also knows whether it is stale."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    index = (SITE / "index.html").relative_to(ROOT)
    asked = subprocess.run(["make", "--question", str(index)], cwd=ROOT, env=plain, check=False)
    assert asked.returncode == 0, "the built book is missing or older than its sources: make book"
    return SITE


class Handler(SimpleHTTPRequestHandler):
    """Serves the folder under PREFIX, without a word."""

    protocol_version = "HTTP/1.1"

    def send_head(self):  # type: ignore[no-untyped-def]
        if not self.path.startswith(PREFIX):
            return self.send_error(404)
        return super().send_head()

    def translate_path(self, path: str) -> str:
        return super().translate_path(path.removeprefix(PREFIX.rstrip("/")))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def http_url(site: Path) -> Iterator[str]:
    """Where the book is served, with a slash at the end."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}{PREFIX}"
        server.shutdown()


@pytest.fixture(scope="session")
def file_url(site: Path) -> str:
    """The book on the disk, with a slash at the end."""
    return site.as_uri() + "/"


@pytest.fixture
def visit(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """Open a page of the book: ``visit(http_url + "book/notation.html", theme="dark")``.

    Every visit has a fresh profile. ``quiet=False`` lets the page say and ask for what it likes.
    """
    contexts: list[BrowserContext] = []
    logs: list[Log] = []

    def open_page(
        url: str,
        *,
        theme: str = "light",
        width: int = 1280,
        height: int = 900,
        javascript: bool = True,
        reduced_motion: bool = False,
        touch: bool = False,
        quiet: bool = True,
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            java_script_enabled=javascript,
            reduced_motion="reduce" if reduced_motion else "no-preference",
            has_touch=touch,
        )
        contexts.append(context)
        if quiet:
            home = next(
                request.getfixturevalue(name)
                for name in ("http_url", "file_url")
                if url.startswith(request.getfixturevalue(name))
            )
            logs.append(Log(context, home))
        page = context.new_page()
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    heard = [line for log in logs for line in log.lines]
    assert not heard, "the page was not quiet:\n" + "\n".join(heard)
