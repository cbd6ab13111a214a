"""A figure in Jupyter: sliders, drawing and Python hold the same values."""

import ipywidgets
import pytest

import explorables
from explorables import Choice, Eigenvalues, Figure

FIGURES = pytest.mark.parametrize("figure", explorables.figures(), ids=lambda figure: figure.name)


@FIGURES
def test_there_is_a_slider_for_every_number_and_a_list_for_every_choice(
    figure: type[Figure],
) -> None:
    view, grid = figure().widget.children
    for control, slider in zip(figure.controls.values(), grid.children, strict=True):
        assert slider.description.startswith(control.label)
        assert slider.value == getattr(view, control.name) == control.default
        if isinstance(control, Choice):
            assert slider.options == control.options
        else:
            assert (slider.min, slider.max, slider.step) == (
                control.low,
                control.high,
                control.step,
            )
            assert isinstance(slider, (ipywidgets.IntSlider, ipywidgets.FloatSlider))


def test_the_sliders_are_linked_to_the_drawing_in_the_browser(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    joined: list[object] = []
    monkeypatch.setattr(
        ipywidgets, "jslink", lambda source, target: joined.append((source, target))
    )
    figure = Eigenvalues()
    view, grid = figure.widget.children
    assert joined == [
        ((slider, "value"), (view, f"{name}_slider"))
        for name, slider in zip(figure.controls, grid.children, strict=True)
        if not isinstance(slider, ipywidgets.Dropdown)
    ]


def test_python_moves_the_sliders_and_the_drawing() -> None:
    """The dropdowns at once; the sliders through the browser, which tests/jupyter watches."""
    figure = Eigenvalues()
    view, grid = figure.widget.children
    lists = dict(zip(figure.controls, grid.children, strict=True))
    figure.radius = 0.77
    figure.activation = "relu"
    assert view.radius == 0.77
    assert view.activation == lists["activation"].value == "relu"


def test_the_drawing_moves_python() -> None:
    figure = Eigenvalues()
    view, grid = figure.widget.children
    view.radius = 0.4
    view.angle = 90
    assert (figure.radius, figure.angle) == (0.4, 90)
    grid.children[list(figure.controls).index("activation")].value = "identity"
    assert figure.activation == "identity"
    assert figure.describe() == Eigenvalues.describe(radius=0.4, angle=90, activation="identity")


def test_two_of_a_kind_do_not_share_their_ids() -> None:
    first, second = (Eigenvalues().widget.children[0].html for _ in range(2))
    assert first.split('id="')[1].split('"')[0] != second.split('id="')[1].split('"')[0]


def test_what_a_cell_shows() -> None:
    figure = Eigenvalues(radius=0.9)
    bundle = figure._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"] == repr(figure)
    assert 'data-state="radius=0.9"' in bundle["text/html"]
