"""The stock page made lean and quiet, without a fork of the theme.

Most of it is configuration (`_config.yml`: which extensions load) and the small templates in
`book/_templates`. What neither reaches is done here. All of it is written for the theme versions
below, and says so when they change.
"""

import re
import shutil
from importlib import import_module
from pathlib import Path

from bs4 import BeautifulSoup
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

THEMES = {"sphinx_book_theme": "1.1.4", "pydata_sphinx_theme": "0.15.4"}
MENDS = {
    ' aria-label="Toggle hidden content"': "",  # a folded cell is named by the words it shows
    ' role="doc-biblioentry"': ' role="listitem"',  # deprecated, and wrong in a list
    '<section id="exercise-content">': "<section>",  # the same id for every exercise
    '<section id="solution-content">': "<section>",
}
CHATTER = re.compile(r"console\.(log|info|debug)\(")


def check_themes(*_) -> None:
    for theme, version in THEMES.items():
        found = import_module(theme).__version__
        if found != version:
            raise ExtensionError(
                f"book/_templates and lean.py were written for {theme} {version}, this is {found}:"
                " compare them with the new theme's files, then change THEMES in lean.py"
            )


def unescape_links(app: Sphinx, doctree: nodes.document) -> None:
    """MyST escapes an address that the writer escapes again: `&` became `&amp;amp;`."""
    for link in doctree.findall(nodes.reference):
        if "refuri" in link:
            link["refuri"] = link["refuri"].replace("&amp;", "&")


def fold(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Admonitions of class `dropdown` become <details>, which folds without a script."""
    if "dropdown" not in context.get("body", ""):
        return
    page = BeautifulSoup(context["body"], "html.parser")
    for box in page.select(".admonition.dropdown"):
        box.name = "details"
        title = box.select_one(".admonition-title")
        title.name = "summary"  # a button: nothing inside it can be pressed by itself
        for link in title.select("a"):
            link.unwrap()
        if "toggle-shown" in box["class"]:
            box["open"] = ""
    context["body"] = str(page)


def mend(app: Sphinx, pagename: str, templatename: str, context: dict, doctree) -> None:
    """Small faults in the markup of the extensions, each found by axe or a validator."""
    if "body" in context:
        for fault, right in MENDS.items():
            context["body"] = context["body"].replace(fault, right)


def hush(script: str) -> str:
    """The same script, without messages in the reader's console."""
    return CHATTER.sub("void(", script)


def strip_static(app: Sphinx, exception: Exception | None) -> None:
    """Silence the theme's script; drop the fonts, translations and maps that no page loads."""
    if exception or app.builder.format != "html":
        return
    static = Path(app.outdir, "_static")
    script = static / "scripts" / "pydata-sphinx-theme.js"
    script.write_text(hush(script.read_text("utf8")), "utf8")
    for unused in ("vendor", "locales"):
        shutil.rmtree(static / unused, ignore_errors=True)  # gone already if no page was built
    for source_map in static.rglob("*.map"):
        source_map.unlink()


FRONT_DOOR = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<link rel="icon" href="data:,">
<meta http-equiv="refresh" content="0; url={first}">
</head>
<body><main><h1><a href="{first}">{title}</a></h1></main></body>
</html>
"""


def front_door(app: Sphinx, exception: Exception | None) -> None:
    """When the first page lies deeper, `index.html` is a whole page, not a bare redirect."""
    if exception or app.builder.name != "html" or app.config.root_doc == "index":
        return
    first = app.builder.get_target_uri(app.config.root_doc)
    page = FRONT_DOOR.format(title=app.config.html_title, first=first)
    Path(app.outdir, "index.html").write_text(page, "utf8")


def setup(app: Sphinx) -> dict:
    app.add_config_value("comments_config", {}, "")  # Jupyter Book sets it, comments or not
    app.connect("config-inited", check_themes)
    app.connect("doctree-read", unescape_links)
    app.connect("html-page-context", fold)
    app.connect("html-page-context", mend)
    app.connect("build-finished", strip_static)
    app.connect("build-finished", front_door)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
