"""A figure as a Jupyter widget: ipywidgets sliders beside the drawing, every value two-way."""

from __future__ import annotations

from itertools import count
from typing import Any

import anywidget
import ipywidgets
import traitlets

from explorables.bundle import widget_module
from explorables.declaration import Choice, Figure, Number, State
from explorables.page import STYLE, figure_html

_count = count(1)  # a notebook may show a figure twice, and its clip paths need their own ids


def build(figure: Figure) -> ipywidgets.VBox:
    """Return the figure with its sliders in one box.

    The sliders are linked to the drawing in the browser, so it answers without waiting for
    Python; ``figure.radius`` and the like follow, and setting them moves the sliders.
    """
    element_id = f"{figure.name}-{next(_count)}"
    view = _view_class(type(figure))(
        html=figure_html(figure, element_id, in_widget=True), **figure.state
    )
    width = f"{max(len(_label(control)) for control in figure.controls.values())}ch"
    sliders = {
        name: _slider(control, figure.state[name], width)
        for name, control in figure.controls.items()
    }
    for name, slider in sliders.items():
        # A dropdown's value lives in Python only; a slider answers in the browser.
        if isinstance(slider, ipywidgets.Dropdown):
            ipywidgets.link((slider, "value"), (view, name))
        else:
            ipywidgets.jslink((slider, "value"), (view, f"{name}_slider"))

    # All that has changed at once, and nothing else: an older value that Python still holds must
    # not go back to a drawing that has moved on.
    def to_python(_: object) -> None:
        state = {name: getattr(view, name) for name in sliders}
        if state != figure.state:
            figure.set(**state)

    def from_python(state: State) -> None:
        with view.hold_sync(), view.hold_trait_notifications():
            for name, value in state.items():
                setattr(view, name, value)

    view.observe(to_python, names=list(sliders))
    figure.on_change(from_python)
    columns = "repeat(auto-fill, minmax(min(100%, 22rem), 1fr))"
    grid = ipywidgets.GridBox(
        list(sliders.values()), layout={"grid_template_columns": columns, "grid_gap": "0 2rem"}
    )
    return ipywidgets.VBox([view, grid])


def _view_class(figure: type[Figure]) -> type[anywidget.AnyWidget]:
    traits = {}
    for name, control in figure.controls.items():
        traits[name] = _trait(control).tag(sync=True)
        if isinstance(control, Number):  # where its slider stands: on the nearest step
            traits[f"{name}_slider"] = _trait(control).tag(sync=True)
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


def _slider(control: Number | Choice, value: Any, width: str) -> ipywidgets.Widget:
    shared = {
        "value": value,
        "description": _label(control),
        "style": {"description_width": width},
        "layout": {"width": "auto"},
    }
    if isinstance(control, Choice):
        return ipywidgets.Dropdown(options=control.options, **shared)
    kind = ipywidgets.IntSlider if control.whole else ipywidgets.FloatSlider
    return kind(
        min=control.low,
        max=control.high,
        step=control.step,
        readout_format=f".{control.digits}f",
        **shared,
    )


def _label(control: Number | Choice) -> str:
    if isinstance(control, Choice):
        return control.label
    unit = f" ({control.unit.strip()})" if control.unit else ""
    return f"{control.label} {control.symbol}{unit}"
