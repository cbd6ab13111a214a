r"""What every recurrent cell has in common: its parameters, one step, and how a gradient goes back.

Inside the package arrays are *feature-major*, (time, block, unit, batch): the k blocks of a gated
cell lie one behind the other, so that one product with all the stacked weights makes a whole step,
and what is done element by element runs through memory in one go. What users see is PyTorch's
(T, batch, features).

A cell answers four questions, and :func:`bptt.unroll`, :func:`bptt.backward` and
:func:`bptt.jacobians` ask nothing else:

* ``trace``, ``steps``, ``advance``: what is remembered of a run, and one step forward;
* ``linearise``: the elementwise derivatives at every step of a run;
* ``pull``: a gradient one step back, through those;
* ``jacobian_at``: the same as a matrix.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from . import _checks, initialise
from ._checks import Array

__all__ = ["Cell", "Linear"]

State = tuple[Array, ...]
FOR_W_HH = ("glorot_uniform", "glorot_normal", "orthogonal", "identity", "gaussian")


class Linear(NamedTuple):
    """One step of a cell with the state h: dh_t = direct ⊙ dh_{t−1} + Σ_q via_q ⊙ da_q.

    a_q = W_hq h_{t−1} + W_xq x_t + b_q is the pre-activation of block q. Leading axes are kept: all
    steps of a run together, or one.

    Attributes:
      via: ∂h_t/∂a_q, diagonal matrices stored as vectors, (..., k, n, batch).
      direct: ∂h_t/∂h_{t−1} with every a_q held fixed, (..., n, batch), diagonal too; what a leaky
        or a gated unit passes on without a weight matrix. None if there is no such path.
    """

    via: Array
    direct: Array | None = None


class Cell:
    r"""A recurrent cell: one step from x_t and the previous state to the next state.

    Not made directly; the cells are its subclasses. All have PyTorch's four parameters, with the
    rows of their k blocks (the gates, or a single one) stacked:

    Attributes:
      weight_hh: (k·n, n), from the previous h.
      weight_ih: (k·n, d), from the input.
      bias_ih, bias_hh: (k·n,) each.
    """

    weight_hh: Array
    weight_ih: Array
    bias_ih: Array
    bias_hh: Array

    state_names: ClassVar[tuple[str, ...]] = ("h",)
    _required: ClassVar[tuple[str, ...]] = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    _optional: ClassVar[tuple[str, ...]] = ()
    # Which blocks of the pre-activations see h, and which see x; all, but for the GRU.
    _from_h: ClassVar[slice] = slice(None)
    _from_x: ClassVar[slice] = slice(None)

    @property
    def blocks(self) -> str:
        """The k stacked blocks, one letter each, in PyTorch's order."""
        raise NotImplementedError

    def _set(self, **parameters: ArrayLike | None) -> None:
        """Check, copy and lock what the constructor was given; the class is frozen."""
        k = len(self.blocks)
        w_hh = _checks.stacked_square("weight_hh", parameters.pop("weight_hh"), self.blocks)  # type: ignore[arg-type]
        rows, n = w_hh.shape
        per_row = f"one entry for each row of weight_hh, which has {rows}"
        checked = {"weight_hh": w_hh}
        w_ih = parameters.pop("weight_ih")
        checked["weight_ih"] = (
            np.tile(np.eye(n, dtype=w_hh.dtype), (k, 1))
            if w_ih is None
            else _checks.matrix(
                "weight_ih",
                w_ih,
                (rows, "d"),
                f"one row for each of the n = {n} hidden units of weight_hh, one column per input"
                if k == 1
                else f"{k} blocks ({', '.join(self.blocks)}) of n = {n} rows, one column per input",
            )
        )
        for name, value in parameters.items():
            checked[name] = (
                np.zeros(rows, w_hh.dtype)
                if value is None
                else _checks.vector(name, value, rows, per_row)
            )
        for name, array in checked.items():
            self._keep(name, array)

    def _keep(self, name: str, array: Array) -> None:
        array.setflags(write=False)
        object.__setattr__(self, name, array)

    def __repr__(self) -> str:
        options = "".join(f", {name}={value!r}" for name, value in self._options().items())
        return (
            f"{type(self).__name__}(input_size={self.input_size}, "
            f"hidden_size={self.hidden_size}{options})"
        )

    def _options(self) -> dict[str, object]:
        """What is shown beside the sizes, and given again to make the same kind of cell."""
        return {}

    @property
    def input_size(self) -> int:
        """d, the number of inputs."""
        return int(self.weight_ih.shape[1])

    @property
    def hidden_size(self) -> int:
        """n, the number of hidden units."""
        return int(self.weight_hh.shape[1])

    @property
    def bias(self) -> Array:
        """b = b_ih + b_hh, (k·n,)."""
        return self.bias_ih + self.bias_hh

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64, or complex128 or float32 if the parameters are."""
        return np.result_type(*self.parameters().values())

    def parameters(self) -> dict[str, Array]:
        """Every array that can be learned, by its attribute's name, in PyTorch's order."""
        names = (*self._required, *self._optional)
        return {name: array for name in names if (array := getattr(self, name)) is not None}

    def astype(self, dtype: DTypeLike) -> Self:
        """The same cell with its parameters in another precision: float32, float64, complex128.

        A run is computed in float32 if the cell and the inputs both are, in float64 otherwise.

        Example:
          >>> import bptt, numpy as np
          >>> cell = bptt.LSTM.random(2, 3).astype(np.float32)
          >>> bptt.unroll(cell, np.zeros((5, 2), np.float32)).outputs.dtype
          dtype('float32')
        """
        cast = {name: array.astype(dtype) for name, array in self.parameters().items()}
        return type(self)(**cast, **self._options())

    @classmethod
    def from_torch(cls, state_dict: Mapping[str, ArrayLike], **options: Any) -> Self:
        r"""The cell with the weights of a PyTorch layer: one layer, one direction.

        Args:
          state_dict: a mapping with exactly the keys ``weight_ih_l0`` (k·n, d), ``weight_hh_l0``
            (k·n, n), ``bias_ih_l0`` and ``bias_hh_l0`` (k·n,), of anything ``numpy.asarray``
            accepts: ``rnn.state_dict()`` as it is. PyTorch itself is not needed. k is 1 for
            ``torch.nn.RNN``, 4 for ``LSTM``, 3 for ``GRU``.
          options: what the constructor takes besides, such as ``activation``: a state_dict does not
            hold it.

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
        required = [f"{name}_l0" for name in cls._required]
        allowed = [*required, *(f"{name}_l0" for name in cls._optional)]
        if not isinstance(state_dict, Mapping):
            raise TypeError(
                "state_dict must be a mapping with the keys "
                f"{', '.join(required)}; got {type(state_dict).__name__}"
            )
        missing = [key for key in required if key not in state_dict]
        unknown = [str(key) for key in state_dict if key not in allowed]
        if missing or unknown:
            raise ValueError(
                f"state_dict must have exactly the keys {', '.join(required)} (one layer, one "
                "direction; give zeros for the biases of a layer made with bias=False); "
                f"missing: {', '.join(missing) or 'none'}; unknown: {', '.join(unknown) or 'none'}"
            )
        return cls(**{key.removesuffix("_l0"): state_dict[key] for key in state_dict}, **options)

    def to_torch(self) -> dict[str, Array]:
        r"""The parameters under PyTorch's names, as fresh arrays: the inverse of ``from_torch``.

        In PyTorch: ``rnn.load_state_dict({k: torch.from_numpy(v) for k, v in ...items()})``.

        Example:
          >>> import bptt
          >>> {name: array.shape for name, array in bptt.Elman.random(2, 3).to_torch().items()}
          {'weight_ih_l0': (3, 2), 'weight_hh_l0': (3, 3), 'bias_ih_l0': (3,), 'bias_hh_l0': (3,)}
        """
        return {f"{name}_l0": np.array(array) for name, array in self.parameters().items()}

    # One step, as a run of length one.

    def pre_activation(self, x: ArrayLike, state: Any) -> Array:
        r"""a_t, what the non-linearities are applied to.

        Args:
          x: x_t, (d,) or (batch, d).
          state: h_{t−1}, (n,) or (batch, n); for an LSTM the pair (h_{t−1}, c_{t−1}).

        Returns:
          a_t, (k·n,) or (batch, k·n), the blocks in the order of :attr:`blocks`.

        Example:
          >>> import bptt
          >>> print(bptt.Elman([[2.0]], bias_ih=[0.5]).pre_activation(x=[1.0], state=[-1.0]))
          [-0.5]

        Raises:
          ValueError, TypeError: x or state of a wrong shape or type, or not finite.
        """
        return np.array(self._one_step(x, state).pre_activations[0])

    def step(self, x: ArrayLike, state: Any) -> Any:
        r"""The next state: h_t, or (h_t, c_t).

        Args:
          x: x_t, (d,) or (batch, d).
          state: h_{t−1}, (n,) or (batch, n); for an LSTM the pair (h_{t−1}, c_{t−1}).

        Returns:
          What ``state`` is.

        Example:
          >>> import bptt
          >>> print(bptt.Elman([[2.0]], activation="relu").step(x=[1.0], state=[3.0]))
          [7.]

        Raises:
          ValueError, TypeError: x or state of a wrong shape or type, or not finite.
        """
        return self._one_step(x, state).state

    def jacobian(self, x: ArrayLike, state: Any) -> Array:
        r"""The exact one-step Jacobian of the state, ∂s_t/∂s_{t−1}; s = h, or (h, c) stacked.

        Numerator layout: ``jacobian[..., i, j]`` is ∂s_{t,i}/∂s_{t−1,j}. A column gradient goes one
        step back by the transpose. For :class:`bptt.Elman` it is diag(φ'(a_t)) W_hh.

        Args:
          x: x_t, (d,) or (batch, d).
          state: h_{t−1}, (n,) or (batch, n); for an LSTM the pair (h_{t−1}, c_{t−1}).

        Returns:
          (s, s) or (batch, s, s), s = n or 2n.

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
        run = self._one_step(x, state)
        J = self.jacobian_at(self.linearise(run.trace))[0]
        return np.array(J if run.batched else J[0])

    def input_jacobian(self, x: ArrayLike, state: Any) -> Array:
        r"""∂s_t/∂x_t, numerator layout. For :class:`bptt.Elman` it is diag(φ'(a_t)) W_ih.

        Args:
          x: x_t, (d,) or (batch, d).
          state: h_{t−1}, (n,) or (batch, n); for an LSTM the pair (h_{t−1}, c_{t−1}).

        Returns:
          (s, d) or (batch, s, d), s = n or 2n.

        Example:
          >>> import bptt
          >>> cell = bptt.Elman([[0.5]], weight_ih=[[3.0, -1.0]], activation="sigmoid")
          >>> print(cell.input_jacobian(x=[0.0, 0.0], state=[0.0]))
          [[ 0.75 -0.25]]

        Raises:
          ValueError, TypeError: x or state of a wrong shape or type, or not finite.
        """
        run = self._one_step(x, state)
        delta = self.pull_every_entry(run.trace)  # (s, 1, k', n, batch)
        rows = delta[:, 0, self._from_x].reshape(len(delta), -1, delta.shape[-1])
        J = np.einsum("srb,rd->bsd", rows, self.weight_ih)
        return np.array(J if run.batched else J[0])

    def _one_step(self, x: ArrayLike, state: Any) -> Any:
        from .unroll import roll

        n = self.hidden_size
        x_t = _checks.features("x", x, self.input_size, "input_size", (1, 2))
        parts = _checks.state_parts("state", state, self.state_names)
        h = [_checks.features(name, part, n, "hidden_size", (1, 2)) for name, part in parts]
        for part in h:
            if x_t.shape[:-1] != part.shape[:-1]:
                raise ValueError(
                    "x and state must have the same batch, (d,) with (n,) or (batch, d) with "
                    f"(batch, n); got shapes {x_t.shape} and {part.shape}"
                )
        return roll(self, x_t[None], h)

    # What unroll and backward ask: feature-major and unchecked.

    def trace(self, x: Array, state: State) -> Any:
        """Room for a run: x is (T, d, batch), each part of the state (n, batch)."""
        raise NotImplementedError

    def steps(self, trace: Any) -> Iterable[tuple[Any, ...]]:
        """For each step the arguments of :meth:`advance`: views into the trace."""
        raise NotImplementedError

    def advance(self, step: tuple[Any, ...]) -> None:
        """One step forward, written into the views."""
        raise NotImplementedError

    def states(self, trace: Any) -> State:
        """Each part of the state at t = 0 … T, (T+1, n, batch)."""
        return (trace.z[:, : self.hidden_size],)

    def linearise(self, trace: Any) -> Any:
        """The elementwise derivatives at every step, all steps at once."""
        raise NotImplementedError

    def back(self, dtype: np.dtype[Any]) -> Any:
        """What :meth:`pull` multiplies by: W_hhᵀ."""
        return np.ascontiguousarray(self._hidden_weight().T, dtype)

    def pull(self, back: Any, d_state: State, delta: Array, factors: Sequence[Array]) -> State:
        """From ∇_{s_t} L to ∇_{s_{t−1}} L; what arrives at the pre-activations goes into ``delta``.

        The same for one step, (n, batch), and for all steps side by side, (T, n, batch).
        """
        (d_h,), (via, *direct) = d_state, factors
        np.multiply(via, d_h[..., None, :, :], delta)
        d_before = product(back, delta[..., self._from_h, :, :])
        for keep in direct:
            d_before += keep * d_h
        return (d_before,)

    def jacobian_at(self, linear: Any) -> Array:
        """The linearised steps as matrices, (T, batch, s, s)."""
        J = combined(linear.via[:, self._from_h], self._hidden_weight())
        if linear.direct is not None:
            add_to_diagonal(J, linear.direct)
        return J

    def weight_gradients(self, trace: Any, delta: Array) -> dict[str, Array]:
        """Σ_t δ_t [h_{t−1}; x_t; 1]ᵀ by parameters; over the steps that δ is given for."""
        n, k = self.hidden_size, delta.shape[1]
        total = summed_products(flat(delta), trace.z[: len(delta)])
        blocks = total.reshape(k, n, -1)
        from_h = self._from_internal(blocks[self._from_h])
        from_x = blocks[self._from_x].reshape(-1, total.shape[1])
        return {
            "weight_ih": from_x[:, n:-1],
            "weight_hh": from_h[:, :n],
            "bias_ih": from_x[:, -1],
            "bias_hh": from_h[:, -1],
            **self._other_gradients(trace, delta),
        }

    def _other_gradients(self, trace: Any, delta: Array) -> dict[str, Array]:
        return {}

    def input_gradient(self, delta: Array) -> Array:
        """Σ_q W_xqᵀ δ^q for every step, (T, d, batch)."""
        return np.asarray(np.matmul(self.weight_ih.T, flat(delta[:, self._from_x])))

    def pull_every_entry(self, trace: Any) -> Array:
        """∂s_{t,j}/∂a_t for each entry j of the state, (s, T, k', n, batch)."""
        linear = present(self.linearise(trace))
        n, parts, T, batch = (
            self.hidden_size,
            len(self.state_names),
            len(trace.a),
            trace.a.shape[-1],
        )
        back = self.back(trace.a.dtype)
        result = np.zeros((parts * n, *self.delta_shape(trace)), trace.a.dtype)
        for j, delta in enumerate(result):
            unit = np.zeros((parts, T, n, batch), trace.a.dtype)
            unit[j // n, :, j % n] = 1.0
            self.pull(back, tuple(unit), delta, linear)
        return result

    def delta_shape(self, trace: Any) -> tuple[int, ...]:
        """Of what :meth:`pull` fills, for all steps: (T, k', n, batch)."""
        shape: tuple[int, ...] = trace.a.shape
        return shape

    def _hidden_weight(self) -> Array:
        """W_hh, its blocks in the order of the pre-activations."""
        return self.weight_hh

    def _from_internal(self, blocks: Array) -> Array:
        """Rows of a gradient by W_hh or b_hh, back in PyTorch's order of blocks."""
        return blocks.reshape(-1, blocks.shape[-1])

    def _stacked_weight(self, dtype: np.dtype[Any]) -> Array:
        """[W_hh, W_ih, b]: one product with [h_{t−1}; x_t; 1] makes the pre-activations."""
        # The sum of two float32 biases in float32 would already be rounded.
        bias = self.bias_ih.astype(dtype) + self.bias_hh
        return np.concatenate([self.weight_hh, self.weight_ih, bias[:, None]], axis=1, dtype=dtype)


def random_parameters(
    input_size: int,
    hidden_size: int,
    blocks: int,
    generator: np.random.Generator,
    init: str = "torch",
) -> dict[str, Array]:
    """PyTorch's four parameters for k blocks; checks the sizes.

    Everything is drawn from U(−1/√n, 1/√n); then ``init`` may name another initialisation for W_hh,
    applied to each of its square blocks.
    """
    d = _checks.positive_integer("input_size", input_size)
    n = _checks.positive_integer("hidden_size", hidden_size)
    _checks.one_of("init", init, ("torch", *FOR_W_HH))
    shapes = {
        "weight_ih": (blocks * n, d),
        "weight_hh": (blocks * n, n),
        "bias_ih": (blocks * n,),
        "bias_hh": (blocks * n,),
    }
    parameters = {name: initialise.uniform(s, generator, n) for name, s in shapes.items()}
    if init != "torch":
        draw = getattr(initialise, init)
        parameters["weight_hh"] = np.concatenate([draw((n, n), generator) for _ in range(blocks)])
    return parameters


def during(trace: Any, start: int, stop: int) -> Any:
    """The trace of the steps start + 1 … stop, as if they were the whole run; views."""
    T = len(trace.a)
    # An array with an entry more than there are steps holds the states at both ends of a step.
    return type(trace)(*(part[start : stop + len(part) - T] for part in trace))


def room(x: Array, h: Array, *shapes: tuple[int, ...]) -> list[Array]:
    """[h_{t−1}; x_t; 1] for t = 1 … T+1, (T+1, n+d+1, batch), and empty arrays of other shapes.

    h is the initial state; h_1 … h_T are yet to be written. All are cut from one block: what a run
    needs is large, and to get fresh pages from the operating system takes as long as to compute on
    them; one block is more likely to be handed out again than several.
    """
    (T, d, batch), n = x.shape, len(h)
    every = [(T + 1, n + d + 1, batch), *shapes]
    ends = np.cumsum([np.prod(shape) for shape in every])
    pieces = np.split(np.empty(ends[-1], x.dtype), ends[:-1])
    z, *rest = (piece.reshape(shape) for piece, shape in zip(pieces, every, strict=True))
    z[0, :n] = h
    z[:T, n:-1] = x
    z[T, n:-1] = 0.0  # there is no x_{T+1}
    z[:, -1] = 1.0
    return [z, *rest]


def blend_into(h: Array, keep: Array, h_before: Array, new: Array) -> None:
    """h_t = n + z ⊙ (h_{t−1} − n), which is (1 − z) ⊙ n + z ⊙ h_{t−1}: z keeps."""
    np.subtract(h_before, new, h)
    h *= keep
    h += new


def combined(via: Array, weight: Array) -> Array:
    """Σ_q diag(via_q) W_q for every step: (T, k, n, batch) and (k·n, m) → (T, batch, n, m).

    Row i of the result is Σ_q via_{q,i} W_q[i]: for each unit one product of width k over all steps
    and sequences.
    """
    T, k, n, batch = via.shape
    m = weight.shape[1]
    if k == 1:  # a product of width 1 is a product of numbers
        return np.asarray(via[:, 0].swapaxes(1, 2)[..., None] * weight)
    J = np.empty((T * batch, n, m), np.result_type(via, weight))
    coefficients = via.transpose(2, 0, 3, 1).reshape(n, T * batch, k)
    np.matmul(coefficients, weight.reshape(k, n, m).transpose(1, 0, 2), out=J.transpose(1, 0, 2))
    return J.reshape(T, batch, n, m)


def add_to_diagonal(J: Array, values: Array) -> None:
    """Add a vector for each step, (T, n, batch), to the diagonals of (T, batch, n, n)."""
    units = np.arange(J.shape[-1])
    J[..., units, units] += values.swapaxes(1, 2)


def present(linear: Iterable[Array | None]) -> list[Array]:
    """The factors of :meth:`Cell.pull` that there are."""
    return [factor for factor in linear if factor is not None]


def product(weight: Array, blocks: Array) -> Array:
    """``weight`` times the stacked blocks, (..., k, n, batch), of one step or of many."""
    result: Array = (
        weight.dot(blocks.reshape(-1, blocks.shape[-1]))  # a third of matmul's overhead
        if blocks.ndim == 3
        else np.matmul(weight, flat(blocks))
    )
    return result


def summed_products(delta: Array, z: Array) -> Array:
    """Σ δ_t z_tᵀ over steps and batch, (T, rows, batch) and (T, columns, batch) → (rows, columns).

    One product of two matrices whose columns are all the steps of all sequences.
    """
    rows, columns = (a.swapaxes(0, 1).reshape(a.shape[1], -1) for a in (delta, z))
    return np.asarray(rows.dot(columns.T))


def flat(blocks: Array) -> Array:
    """(..., k, n, batch) → (..., k·n, batch)."""
    *leading, k, n, batch = blocks.shape
    return blocks.reshape(*leading, k * n, batch)
