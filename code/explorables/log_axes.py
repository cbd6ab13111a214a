"""Curves over the lag on a logarithmic axis, on paper. The twin of js/log_chart.js."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from explorables import palette
from explorables.words import superscript

Values = np.ndarray[Any, np.dtype[np.float64]]


def log_axes(axes: Axes, values: Values, *, low: int, high: int, title: str) -> None:
    """Prepare the axes from 10^low to 10^high and draw `values`, each half in its colour."""
    steps = len(values) - 1
    axes.set(xlim=(0, steps), ylim=(low, high), facecolor="none")
    axes.set_title(title, fontsize=9, loc="left", color=palette.INK)
    axes.axhspan(0, high, color=palette.EXPLODE_GROUND, lw=0)
    axes.axhspan(low, 0, color=palette.VANISH_GROUND, lw=0)
    decades = range(low, high + 1, 2)
    axes.set_yticks(decades, ["1" if d == 0 else f"10{superscript(d)}" for d in decades])
    axes.grid(axis="y", color=palette.RULE, lw=0.8)
    axes.axhline(0, color=palette.QUIET, lw=1)
    axes.tick_params(colors=palette.QUIET, labelsize=8, length=0)
    axes.xaxis.label.set(color=palette.QUIET, size=9)
    axes.spines[:].set_visible(False)
    axes.text(
        0.02, 0.985, "explodes", transform=axes.transAxes, va="top", color=palette.EXPLODE, size=9
    )
    axes.text(0.02, 0.02, "vanishes", transform=axes.transAxes, color=palette.VANISH, size=9)
    lags, decades_of = _crossings(_decades(values, low, high))
    for half, colour in ((decades_of >= 0, palette.EXPLODE), (decades_of <= 0, palette.VANISH)):
        axes.plot(lags, np.where(half, decades_of, np.nan), color=colour, lw=2.2, zorder=3)


def name_lines(axes: Axes, lines: dict[str, tuple[Values, dict[str, Any]]]) -> None:
    """Draw further lines and write each one's name where it ends; equal ends share a name."""
    low, high = axes.get_ylim()
    names: dict[float, str] = {}
    for name, (values, style) in lines.items():
        decades = _decades(values, low, high)
        axes.plot(np.arange(len(values)), decades, lw=1.3, zorder=2, **style)
        end = round(float(np.clip(decades[-1], low, high)), 2)
        names[end] = f"{names[end]}, {name}" if end in names else name
    previous = -np.inf
    for end in sorted(names):
        place = max(end, previous + (high - low) / 16)
        previous = place
        axes.annotate(
            names[end], (1, place), xycoords=("axes fraction", "data"), xytext=(5, 0),
            textcoords="offset points", va="center", size=8.5, color=palette.INK,
        )  # fmt: skip


def _decades(values: Values, low: float, high: float) -> Values:
    """Return log10, kept near the frame: a path wants finite numbers."""
    with np.errstate(divide="ignore"):
        return np.clip(np.log10(values), low - 2, high + 2)


def _crossings(decades: Values) -> tuple[Values, Values]:
    """Insert the points where the curve crosses 1, so that its two halves meet there."""
    lags = np.arange(len(decades), dtype=float)
    crossing = np.flatnonzero(decades[:-1] * decades[1:] < 0)
    fraction = decades[crossing] / (decades[crossing] - decades[crossing + 1])
    order = np.argsort(np.concatenate([lags, crossing + fraction]), kind="stable")
    return (
        np.concatenate([lags, crossing + fraction])[order],
        np.concatenate([decades, np.zeros(len(crossing))])[order],
    )
