"""A figure as a Jupyter widget: ipywidgets sliders beside the drawing, every value two-way."""

from __future__ import annotations

from itertools import count
from typing import Any

import anywidget
import ipywidgets
import traitlets

from explorables.bundle import widget_module
from explorables.declaration import Choice, Figure, Number
from explorables.page import STYLE, figure_html

_count = count(1)  # a notebook may show a figure twice, and its clip paths need their own ids


def build(figure: Figure) -> ipywidgets.VBox:
    """Return the figure with its sliders in one box.

    The sliders are linked to the drawing in the browser, so it answers without waiting for
    Python; ``figure.radius`` and the like follow, and setting them moves the sliders.
    """
    element_id = f"{figure.name}-{next(_count)}"
    view = _view_class(type(figure))(html=figure_html(figure, element_id, in_widget=True))
    sliders = [_slider(control, figure.state[name]) for name, control in figure.controls.items()]
    for (name, control), slider in zip(figure.controls.items(), sliders, strict=True):
        setattr(view, name, figure.state[name])
        # A dropdown's value lives in Python only; a slider answers in the browser.
        link = ipywidgets.link if isinstance(control, Choice) else ipywidgets.jslink
        link((slider, "value"), (view, name))

    def to_python(change: dict[str, Any]) -> None:
        if figure.state[change["name"]] != change["new"]:
            figure.set(**{change["name"]: change["new"]})

    def from_python(state: dict[str, Any]) -> None:
        with view.hold_sync():
            for name, value in state.items():
                setattr(view, name, value)
        for slider, value in zip(sliders, state.values(), strict=True):
            slider.value = value

    view.observe(to_python, names=list(figure.controls))
    figure.on_change(from_python)
    grid = ipywidgets.GridBox(
        sliders, layout={"grid_template_columns": "repeat(auto-fill, minmax(300px, 1fr))"}
    )
    return ipywidgets.VBox([view, grid])


def _view_class(figure: type[Figure]) -> type[anywidget.AnyWidget]:
    traits = {name: _trait(control).tag(sync=True) for name, control in figure.controls.items()}
    return type(
        f"{figure.__name__}View",
        (anywidget.AnyWidget,),
        {
            "_esm": widget_module(figure),
            "_css": STYLE.read_text(encoding="utf-8"),
            "html": traitlets.Unicode().tag(sync=True),
            **traits,
        },
    )


def _trait(control: Number | Choice) -> Any:
    if isinstance(control, Choice):
        return traitlets.Enum(control.options, control.default)
    return (
        traitlets.Int(int(control.default)) if control.whole else traitlets.Float(control.default)
    )


def _slider(control: Number | Choice, value: Any) -> ipywidgets.Widget:
    style = {"description_width": "9.5em"}
    if isinstance(control, Choice):
        return ipywidgets.Dropdown(
            options=control.options, value=value, description=control.label, style=style
        )
    kind = ipywidgets.IntSlider if control.whole else ipywidgets.FloatSlider
    return kind(
        value,
        min=control.low,
        max=control.high,
        step=control.step,
        description=f"{control.label} {control.symbol}",
        style=style,
    )
