r"""The Elman cell: one step of the simple recurrent network and its exact Jacobians."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from . import _checks, activations
from ._checks import Array
from .activations import Activation

__all__ = ["Elman"]

_TORCH_KEYS = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Elman:
    r"""The Elman cell, h_t = φ(a_t) with a_t = W_ih x_t + W_hh h_{t−1} + b.

    A cell is one step; :func:`bptt.unroll` is the loop. It has n hidden units and takes d inputs.
    The parameters are PyTorch's, two biases included (only their sum b = b_ih + b_hh matters). They
    are copied, kept in float64 (complex128 if complex) and cannot be changed; for a cell with
    another matrix use ``dataclasses.replace(cell, weight_hh=...)``.

    Attributes:
      weight_hh: W_hh, (n, n), from the previous state to the pre-activation.
      weight_ih: W_ih, (n, d), from the input. Default: the n × n identity, so that the input is
        added to the pre-activation as it is.
      bias_ih, bias_hh: (n,) each. Default: zero.
      activation: φ, a name or an :class:`bptt.Activation`.

    Example:
      >>> import bptt
      >>> cell = bptt.Elman([[0.0, -1.2], [0.5, 0.0]])
      >>> cell
      Elman(input_size=2, hidden_size=2, activation='tanh')
      >>> h = cell.step(x=[0.5, 0.0], state=[0.0, 0.0])
      >>> print(h.round(4))
      [0.4621 0.    ]
      >>> print(cell.jacobian(x=[0.5, 0.0], state=[0.0, 0.0]).round(4))
      [[ 0.     -0.9437]
       [ 0.5     0.    ]]

    Raises:
      ValueError: a wrong shape, a nan or an inf, or an unknown activation.
      TypeError: a parameter that is not made of numbers.

    Source: Elman 1990; Chang, the Elman recurrence (there one step later: h_{t+1} from x_t);
    A+B+C+D eq. 4 (there c_t, without bias). PyTorch: ``torch.nn.RNN``.
    """

    weight_hh: Array
    weight_ih: Array
    bias_ih: Array
    bias_hh: Array
    activation: Activation

    def __init__(
        self,
        weight_hh: ArrayLike,
        weight_ih: ArrayLike | None = None,
        bias_ih: ArrayLike | None = None,
        bias_hh: ArrayLike | None = None,
        activation: str | Activation = "tanh",
    ) -> None:
        w_hh = _checks.square("weight_hh", weight_hh)
        n = len(w_hh)
        per_unit = f"one entry for each of the n = {n} hidden units of weight_hh"
        parameters = {
            "weight_hh": w_hh,
            "weight_ih": np.eye(n)
            if weight_ih is None
            else _checks.matrix(
                "weight_ih",
                weight_ih,
                (n, "d"),
                f"one row for each of the n = {n} hidden units of weight_hh, one column per input",
            ),
            "bias_ih": np.zeros(n)
            if bias_ih is None
            else _checks.vector("bias_ih", bias_ih, n, per_unit),
            "bias_hh": np.zeros(n)
            if bias_hh is None
            else _checks.vector("bias_hh", bias_hh, n, per_unit),
        }
        for name, array in parameters.items():
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        object.__setattr__(self, "activation", activations.activation(activation))

    def __repr__(self) -> str:
        return (
            f"Elman(input_size={self.input_size}, hidden_size={self.hidden_size}, "
            f"activation={self.activation.name!r})"
        )

    @property
    def input_size(self) -> int:
        """d, the number of inputs."""
        return int(self.weight_ih.shape[1])

    @property
    def hidden_size(self) -> int:
        """n, the number of hidden units."""
        return int(self.weight_hh.shape[0])

    @property
    def bias(self) -> Array:
        """b = b_ih + b_hh, (n,)."""
        return self.bias_ih + self.bias_hh

    @classmethod
    def from_torch(
        cls, state_dict: Mapping[str, ArrayLike], activation: str | Activation = "tanh"
    ) -> Elman:
        r"""The cell with the weights of a ``torch.nn.RNN`` of one layer and one direction.

        Args:
          state_dict: a mapping with exactly the keys ``weight_ih_l0`` (n, d), ``weight_hh_l0``
            (n, n), ``bias_ih_l0`` (n,) and ``bias_hh_l0`` (n,), of anything ``numpy.asarray``
            accepts: ``rnn.state_dict()`` as it is. PyTorch itself is not needed.
          activation: a state_dict does not hold it; ``rnn.nonlinearity`` is its name.

        Example:
          >>> import bptt
          >>> cell = bptt.Elman.from_torch({
          ...     "weight_ih_l0": [[1.0], [0.0]], "weight_hh_l0": [[0.9, 5.0], [0.0, 0.9]],
          ...     "bias_ih_l0": [0.0, 0.0], "bias_hh_l0": [0.0, 0.1]}, activation="relu")
          >>> cell
          Elman(input_size=1, hidden_size=2, activation='relu')

        Raises:
          TypeError: not a mapping, or an entry that is not made of numbers.
          ValueError: a missing or an unknown key, a wrong shape, a nan or an inf.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(
                "state_dict must be a mapping with the keys "
                f"{', '.join(_TORCH_KEYS)}; got {type(state_dict).__name__}"
            )
        missing = [key for key in _TORCH_KEYS if key not in state_dict]
        unknown = [str(key) for key in state_dict if key not in _TORCH_KEYS]
        if missing or unknown:
            raise ValueError(
                f"state_dict must have exactly the keys {', '.join(_TORCH_KEYS)} (one layer, one "
                "direction; give zeros for the biases of a layer made with bias=False); "
                f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}"
            )
        return cls(
            **{key.removesuffix("_l0"): state_dict[key] for key in _TORCH_KEYS},
            activation=activation,
        )

    def to_torch(self) -> dict[str, Array]:
        r"""The parameters under PyTorch's names, as fresh arrays: the inverse of ``from_torch``.

        In PyTorch: ``rnn.load_state_dict({k: torch.from_numpy(v) for k, v in ...items()})``.

        Example:
          >>> import bptt
          >>> {name: array.shape for name, array in bptt.Elman.random(2, 3).to_torch().items()}
          {'weight_ih_l0': (3, 2), 'weight_hh_l0': (3, 3), 'bias_ih_l0': (3,), 'bias_hh_l0': (3,)}
        """
        return {key: np.array(getattr(self, key.removesuffix("_l0"))) for key in _TORCH_KEYS}

    @classmethod
    def random(
        cls,
        input_size: int,
        hidden_size: int,
        rng: int | np.random.Generator = 0,
        activation: str | Activation = "tanh",
    ) -> Elman:
        r"""A cell with PyTorch's default initialisation: every parameter from U(−1/√n, 1/√n).

        Args:
          input_size: d ≥ 1.
          hidden_size: n ≥ 1.
          rng: a seed (the same seed, the same cell) or a ``numpy.random.Generator``.
          activation: φ.

        Example:
          >>> import bptt
          >>> cell = bptt.Elman.random(input_size=8, hidden_size=64)
          >>> bool(abs(cell.weight_hh).max() <= 1 / 64**0.5)
          True

        Raises:
          TypeError: a size that is not an integer, an rng that is neither seed nor generator.
          ValueError: a size below 1, a negative seed, an unknown activation.
        """
        d = _checks.positive_integer("input_size", input_size)
        n = _checks.positive_integer("hidden_size", hidden_size)
        generator = _checks.generator("rng", rng)
        edge = 1 / np.sqrt(n)
        return cls(
            weight_ih=generator.uniform(-edge, edge, (n, d)),
            weight_hh=generator.uniform(-edge, edge, (n, n)),
            bias_ih=generator.uniform(-edge, edge, n),
            bias_hh=generator.uniform(-edge, edge, n),
            activation=activation,
        )

    def pre_activation(self, x: ArrayLike, state: ArrayLike) -> Array:
        r"""a_t = W_ih x_t + W_hh h_{t−1} + b.

        Args:
          x: x_t, (d,) or (batch, d).
          state: h_{t−1}, (n,) or (batch, n).

        Returns:
          a_t, (n,) or (batch, n).

        Example:
          >>> import bptt
          >>> print(bptt.Elman([[2.0]], bias_ih=[0.5]).pre_activation(x=[1.0], state=[-1.0]))
          [-0.5]

        Raises:
          ValueError, TypeError: x or state of a wrong shape or type, or not finite.
        """
        x_t, h = self._one_step_arguments(x, state)
        return self.recur(self.drive(x_t), h)

    def step(self, x: ArrayLike, state: ArrayLike) -> Array:
        r"""h_t = φ(W_ih x_t + W_hh h_{t−1} + b).

        Args:
          x: x_t, (d,) or (batch, d).
          state: h_{t−1}, (n,) or (batch, n).

        Returns:
          h_t, (n,) or (batch, n).

        Example:
          >>> import bptt
          >>> print(bptt.Elman([[2.0]], activation="relu").step(x=[1.0], state=[3.0]))
          [7.]

        Raises:
          ValueError, TypeError: x or state of a wrong shape or type, or not finite.
        """
        return np.asarray(self.activation(self.pre_activation(x, state)))

    def jacobian(self, x: ArrayLike, state: ArrayLike) -> Array:
        r"""The exact one-step Jacobian J_t = ∂h_t/∂h_{t−1} = diag(φ'(a_t)) W_hh.

        Numerator layout: ``jacobian[..., i, j]`` is ∂h_{t,i}/∂h_{t−1,j}. A column gradient goes one
        step back by the transpose, ∇_{h_{t−1}} L = J_tᵀ ∇_{h_t} L.

        Args:
          x: x_t, (d,) or (batch, d).
          state: h_{t−1}, (n,) or (batch, n).

        Returns:
          (n, n) or (batch, n, n).

        Example:
          >>> import bptt
          >>> cell = bptt.Elman([[0.0, 2.0], [1.0, 0.0]])
          >>> print(cell.jacobian(x=[0.0, 50.0], state=[0.0, 0.0]).round(4))  # unit 1 is saturated
          [[0. 2.]
           [0. 0.]]

        Raises:
          ValueError, TypeError: x or state of a wrong shape or type, or not finite.

        Source: A+B+C+D eq. 5; Chang, the formula f' = W_hᵀ Diag(σ_h'), there transposed;
        Pascanu, Mikolov & Bengio 2013 §2.1.
        """
        return self.jacobian_at(self.pre_activation(x, state))

    def input_jacobian(self, x: ArrayLike, state: ArrayLike) -> Array:
        r"""∂h_t/∂x_t = diag(φ'(a_t)) W_ih, numerator layout.

        Args:
          x: x_t, (d,) or (batch, d).
          state: h_{t−1}, (n,) or (batch, n).

        Returns:
          (n, d) or (batch, n, d).

        Example:
          >>> import bptt
          >>> cell = bptt.Elman([[0.5]], weight_ih=[[3.0, -1.0]], activation="sigmoid")
          >>> print(cell.input_jacobian(x=[0.0, 0.0], state=[0.0]))
          [[ 0.75 -0.25]]

        Raises:
          ValueError, TypeError: x or state of a wrong shape or type, or not finite.
        """
        slope = self.activation.derivative(self.pre_activation(x, state))
        return np.asarray(slope[..., :, None] * self.weight_ih)

    def drive(self, x: Array) -> Array:
        r"""W_ih x_t + b, the part of the pre-activation that does not wait for the state.

        For a whole sequence at once: (..., d) → (..., n). Unchecked; :func:`bptt.unroll` calls it.

        Example:
          >>> import bptt, numpy as np
          >>> bptt.Elman.random(2, 3).drive(np.zeros((7, 4, 2))).shape
          (7, 4, 3)
        """
        return np.asarray(x @ self.weight_ih.T + self.bias)

    def recur(self, drive: Array, state: Array) -> Array:
        r"""a_t = drive_t + W_hh h_{t−1}, (..., n). Unchecked; :func:`bptt.unroll` calls it.

        Example:
          >>> import bptt, numpy as np
          >>> print(bptt.Elman([[2.0]]).recur(np.array([0.5]), np.array([-1.0])))
          [-1.5]
        """
        return np.asarray(drive + state @ self.weight_hh.T)

    def jacobian_at(self, pre_activation: Array) -> Array:
        r"""diag(φ'(a)) W_hh at given pre-activations, (..., n) → (..., n, n). Unchecked.

        Example:
          >>> import bptt, numpy as np
          >>> print(bptt.Elman([[2.0]]).jacobian_at(np.array([0.0])))
          [[2.]]
        """
        return np.asarray(self.activation.derivative(pre_activation)[..., :, None] * self.weight_hh)

    def _one_step_arguments(self, x: ArrayLike, state: ArrayLike) -> tuple[Array, Array]:
        x_t = _checks.features("x", x, self.input_size, "input_size", (1, 2))
        h = _checks.features("state", state, self.hidden_size, "hidden_size", (1, 2))
        if x_t.shape[:-1] != h.shape[:-1]:
            raise ValueError(
                "x and state must have the same batch, (d,) with (n,) or (batch, d) with "
                f"(batch, n); got shapes {x_t.shape} and {h.shape}"
            )
        return x_t, h
