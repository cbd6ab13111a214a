r"""Clipping: a bound on how far a step of gradient descent goes. It does nothing for vanishing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike

from . import _checks
from ._checks import Array

__all__ = ["clip_by_norm", "clip_by_value", "gradient_norm"]

NOT_PARAMETERS = ("input", "state")


def gradient_norm(gradients: Mapping[str, Any] | ArrayLike) -> float:
    r"""The Euclidean norm of all gradients together, √Σ g².

    Args:
      gradients: a mapping such as :func:`bptt.backward` returns, of which "input" and "state" do
        not count, or a single array.

    Example:
      >>> import bptt
      >>> bptt.gradient_norm({"w": [3.0], "b": [4.0]}), bptt.gradient_norm([3e300, 4e300])
      (5.0, 5e+300)

    Raises:
      TypeError, ValueError: gradients that are not finite numbers.
    """
    arrays = _arrays(gradients).values()
    # Scaled by the largest entry, so that a square neither overflows nor vanishes.
    largest = max((float(np.abs(array).max(initial=0.0)) for array in arrays), default=0.0)
    if largest == 0:
        return 0.0
    return largest * float(np.sqrt(sum(np.sum(np.abs(array / largest) ** 2) for array in arrays)))


@overload
def clip_by_norm(gradients: Mapping[str, Any], threshold: float) -> dict[str, Any]: ...
@overload
def clip_by_norm(gradients: ArrayLike, threshold: float) -> Array: ...
def clip_by_norm(gradients: Any, threshold: float) -> Any:
    r"""Gradients scaled down to the norm ``threshold`` if theirs is larger: the direction stays.

    Args:
      gradients: a mapping such as :func:`bptt.backward` returns, clipped by the norm of all
        parameters' gradients together ("input" and "state" are passed on as they are), or a single
        array.
      threshold: the largest norm allowed, above 0.

    Returns:
      A new mapping, or a new array.

    Example:
      >>> import bptt
      >>> print(bptt.clip_by_norm([3.0, 4.0], 1.0), bptt.clip_by_norm([0.3, 0.4], 1.0))
      [0.6 0.8] [0.3 0.4]

    Raises:
      TypeError, ValueError: gradients that are not finite numbers, a threshold that is not above 0.

    Source: Pascanu, Mikolov & Bengio 2013, algorithm 1.
    PyTorch: ``torch.nn.utils.clip_grad_norm_``, which divides by the norm plus 1e-6.
    """
    threshold = _checks.positive_real("threshold", threshold)
    norm = gradient_norm(gradients)
    factor = threshold / norm if norm > threshold else 1.0
    return _with(gradients, {key: array * factor for key, array in _arrays(gradients).items()})


@overload
def clip_by_value(gradients: Mapping[str, Any], threshold: float) -> dict[str, Any]: ...
@overload
def clip_by_value(gradients: ArrayLike, threshold: float) -> Array: ...
def clip_by_value(gradients: Any, threshold: float) -> Any:
    r"""Every entry cut to [−threshold, threshold]: this changes the direction.

    Args:
      gradients, threshold: as for :func:`clip_by_norm`.

    Returns:
      A new mapping, or a new array.

    Example:
      >>> import bptt
      >>> print(bptt.clip_by_value([100.0, 1.0], 1.0))
      [1. 1.]

    Raises:
      TypeError, ValueError: as for :func:`clip_by_norm`.

    Source: Mikolov 2012. PyTorch: ``torch.nn.utils.clip_grad_value_``.
    """
    threshold = _checks.positive_real("threshold", threshold)
    clipped = {k: np.clip(a, -threshold, threshold) for k, a in _arrays(gradients).items()}
    return _with(gradients, clipped)


def _arrays(gradients: Any) -> dict[str, Array]:
    """The parameters' gradients, checked; a single array under the name "gradients"."""
    if not isinstance(gradients, Mapping):
        return {"gradients": _checks.numbers("gradients", gradients, single=True)}
    return {
        name: _checks.numbers(f"gradients[{name!r}]", value, single=True)
        for name, value in gradients.items()
        if name not in NOT_PARAMETERS
    }


def _with(gradients: Any, clipped: dict[str, Array]) -> Any:
    return {**gradients, **clipped} if isinstance(gradients, Mapping) else clipped["gradients"]
