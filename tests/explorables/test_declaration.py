"""A figure's state: declared once, checked at every door."""

import math
import re
from urllib.parse import urlencode

import numpy as np
import pytest

import explorables
from explorables import Choice, Eigenvalues, Figure, Number, figure_named

FIGURES = pytest.mark.parametrize("figure", explorables.figures(), ids=lambda figure: figure.name)


@FIGURES
def test_a_declaration_is_sound(figure: type[Figure]) -> None:
    assert figure.title
    assert figure.reading
    assert figure.presets
    for name, control in figure.controls.items():
        assert control.name == name
        assert control.check(control.default) == control.default
        assert control.default in control.values(), "a slider must be able to stand at its default"
        if isinstance(control, Number):
            assert control.values()[0] == control.low
            assert control.values()[-1] == control.high
    for name, preset in figure.presets.items():
        for key, value in preset.items():
            control = figure.controls[key]
            assert value in control.values(), (name, key)


@FIGURES
def test_compute_on_the_class_starts_from_the_defaults(figure: type[Figure]) -> None:
    arrays = figure.compute()
    assert all(isinstance(array, np.ndarray) for array in arrays.values())
    for name, array in figure.compute(**figure.defaults()).items():
        np.testing.assert_array_equal(array, arrays[name])


@FIGURES
def test_compute_on_a_figure_starts_from_its_state(figure: type[Figure]) -> None:
    preset = dict(list(figure.presets.items())[-1][1])
    made = figure(**preset)
    for name, array in figure.compute(**preset).items():
        np.testing.assert_array_equal(made.compute()[name], array)
    assert made.describe() == figure.describe(**preset)
    assert made.compute(**figure.defaults()).keys() == figure.compute().keys()


@FIGURES
def test_a_link_describes_the_whole_state(figure: type[Figure]) -> None:
    for preset in ({}, *figure.presets.values()):
        made = figure(**preset)
        assert figure.from_query(made.query).state == made.state
    assert figure().query == ""


@FIGURES
def test_the_sweep_visits_every_value_and_every_corner(figure: type[Figure]) -> None:
    states = list(figure.sweep())
    for name, control in figure.controls.items():
        assert {state[name] for state in states} >= set(control.values())
    numbers = {n: c for n, c in figure.controls.items() if isinstance(c, Number)}
    choices = [c for c in figure.controls.values() if isinstance(c, Choice)]
    ends = {
        tuple(state.values())
        for state in states
        if all(state[n] in (c.low, c.high) for n, c in numbers.items())
    }
    assert len(ends) == 2 ** len(numbers) * math.prod(len(c.options) for c in choices)


@FIGURES
def test_a_caption_speaks_of_controls_that_exist(figure: type[Figure]) -> None:
    symbols = {c.symbol for c in figure.controls.values() if isinstance(c, Number)}
    for letter in set("ρθκ") & set(figure.reading):
        assert letter in symbols


def test_a_value_can_be_read_and_set_like_an_attribute() -> None:
    figure = Eigenvalues(radius=0.9)
    assert figure.radius == 0.9
    figure.radius = 1.05
    assert figure.state["radius"] == 1.05
    figure.horizon = np.int64(20)
    assert figure.compute()["lag"].shape == (21,)
    assert isinstance(Eigenvalues.radius, Number)


def test_a_change_is_told_and_the_state_is_a_copy() -> None:
    figure, told = Eigenvalues(), []
    figure.on_change(told.append)
    figure.set(radius=0.5, angle=90)
    assert [(state["radius"], state["angle"]) for state in told] == [(0.5, 90)]
    figure.state["radius"] = 7
    assert figure.radius == 0.5


def test_its_text_says_what_one_sees() -> None:
    assert repr(Eigenvalues(radius=1, activation="identity")) == (
        "Eigenvalues(radius=1.0, activation='identity'): "
        + Eigenvalues.describe(radius=1, activation="identity")
    )


BAD = [
    ({"radius": 1.6}, ValueError, "radius must be a number from 0 to 1.5, got 1.6"),
    ({"radius": -0.1}, ValueError, "radius must be a number from 0 to 1.5, got -0.1"),
    ({"radius": math.nan}, ValueError, "got nan"),
    ({"radius": math.inf}, ValueError, "got inf"),
    ({"radius": "0.9"}, TypeError, "radius must be a number from 0 to 1.5, got '0.9' of type str"),
    ({"radius": None}, TypeError, "got None of type NoneType"),
    ({"radius": True}, TypeError, "got True of type bool"),
    ({"radius": [0.9]}, TypeError, "of type list"),
    ({"horizon": 20.5}, ValueError, "horizon must be a whole number, got 20.5"),
    ({"horizon": 9}, ValueError, "horizon must be a number from 10 to 100, got 9"),
    ({"activation": "softmax"}, ValueError, "activation must be one of 'identity', 'tanh'"),
    ({"activation": None}, ValueError, "got None"),
    ({"spectrum": 3}, ValueError, "spectrum must be one of 'conjugate pair', 'two reals', got 3"),
    ({"rho": 0.9}, TypeError, "Eigenvalues has no 'rho'; its state is: spectrum, radius, angle"),
]


@pytest.mark.parametrize(("state", "error", "words"), BAD)
def test_bad_input_names_what_it_got_and_what_it_wants(
    state: dict[str, object], error: type[Exception], words: str
) -> None:
    figure = Eigenvalues(radius=0.9)
    for attempt in (
        lambda: Eigenvalues(**state),
        lambda: Eigenvalues.compute(**state),
        lambda: figure.describe(**state),
        lambda: figure.set(angle=10, **state),
    ):
        with pytest.raises(error, match=re.escape(words)):
            attempt()
    assert figure.state == Eigenvalues(radius=0.9).state, "nothing is changed by a wrong value"


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("radius=9", "radius must be a number from 0 to 1.5, got 9.0"),
        ("radius=much", "radius must be a number from 0 to 1.5, got 'much'"),
        ("radius=", "got ''"),
        ("activation=", "activation must be one of"),
        ("nonsense=1", "Eigenvalues has no 'nonsense'"),
    ],
)
def test_a_bad_link_is_refused_by_python(query: str, words: str) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        Eigenvalues.from_query(query)


def test_an_unknown_figure_lists_the_known() -> None:
    assert figure_named("eigenvalues") is Eigenvalues
    with pytest.raises(ValueError, match="no figure named 'gate'; the figures are: eigenvalues"):
        figure_named("gate")


def test_links_encode_what_they_carry() -> None:
    state = {"spectrum": "two reals", "radius": 0.9}
    assert Eigenvalues(**state).query == urlencode(state)
