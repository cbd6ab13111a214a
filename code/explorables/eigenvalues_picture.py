"""The figure *eigenvalues* on paper."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.patches import Circle

from explorables import palette
from explorables.declaration import Arrays, State
from explorables.eigenvalues import Matrix
from explorables.log_axes import log_axes, name_lines

REACH = 1.62


def draw(state: State, arrays: Arrays) -> Picture:
    picture = Picture(figsize=(7.4, 3.2), layout="constrained")
    plane, chart = picture.subplots(1, 2, width_ratios=[1, 1.55])
    _draw_plane(plane, arrays["eigenvalues"], state["radius"])
    log_axes(chart, arrays["norm"], low=-8, high=4, title="norm of the Jacobian product")
    chart.set_xlabel("lag ℓ (steps back from the last, T)")
    quiet = {"color": palette.QUIET}
    name_lines(
        chart,
        {
            "bound": (arrays["bound"], {"ls": ":", **quiet}),
            r"$\sigma^\ell$": (arrays["norm_power"], {"ls": (0, (6, 2, 1, 2)), **quiet}),
            r"$\rho^\ell$": (arrays["radius_power"], {"ls": "--", "color": palette.INK}),
        },
    )
    return picture


def _draw_plane(axes: Axes, eigenvalues: Matrix, radius: float) -> None:
    axes.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.patch.set(facecolor=palette.EXPLODE_GROUND, visible=True)
    axes.add_patch(Circle((0, 0), 1, fc=palette.VANISH_GROUND, ec=palette.QUIET))
    axes.axhline(0, color=palette.RULE, lw=0.8)
    axes.axvline(0, color=palette.RULE, lw=0.8)
    colour = palette.EXPLODE if radius > 1 else palette.VANISH
    axes.add_patch(Circle((0, 0), radius, fill=False, ls="--", ec=colour))
    quiet: dict[str, Any] = {"color": palette.QUIET, "fontsize": 8}
    axes.text(REACH - 0.05, 0.06, "real", ha="right", **quiet)
    axes.text(0.06, REACH - 0.16, "imaginary", **quiet)
    axes.text(0, -1.28, "|λ| = 1", ha="center", **quiet)
    for k, (real, imaginary) in enumerate(eigenvalues):
        outside = np.hypot(real, imaginary) > 1 + 1e-12
        colour = palette.EXPLODE if outside else palette.VANISH
        axes.plot([0, real], [0, imaginary], color=colour, lw=1.2, alpha=0.6)
        axes.plot(real, imaginary, "o", color=colour, ms=8, mec=palette.PAPER, mew=1.5)
        below = k == 1
        axes.text(
            real + 0.1, imaginary - 0.26 if below else imaginary + 0.12, f"λ{'₁₂'[k]}",
            color=palette.INK, weight="bold",
        )  # fmt: skip
