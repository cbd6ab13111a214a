"""The built book, served to the browser that the tests use."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
SITE = ROOT / "_build" / "html"
sys.path.append(str(ROOT / "tests"))

from browser import FLAGS, find_chromium  # noqa: E402

# A frame is painted when it is ready, so that the wait for the screen is not measured.
UNBOUND = ("--disable-frame-rate-limit", "--disable-gpu-vsync")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served_book() -> Iterator[tuple[Browser, str]]:
    """Yield a browser and the URL of the built book."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=SITE)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=find_chromium(), args=[*FLAGS, *UNBOUND]
            )
            yield browser, f"http://127.0.0.1:{server.server_port}/"
            browser.close()
        server.shutdown()


def percentile(values: list[float], percent: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * percent / 100))]
