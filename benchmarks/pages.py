"""What a page weighs: everything it loads, as a server would compress it."""

import gzip
from collections import Counter
from urllib.parse import urlsplit

from harness import SITE
from playwright.sync_api import Browser

BUDGET = 200.0  # kB
STOCK = 1284.0  # kB, a Jupyter Book 1.0.4 page with formulas and no picture, measured the same way
COMPRESSED = {".woff2", ".png", ".jpg"}


def report(browser: Browser, url: str) -> None:
    print(f"weight of a page, kB compressed (budget {BUDGET:g}; stock Jupyter Book {STOCK:g})")
    kinds = ("html", "js", "css", "woff2", "other")
    print(f"{'page':28}{'requests':>9}" + "".join(f"{kind:>8}" for kind in kinds) + f"{'all':>8}")
    for path in sorted(p for p in SITE.rglob("*.html") if "_static" not in p.parts):
        name = path.relative_to(SITE).as_posix()
        weights = weigh(browser, url + name)
        total = sum(weights.values())
        cells = "".join(f"{weights[kind]:8.1f}" for kind in kinds)
        print(f"{name:28}{weights['requests']:9}{cells}{total - weights['requests']:8.1f}")


def weigh(browser: Browser, url: str) -> Counter[str]:
    """Return kB by kind of file, and the number of requests."""
    asked: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page.goto(url, wait_until="networkidle")
    page.close()

    weights: Counter[str] = Counter(requests=len(asked))
    for path in asked:
        file = SITE / path.lstrip("/")
        body = file.read_bytes()
        kind = file.suffix[1:] if file.suffix in (".html", ".js", ".css", ".woff2") else "other"
        size = len(body) if file.suffix in COMPRESSED else len(gzip.compress(body, 6))
        weights[kind] += size / 1000
    return weights
