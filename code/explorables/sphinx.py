"""The figures in the book: a Sphinx extension.

A notebook cell that shows a figure leaves a placeholder in its output; the directive

    ```{explorable} eigenvalues?radius=0.9&shear=5
    ```

does the same in a Markdown page. The build puts the whole figure in its place, and gives the
script and the style to the pages that have one.

A link ``[ρ = 0.9](set:eigenvalues?radius=0.9)`` sets the figure of that name on the same page; the
build warns of one that no figure could follow.
"""

from __future__ import annotations

import re
from collections.abc import Container
from html import unescape
from pathlib import Path
from typing import Any

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from explorables.bundle import page_script
from explorables.declaration import figure_named
from explorables.page import STYLE, figure_html, placeholder

logger = logging.getLogger(__name__)

SCRIPT_FILE = "explorables.js"
STYLE_FILE = "explorables.css"

_PLACEHOLDER = re.compile(
    r'<figure data-explorable="(?P<name>\w+)" data-state="(?P<state>[^"]*)"></figure>'
)


class ExplorableDirective(Directive):
    """``{explorable} name?state``: a figure in a Markdown page."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name, _, query = self.arguments[0].partition("?")
        try:
            figure = figure_named(name).from_query(query)
        except (TypeError, ValueError) as error:
            raise self.error(str(error)) from error
        return [nodes.raw("", placeholder(figure), format="html")]


class PutFigures(SphinxPostTransform):
    """Replace each placeholder by the figure it stands for."""

    default_priority = 900  # after myst-nb has chosen the outputs to show
    formats = ("html",)

    def run(self, **_: Any) -> None:
        count: dict[str, int] = {}

        def figure(match: re.Match[str]) -> str:
            name = match["name"]
            count[name] = count.get(name, 0) + 1
            element_id = name if count[name] == 1 else f"{name}-{count[name]}"
            return figure_html(figure_named(name).from_query(unescape(match["state"])), element_id)

        for node in list(self.document.findall(nodes.raw)):
            html, found = _PLACEHOLDER.subn(figure, node.astext())
            if found:
                node.replace_self(nodes.raw("", html, format="html"))
        self.document["explorables"] = bool(count)
        for link in list(self.document.findall(nodes.reference)):
            if link.get("refuri", "").startswith("set:"):
                self.set_link(link, count)

    def set_link(self, link: nodes.reference, present: Container[str]) -> None:
        """Make ``set:name?state`` a link to that state of the page's figure."""
        target = link["refuri"].removeprefix("set:")
        name, _, query = target.partition("?")
        try:
            figure = figure_named(name).from_query(query)
            if name not in present:
                raise ValueError(f"there is no figure {name} on this page")
        except (TypeError, ValueError) as error:
            logger.warning("link set:%s: %s", target, error, location=link)
            return
        link["refuri"] = f"#{name}?{figure.query}"
        link["classes"] = ["set-figure"]


def _add_files(app: Sphinx, _page: str, _template: str, _context: Any, doctree: Any) -> None:
    if doctree is not None and doctree.get("explorables"):
        app.add_js_file(SCRIPT_FILE, loading_method="defer")
        app.add_css_file(STYLE_FILE)


def _write_files(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        static = Path(app.outdir, "_static")
        static.joinpath(SCRIPT_FILE).write_text(page_script(), encoding="utf-8")
        static.joinpath(STYLE_FILE).write_text(STYLE.read_text(encoding="utf-8"), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("explorable", ExplorableDirective)
    app.add_post_transform(PutFigures)
    app.connect("html-page-context", _add_files)
    app.connect("build-finished", _write_files)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
