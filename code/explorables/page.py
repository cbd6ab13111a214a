"""A figure as HTML: what the built page shows before, without and around the script."""

from __future__ import annotations

import io
import re
from html import escape
from pathlib import Path

from explorables.declaration import Choice, Figure, Number
from explorables.palette import THEMED

STYLE = Path(__file__).parent / "explorables.css"


def placeholder(figure: Figure) -> str:
    """Return the mark that the book's build replaces by the whole figure.

    >>> from explorables import Eigenvalues
    >>> placeholder(Eigenvalues(radius=0.9, shear=5))
    '<figure data-explorable="eigenvalues" data-state="radius=0.9&amp;shear=5"></figure>'
    """
    return f'<figure data-explorable="{figure.name}" data-state="{escape(figure.query)}"></figure>'


def figure_html(figure: Figure, element_id: str, *, in_widget: bool = False) -> str:
    """Return the figure's element: presets, the picture, the sentence and the controls.

    In a widget the script draws at once, and the sliders are ipywidgets beside it.
    """
    return f"""\
<figure class="explorable" id="{element_id}" tabindex="-1"
 data-explorable="{figure.name}" data-state="{escape(figure.query)}">
<div class="explorable-presets" role="group" aria-label="Presets">{_presets(figure)}</div>
<div class="explorable-view">{"" if in_widget else picture_svg(figure, element_id)}</div>
<p class="explorable-sentence">{escape(figure.describe())}</p>
<p class="explorable-announcement" role="status"></p>
<p class="explorable-note" role="status"></p>
{"" if in_widget else _controls(figure, element_id)}
<figcaption><b>{escape(figure.title)}.</b> {escape(figure.reading)}</figcaption>
</figure>"""


def picture_svg(figure: Figure, element_id: str) -> str:
    """Return the matplotlib picture as inline SVG whose colours follow the page's theme."""
    import matplotlib

    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": element_id}):
        file = io.StringIO()
        figure.picture().savefig(
            file, format="svg", facecolor="none", metadata={"Date": None, "Creator": None}
        )
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # The view gives the size, the page the font.
    svg = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", svg, count=1)
    svg = re.sub(r'style="([^"]*)"', _as_attributes, svg)
    for colour, variable in THEMED.items():
        svg = svg.replace(colour, f"var({variable}, {colour})")
    label = escape(f"{figure.title}. {figure.describe()}", quote=True)
    return svg.replace(
        "<svg", f'<svg class="explorable-picture" role="img" aria-label="{label}"', 1
    )


def _as_attributes(style: re.Match[str]) -> str:
    """Write a style as SVG attributes: a strict Content-Security-Policy forbids the former."""
    declarations = dict(part.split(": ", 1) for part in style[1].split("; "))
    if "font" in declarations:
        declarations["font-size"] = re.findall(r"[\d.]+px", declarations.pop("font"))[0]
    return " ".join(f'{name}="{value}"' for name, value in declarations.items())


def _presets(figure: Figure) -> str:
    queries = {name: type(figure)(**values).query for name, values in figure.presets.items()}
    buttons = "".join(
        f'<button type="button" data-state="{escape(query)}">{escape(name)}</button>'
        for name, query in queries.items()
    )
    return buttons + '<button type="button" class="explorable-reset">↺ reset</button>'


def _controls(figure: Figure, element_id: str) -> str:
    rows = [
        _control(control, f"{element_id}-{name}", figure.state[name])
        for name, control in figure.controls.items()
    ]
    return f'<div class="explorable-controls">{"".join(rows)}</div>'


def _control(control: Number | Choice, input_id: str, value: float | str) -> str:
    if isinstance(control, Choice):
        options = "".join(
            f"<option{' selected' if option == value else ''}>{escape(option)}</option>"
            for option in control.options
        )
        return (
            f'<div class="explorable-control"><label for="{input_id}">{escape(control.label)}'
            f'</label><select id="{input_id}" name="{control.name}">{options}</select></div>'
        )
    text = f"{value:.{control.digits}f}{control.unit}"
    return (
        f'<div class="explorable-control"><label for="{input_id}">{escape(control.label)} '
        f'<i>{escape(control.symbol)}</i></label><output for="{input_id}">{text}</output>'
        f'<input type="range" id="{input_id}" name="{control.name}" min="{control.low}" '
        f'max="{control.high}" step="{control.step}" value="{value}"></div>'
    )
