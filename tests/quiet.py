"""What a page does that a reader should not have to put up with."""

from playwright.sync_api import BrowserContext, Request, Response


class Log:
    """What the pages of a context said, failed at and asked of anyone but their own site."""

    def __init__(self, context: BrowserContext, home: str) -> None:
        self.lines: list[str] = []
        self.home = home
        context.on("console", lambda said: self.add(f"console {said.type}", said.text))
        context.on("weberror", lambda thrown: self.add("page error", str(thrown.error)))
        context.on("request", self.requested)
        context.on("requestfailed", lambda it: self.add("failed request", f"{it.url} {it.failure}"))
        context.on("response", self.responded)

    def add(self, what: str, text: str) -> None:
        self.lines.append(f"{what}: {text}")

    def requested(self, request: Request) -> None:
        if not request.url.startswith((self.home, "data:", "blob:")):
            self.add("request to elsewhere", request.url)

    def responded(self, response: Response) -> None:
        if response.status >= 400:
            self.add(f"status {response.status}", response.url)
