"""What a figure is: a state of numbers and choices, the arrays it computes, the sentence it says.

A figure is declared once, as a subclass of `Figure`. From the declaration come the widget in
Jupyter (`explorables.widget`), the living figure in the built page (`explorables.page`), the
picture in print, the links that set it, and the states that the tests sweep.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl, urlencode

import numpy as np

if TYPE_CHECKING:
    import ipywidgets
    from matplotlib.figure import Figure as Picture

Arrays = dict[str, np.ndarray[Any, np.dtype[np.float64]]]
State = dict[str, Any]


class Control:
    """A named part of a figure's state.

    On the class it is the declaration; on a figure it is the current value, read and set like
    any attribute (``figure.radius = 1.05``).
    """

    name: str
    default: Any
    label: str

    def __set_name__(self, owner: type[Figure], name: str) -> None:
        self.name = name

    def __get__(self, figure: Figure | None, owner: type[Figure]) -> Any:
        return self if figure is None else figure.state[self.name]

    def __set__(self, figure: Figure, value: Any) -> None:
        figure.set(**{self.name: value})

    def check(self, value: Any) -> Any:
        """Return `value` in the control's own type, or raise an error that names the control."""
        raise NotImplementedError

    def read(self, text: str) -> Any:
        """Return the value written in a link."""
        raise NotImplementedError

    def values(self) -> list[Any]:
        """Return every value the control can be moved to."""
        raise NotImplementedError

    def declared(self) -> dict[str, Any]:
        """Return what the browser has to know, ready for JSON."""
        raise NotImplementedError


@dataclass(frozen=True)
class Number(Control):
    """A slider: a number from `low` to `high` in steps of `step`, whole if `step` is whole."""

    default: float
    low: float
    high: float
    step: float
    label: str
    symbol: str = ""
    unit: str = ""

    def __set_name__(self, owner: type[Figure], name: str) -> None:
        object.__setattr__(self, "name", name)

    @property
    def whole(self) -> bool:
        return isinstance(self.step, int)

    @property
    def digits(self) -> int:
        """Decimals that a value on the grid needs."""
        return max(0, math.ceil(-math.log10(self.step)))

    def check(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
            raise TypeError(
                f"{self.name} must be a number from {self.low} to {self.high}, "
                f"got {value!r} of type {type(value).__name__}"
            )
        if not self.low <= value <= self.high:  # also catches NaN
            raise ValueError(
                f"{self.name} must be a number from {self.low} to {self.high}, got {value}"
            )
        if self.whole:
            if value != int(value):
                raise ValueError(f"{self.name} must be a whole number, got {value}")
            return int(value)
        return float(value)

    def read(self, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError(
                f"{self.name} must be a number from {self.low} to {self.high}, got {text!r}"
            ) from None
        return self.check(value)

    def values(self) -> list[float]:
        count = round((self.high - self.low) / self.step)
        grid = [round(self.low + k * self.step, self.digits) for k in range(count + 1)]
        return [self.check(value) for value in grid]

    def declared(self) -> dict[str, Any]:
        keys = ("default", "low", "high", "step", "label", "symbol", "unit", "digits")
        return {key: getattr(self, key) for key in keys}


@dataclass(frozen=True)
class Choice(Control):
    """A list of names to choose one from."""

    default: str
    options: tuple[str, ...]
    label: str

    def __set_name__(self, owner: type[Figure], name: str) -> None:
        object.__setattr__(self, "name", name)

    def check(self, value: Any) -> str:
        if value not in self.options:
            raise ValueError(
                f"{self.name} must be one of {', '.join(map(repr, self.options))}, got {value!r}"
            )
        return str(value)

    def read(self, text: str) -> str:
        return self.check(text)

    def values(self) -> list[str]:
        return list(self.options)

    def declared(self) -> dict[str, Any]:
        return {"default": self.default, "options": list(self.options), "label": self.label}


class _OnStateOrDefaults:
    """Make ``Eigenvalues.compute(radius=1)`` start from the defaults and
    ``figure.compute(radius=1)`` from the figure's own state."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    def __get__(self, figure: Figure | None, owner: type[Figure]) -> Callable[..., Any]:
        def call(**state: Any) -> Any:
            start = owner.defaults() if figure is None else figure.state
            return self.function(owner, **{**start, **owner.checked(state)})

        call.__doc__ = self.__doc__
        return call


_figures: list[type[Figure]] = []


def figures() -> list[type[Figure]]:
    """Return the class of every figure in the book."""
    return list(_figures)


def figure_named(name: str) -> type[Figure]:
    """Return the figure's class, or raise a ValueError that lists the names there are."""
    for figure in _figures:
        if figure.name == name:
            return figure
    known = ", ".join(figure.name for figure in _figures)
    raise ValueError(f"there is no figure named {name!r}; the figures are: {known}")


def _combinations(values: Mapping[str, Iterable[Any]]) -> Iterator[State]:
    for combination in product(*values.values()):
        yield dict(zip(values, combination, strict=True))


class Figure:
    """A figure that answers when its state is changed.

    A subclass declares its `name`, its `title`, how it is to be read (`reading`), its controls and
    its `presets` (a name and the values that differ from the defaults), and says how to get

    - `numbers(**state)`: a dict of arrays, by calling `bptt`;
    - `sentence(state, arrays)`: one or two sentences that say what is to be seen;
    - `draw(state, arrays)`: the picture for print, in matplotlib.

    Its twin ``js/<name>.js`` computes, says and draws the same in the browser.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    reading: ClassVar[str]
    presets: ClassVar[Mapping[str, Mapping[str, Any]]]
    controls: ClassVar[dict[str, Number | Choice]]
    numbers: ClassVar[Callable[..., Arrays]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.controls = {
            key: value for key, value in vars(cls).items() if isinstance(value, (Number, Choice))
        }
        for preset in cls.presets.values():
            cls.checked(preset)
        _figures.append(cls)

    def __init__(self, **state: Any) -> None:
        self._state: State = {**self.defaults(), **self.checked(state)}
        self._listeners: list[Callable[[State], None]] = []

    # -- the state ---------------------------------------------------------------------------

    @classmethod
    def defaults(cls) -> State:
        return {name: control.default for name, control in cls.controls.items()}

    @classmethod
    def control(cls, name: str) -> Number | Choice:
        """Return the control of that name, or raise a TypeError that lists the names."""
        if name not in cls.controls:
            known = ", ".join(cls.controls)
            raise TypeError(f"{cls.__name__} has no {name!r}; its state is: {known}")
        return cls.controls[name]

    @classmethod
    def checked(cls, state: Mapping[str, Any]) -> State:
        """Return `state` with every value checked by its control.

        Raises TypeError for a name the figure does not have, TypeError or ValueError for a
        value it cannot take.
        """
        return {name: cls.control(name).check(value) for name, value in state.items()}

    @property
    def state(self) -> State:
        """The current value of every control (a copy)."""
        return dict(self._state)

    def set(self, **state: Any) -> None:
        """Set several values at once; nothing is changed if one of them is wrong."""
        self._state.update(self.checked(state))
        for listener in self._listeners:
            listener(self.state)

    def on_change(self, listener: Callable[[State], None]) -> None:
        """Call `listener(state)` after every change."""
        self._listeners.append(listener)

    @property
    def query(self) -> str:
        """The state as a link writes it: what differs from the defaults."""
        defaults = self.defaults()
        changed = {k: v for k, v in self._state.items() if v != defaults[k]}
        # As JavaScript writes numbers: 1, not 1.0.
        return urlencode({k: str(v).removesuffix(".0") for k, v in changed.items()})

    @classmethod
    def from_query(cls, query: str) -> Figure:
        """Make the figure that a link describes, such as ``radius=0.9&shear=5``."""
        pairs = parse_qsl(query, keep_blank_values=True)
        return cls(**{name: cls.control(name).read(text) for name, text in pairs})

    @classmethod
    def sweep(cls) -> Iterator[State]:
        """Yield the states of the slider grid.

        Every value of every slider under every combination of choices, and around every preset;
        then every corner: all sliders at one or the other end of their range.
        """
        numbers = [c for c in cls.controls.values() if isinstance(c, Number)]
        lists = {n: c.options for n, c in cls.controls.items() if isinstance(c, Choice)}
        choices = list(_combinations(lists))
        for start in (*choices, *cls.presets.values()):
            base = {**cls.defaults(), **start}
            for control in numbers:
                yield from ({**base, control.name: value} for value in control.values())
        for choice in choices:
            ends = {c.name: (c.check(c.low), c.check(c.high)) for c in numbers}
            yield from ({**choice, **corner} for corner in _combinations(ends))

    # -- what it computes, says and draws ----------------------------------------------------

    @_OnStateOrDefaults
    def compute(cls, **state: Any) -> Arrays:  # noqa: N805 - called with the class
        """Return the figure's arrays for a state: what is not given is the figure's own value,
        or the default when called on the class."""
        return cls.numbers(**state)

    @_OnStateOrDefaults
    def describe(cls, **state: Any) -> str:  # noqa: N805
        """Return what one sees in that state, in one or two sentences."""
        return cls.sentence(state, cls.numbers(**state))

    @_OnStateOrDefaults
    def picture(cls, **state: Any) -> Picture:  # noqa: N805
        """Return the figure in that state as a matplotlib picture."""
        return cls.draw(state, cls.numbers(**state))

    @classmethod
    def sentence(cls, state: State, arrays: Arrays) -> str:
        raise NotImplementedError

    @classmethod
    def draw(cls, state: State, arrays: Arrays) -> Picture:
        raise NotImplementedError

    # -- in Jupyter --------------------------------------------------------------------------

    @cached_property
    def widget(self) -> ipywidgets.VBox:
        """The living figure: ipywidgets sliders linked to the drawing."""
        from explorables.widget import build

        return build(self)

    def __repr__(self) -> str:
        changed = ", ".join(
            f"{k}={v!r}" for k, v in self._state.items() if v != self.controls[k].default
        )
        return f"{type(self).__name__}({changed}): {self.describe()}"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        from explorables.page import placeholder

        bundle = dict(self.widget._repr_mimebundle_() or {})
        # The book's build takes the placeholder and puts the figure in its place.
        return {**bundle, "text/plain": repr(self), "text/html": placeholder(self)}
