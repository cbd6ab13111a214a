r"""Models of sequences without and with a memory, the list that opens Milano.

Memoryless, that is without a hidden state: they see the last p values of the sequence and nothing
before. :class:`AutoRegression` is linear, :class:`Window` a feed-forward network.

With memory: :class:`LinearDynamicalSystem` has a real-valued hidden state,
:class:`HiddenMarkovModel` one of N discrete ones. Both are stochastic and their state is inferred,
by a filter that is itself a recurrence: its one-step Jacobians go through :func:`bptt.products` and
:func:`bptt.lag_norms` like those of any cell, and show how fast it forgets where it started. (The
third model with memory, the recurrent network, is the rest of this package.)

Sequences are single: (T,) or (T, features), ``x[t - 1]`` is x_t.

Example:
  An echo after seven steps needs a window of seven:

  >>> import numpy as np
  >>> from bptt.memory import AutoRegression
  >>> x = np.tile(np.random.default_rng(0).normal(size=7), 30)          # x_t = x_{t−7}
  >>> for p in 6, 7:
  ...     error = x[p:] - AutoRegression.fit(x, p).predict(x)[p:]
  ...     print(p, bool(abs(error).max() < 1e-12))
  6 False
  7 True
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from . import _checks
from ._checks import Array
from .activations import Activation
from .activations import activation as _find_activation

__all__ = [
    "AutoRegression",
    "Filtered",
    "HiddenMarkovModel",
    "LinearDynamicalSystem",
    "Window",
    "delays",
]


def delays(x: ArrayLike, order: int) -> Array:
    r"""All that a memoryless model sees: row t is (x_{t−1}, x_{t−2}, …, x_{t−p}).

    What lies before the sequence counts as zero.

    Args:
      x: (T,) or (T, d).
      order: p ≥ 1, the length of the window.

    Returns:
      (T, p) or (T, p, d); ``delays(x, p)[t - 1, i - 1]`` is x_{t−i}.

    Example:
      >>> from bptt.memory import delays
      >>> print(delays([1.0, 2.0, 3.0, 4.0], order=2))
      [[0. 0.]
       [1. 0.]
       [2. 1.]
       [3. 2.]]

    Raises:
      ValueError: x of a wrong shape, empty, or not finite; an order below 1.
      TypeError: x not made of numbers, an order that is not an integer.
    """
    sequence = _sequence("x", x, (1, 2))
    p = _checks.positive_integer("order", order)
    padded = np.concatenate([np.zeros((p, *sequence.shape[1:])), sequence])
    T = len(sequence)
    return np.stack([padded[p - i : p - i + T] for i in range(1, p + 1)], axis=1)


@dataclass(frozen=True, eq=False)
class AutoRegression:
    r"""The autoregressive model AR(p), x_t = Σ_{i=1}^p a_i x_{t−i} + ε_t.

    Its memory is the window of the last p values. (Fed back its own predictions, its response to
    one impulse can be infinite all the same; see :meth:`impulse_response`.)

    Attributes:
      coefficients: a_1 … a_p, (p,).

    Example:
      >>> from bptt.memory import AutoRegression
      >>> model = AutoRegression([0.5, 0.25])
      >>> print(model.predict([4.0, 8.0, 0.0]))      # from what came before each
      [0. 2. 5.]

    Raises:
      ValueError: coefficients empty, not a vector, or not finite.
      TypeError: coefficients not made of numbers.

    Source: Milano, "Memoryless models: autoregressive models".
    """

    coefficients: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "coefficients", _sequence("coefficients", self.coefficients, (1,)))

    @classmethod
    def fit(cls, x: ArrayLike, order: int) -> AutoRegression:
        r"""The AR(p) model with the least squared error on a sequence, a = argmin ‖x − X a‖².

        Only those steps count whose whole window lies in the sequence, t = p+1 … T. If many
        coefficients fit equally well, the shortest vector of them.

        Args:
          x: (T,).
          order: p, with 2p ≤ T, so that there are at least as many steps as coefficients.

        Example:
          >>> from bptt.memory import AutoRegression
          >>> print(AutoRegression.fit(0.5 ** np.arange(10), order=1).coefficients.round(12))
          [0.5]

        Raises:
          ValueError: x not a vector, too short for this order, or not finite; an order below 1.
          TypeError: x not made of numbers, an order that is not an integer.
        """
        sequence = _sequence("x", x, (1,))
        p = _checks.positive_integer("order", order)
        if len(sequence) < 2 * p:
            raise ValueError(
                f"x must have at least 2 order = {2 * p} steps to fit {p} coefficients; "
                f"got {len(sequence)}"
            )
        windows = delays(sequence, p)[p:]
        return cls(np.linalg.lstsq(windows, sequence[p:], rcond=None)[0])

    def predict(self, x: ArrayLike) -> Array:
        r"""x̂_t = Σ_i a_i x_{t−i} for t = 1 … T, each from the true values before it.

        Args:
          x: (T,).

        Returns:
          (T,); what lies before the sequence counts as zero.

        Example:
          >>> from bptt.memory import AutoRegression
          >>> print(AutoRegression([2.0]).predict([1.0, 10.0, 100.0]))
          [ 0.  2. 20.]

        Raises:
          ValueError, TypeError: x not a vector of finite numbers.
        """
        windows = delays(_sequence("x", x, (1,)), len(self.coefficients))
        return np.asarray(windows @ self.coefficients)

    def impulse_response(self, steps: int) -> Array:
        r"""x_0, x_1, … after the one innovation ε_0 = 1: ∂x_t/∂ε_0; for AR(1) it is a^t.

        Args:
          steps: how many values.

        Returns:
          (steps,).

        Example:
          >>> from bptt.memory import AutoRegression
          >>> print(AutoRegression([0.0, 0.5]).impulse_response(5))
          [1.   0.   0.5  0.   0.25]

        Raises:
          ValueError, TypeError: steps not an integer of at least 1.
        """
        p = len(self.coefficients)
        response = np.zeros(p + _checks.positive_integer("steps", steps))
        response[p] = 1.0
        for t in range(p + 1, len(response)):
            response[t] = self.coefficients @ response[t - p : t][::-1]
        return response[p:]


@dataclass(frozen=True, eq=False)
class Window:
    r"""A feed-forward network on a window, y_t = W_out φ(Σ_i W_i x_{t−i} + b), i = 1 … p.

    The non-linear AR(p): it can only ever use the last p inputs, ∂y_t/∂x_{t−i} = 0 for i > p.

    Attributes:
      weight_in: W_1 … W_p, (p, m, d), for m hidden units and d inputs.
      weight_out: W_out, (q, m).
      bias: b, (m,).
      activation: φ, a name or an :class:`bptt.Activation`.

    Example:
      >>> from bptt.memory import Window
      >>> net = Window([[[1.0]], [[-1.0]]], weight_out=[[1.0]], bias=[0.0], activation="relu")
      >>> print(net.outputs([[1.0], [3.0], [2.0], [0.0]])[:, 0])          # how much it has risen
      [0. 1. 2. 0.]

    Raises:
      ValueError: a wrong shape, a nan or an inf, or an unknown activation.
      TypeError: a parameter that is not made of numbers.

    Source: Milano, "Memoryless models: feedforward neural networks".
    """

    weight_in: Array
    weight_out: Array
    bias: Array
    activation: str | Activation = "tanh"

    def __post_init__(self) -> None:
        W = _checks.numbers("weight_in", self.weight_in)
        if W.ndim != 3 or W.size == 0:
            raise ValueError(
                "weight_in must have shape (p, m, d), a matrix from the d inputs to the m hidden "
                f"units for each of the p delays; got shape {W.shape}"
            )
        m = W.shape[1]
        per_unit = f"one entry for each of the m = {m} hidden units"
        object.__setattr__(self, "weight_in", W)
        object.__setattr__(
            self, "weight_out", _checks.matrix("weight_out", self.weight_out, ("q", m), per_unit)
        )
        object.__setattr__(self, "bias", _checks.vector("bias", self.bias, m, per_unit))
        object.__setattr__(self, "activation", _find_activation(self.activation))

    def outputs(self, x: ArrayLike) -> Array:
        r"""y_t for t = 1 … T.

        Args:
          x: (T, d); what lies before counts as zero.

        Returns:
          (T, q).

        Example:
          >>> from bptt.memory import Window
          >>> Window([[[0.5]]], [[2.0]], [0.0], "identity").outputs([[1.0], [0.0]]).tolist()
          [[0.0], [1.0]]

        Raises:
          ValueError, TypeError: x of a wrong shape or type, or not finite.
        """
        phi = _find_activation(self.activation)
        return np.asarray(phi(self._pre_activations(x)) @ self.weight_out.T)

    def jacobians(self, x: ArrayLike) -> Array:
        r"""∂y_t/∂x_{t−i} = W_out diag(φ'(a_t)) W_i for i = 1 … p; for i > p it is 0.

        Args:
          x: (T, d).

        Returns:
          (T, p, q, d), entry [t − 1, i − 1].

        Example:
          >>> from bptt.memory import Window
          >>> net = Window([[[0.5]], [[3.0]]], [[2.0]], [0.0], "identity")
          >>> net.jacobians([[1.0], [0.0], [0.0]])[2, :, 0, 0].tolist()
          [1.0, 6.0]

        Raises:
          ValueError, TypeError: x of a wrong shape or type, or not finite.
        """
        slopes = _find_activation(self.activation).derivative(self._pre_activations(x))
        return np.asarray(np.einsum("qm,tm,imd->tiqd", self.weight_out, slopes, self.weight_in))

    def _pre_activations(self, x: ArrayLike) -> Array:
        p, _, d = self.weight_in.shape
        inputs = _features("x", x, d, "the columns of weight_in")
        return np.asarray(np.einsum("tid,imd->tm", delays(inputs, p), self.weight_in) + self.bias)


@dataclass(frozen=True)
class Filtered:
    r"""What :meth:`LinearDynamicalSystem.filter` found.

    Attributes:
      means: E[h_t | y_1 … y_t], (T, n).
      covariances: Cov[h_t | y_1 … y_t], (T, n, n).
      gains: K_t, (T, n, q), by how much an error in y_t corrects h_t.
      jacobians: ∂means_t/∂means_{t−1} = (I − K_t C) A, (T, n, n).

    Example:
      >>> from bptt.memory import LinearDynamicalSystem
      >>> system = LinearDynamicalSystem([[0.5]], [[1.0]], [[1.0]], [[1.0]], [[1.0]])
      >>> print(system.filter(x=[[0.0]], y=[[2.0]]).gains)
      [[[0.5]]]
    """

    means: Array
    covariances: Array
    gains: Array
    jacobians: Array


@dataclass(frozen=True, eq=False)
class LinearDynamicalSystem:
    r"""h_t = A h_{t−1} + B x_t + w_t,  y_t = C h_t + v_t,  with w_t ~ N(0, Q), v_t ~ N(0, R).

    Without the noise it is the linear recurrent network, ∂h_t/∂h_k = A^{t−k}.

    Attributes:
      A: (n, n), from state to state.
      B: (n, d), from the input.
      C: (q, n), to the observation.
      Q: (n, n), covariance of the noise in the state; symmetric, no negative eigenvalue.
      R: (q, q), covariance of the noise in the observation; symmetric, positive eigenvalues.

    Example:
      >>> from bptt.memory import LinearDynamicalSystem
      >>> system = LinearDynamicalSystem(A=[[0.5]], B=[[1.0]], C=[[2.0]], Q=[[0.0]], R=[[1.0]])
      >>> print(system.impulse_response(4)[:, 0, 0])
      [2.   1.   0.5  0.25]

    Raises:
      ValueError: a wrong shape, a nan or an inf; a Q or R that is no covariance.
      TypeError: a parameter that is not made of real numbers.

    Source: Milano, "Models with memory: linear dynamical systems"; Kalman 1960.
    """

    A: Array
    B: Array
    C: Array
    Q: Array
    R: Array

    def __post_init__(self) -> None:
        A = _checks.square("A", self.A)
        n = len(A)
        B = _checks.matrix("B", self.B, (n, "d"), f"one row for each of the n = {n} states of A")
        C = _checks.matrix("C", self.C, ("q", n), f"one column for each of the n = {n} states of A")
        q = len(C)
        Q = _checks.matrix("Q", self.Q, (n, n), f"a covariance of the n = {n} states of A")
        R = _checks.matrix("R", self.R, (q, q), f"a covariance of the q = {q} rows of C")
        for name, value in {"A": A, "B": B, "C": C, "Q": Q, "R": R}.items():
            if value.dtype.kind == "c":
                raise TypeError(f"{name} must be made of real numbers; got complex ones")
            object.__setattr__(self, name, value)
        for name, value in {"Q": Q, "R": R}.items():
            _check_covariance(name, value, positive=name == "R")

    def means(self, x: ArrayLike, state: ArrayLike | None = None) -> Array:
        r"""E[h_t] = A E[h_{t−1}] + B x_t for t = 1 … T: the linear recurrent network.

        Args:
          x: (T, d).
          state: E[h_0], (n,). Default: zeros.

        Returns:
          (T, n).

        Example:
          >>> from bptt.memory import LinearDynamicalSystem
          >>> system = LinearDynamicalSystem([[0.5]], [[1.0]], [[1.0]], [[1.0]], [[1.0]])
          >>> print(system.means([[1.0], [0.0], [0.0]])[:, 0])
          [1.   0.5  0.25]

        Raises:
          ValueError, TypeError: x or state of a wrong shape or type, or not finite.
        """
        inputs = _features("x", x, self.B.shape[1], "the columns of B")
        h = self._state(state)
        means = np.empty((len(inputs), len(h)))
        for t, drive in enumerate(inputs @ self.B.T):
            means[t] = h = self.A @ h + drive
        return means

    def impulse_response(self, steps: int) -> Array:
        r"""∂E[y_t]/∂x_{t−k} = C A^k B for k = 0 … steps − 1: an exponential tail, no window.

        Args:
          steps: how many lags k.

        Returns:
          (steps, q, d).

        Example:
          >>> from bptt.memory import LinearDynamicalSystem
          >>> oscillator = LinearDynamicalSystem([[0, -1], [1, 0]], [[1], [0]], [[1, 0]],
          ...                                    [[0, 0], [0, 0]], [[1]])
          >>> print(oscillator.impulse_response(5)[:, 0, 0])
          [ 1.  0. -1.  0.  1.]

        Raises:
          ValueError, TypeError: steps not an integer of at least 1.
        """
        count = _checks.positive_integer("steps", steps)
        responses = np.empty((count, len(self.C), self.B.shape[1]))
        moved = self.B
        for k in range(count):
            responses[k] = self.C @ moved
            moved = self.A @ moved
        return responses

    def filter(
        self,
        x: ArrayLike,
        y: ArrayLike,
        mean: ArrayLike | None = None,
        covariance: ArrayLike | None = None,
    ) -> Filtered:
        r"""The Kalman filter: what y_1 … y_t say about h_t.

        Predict, m⁻ = A m + B x_t and P⁻ = A P Aᵀ + Q; then correct, with the gain
        K_t = P⁻Cᵀ (C P⁻ Cᵀ + R)⁻¹:  m = m⁻ + K_t (y_t − C m⁻),
        P = (I − K_t C) P⁻ (I − K_t C)ᵀ + K_t R K_tᵀ (Joseph's form, which stays a covariance).

        Args:
          x: inputs, (T, d).
          y: observations, (T, q).
          mean, covariance: of h_0, (n,) and (n, n). Default: zeros, h_0 = 0 for sure.

        Returns:
          A :class:`Filtered`.

        Example:
          >>> import numpy as np
          >>> from bptt.memory import LinearDynamicalSystem
          >>> constant = LinearDynamicalSystem([[1]], [[0]], [[1]], [[0]], [[1]])
          >>> found = constant.filter(np.zeros((3, 1)), [[3.0], [4.0], [5.0]], covariance=[[1e12]])
          >>> print(found.means[:, 0].round(6))                       # the running average
          [3.  3.5 4. ]
          >>> print(found.covariances[:, 0, 0].round(6))              # 1/t
          [1.       0.5      0.333333]

        Raises:
          ValueError, TypeError: an argument of a wrong shape or type, or not finite; a covariance
            that is none.
        """
        inputs = _features("x", x, self.B.shape[1], "the columns of B")
        observations = _features("y", y, len(self.C), "the rows of C")
        if len(inputs) != len(observations):
            raise ValueError(
                f"x and y must be equally long; got {len(inputs)} and {len(observations)} steps"
            )
        m, P, n = self._state(mean, "mean"), self._covariance(covariance), len(self.A)
        T, I = len(inputs), np.eye(n)
        means, covariances = np.empty((T, n)), np.empty((T, n, n))
        gains, jacobians = np.empty((T, n, len(self.C))), np.empty((T, n, n))
        for t in range(T):
            m, P = self.A @ m + self.B @ inputs[t], self.A @ P @ self.A.T + self.Q
            K = np.linalg.solve(self.C @ P @ self.C.T + self.R, self.C @ P).T
            kept = I - K @ self.C
            m, P = m + K @ (observations[t] - self.C @ m), kept @ P @ kept.T + K @ self.R @ K.T
            means[t], covariances[t], gains[t], jacobians[t] = m, P, K, kept @ self.A
        return Filtered(means, covariances, gains, jacobians)

    def _state(self, value: ArrayLike | None, name: str = "state") -> Array:
        n = len(self.A)
        per_state = f"one entry for each of the n = {n} states of A"
        return np.zeros(n) if value is None else _checks.vector(name, value, n, per_state)

    def _covariance(self, value: ArrayLike | None) -> Array:
        n = len(self.A)
        if value is None:
            return np.zeros((n, n))
        P = _checks.matrix("covariance", value, (n, n), f"for the n = {n} states of A")
        _check_covariance("covariance", P, positive=False)
        return P


@dataclass(frozen=True, eq=False)
class HiddenMarkovModel:
    r"""A hidden Markov model: one of N states, of which only noisy symbols are seen.

    p(s_t = j | s_{t−1} = i) = transition[i, j] and p(symbol m | s_t = j) = emission[j, m]. All that
    it knows at any moment is in which of N states it is: log₂ N bits, where N binary units would
    hold N.

    Attributes:
      transition: (N, N), every row a distribution.
      emission: (N, M), every row a distribution over the M symbols.
      initial: (N,), the distribution of s_0, one step before the first symbol.

    Example:
      Two states that keep to themselves; each shows its own symbol four times out of five:

      >>> from bptt.memory import HiddenMarkovModel
      >>> model = HiddenMarkovModel([[0.9, 0.1], [0.1, 0.9]], [[0.8, 0.2], [0.2, 0.8]], [0.5, 0.5])
      >>> print(model.filter([0, 0, 0]).round(3))
      [[0.8   0.2  ]
       [0.919 0.081]
       [0.953 0.047]]
      >>> model.bits
      1.0

    Raises:
      ValueError: a wrong shape, a negative probability, a row that does not sum to 1.
      TypeError: a parameter that is not made of real numbers.

    Source: Milano, "Models with memory: hidden Markov models"; Rabiner 1989.
    """

    transition: Array
    emission: Array
    initial: Array

    def __post_init__(self) -> None:
        transition = _checks.square("transition", self.transition)
        N = len(transition)
        per_state = f"for the N = {N} states of transition"
        emission = _checks.matrix("emission", self.emission, (N, "M"), f"one row {per_state}")
        initial = _checks.vector("initial", self.initial, N, per_state)
        for name, value in (
            ("transition", transition),
            ("emission", emission),
            ("initial", initial),
        ):
            _check_distributions(name, value)
            object.__setattr__(self, name, value)

    @property
    def bits(self) -> float:
        """log₂ N, the most that a state can say about the past."""
        return float(np.log2(len(self.transition)))

    def filter(self, symbols: ArrayLike) -> Array:
        r"""α_t = p(s_t | symbols up to t), α_t ∝ diag(emission[:, symbol_t]) transitionᵀ α_{t−1}.

        Normalised at every step, so that it underflows at no length.

        Args:
          symbols: (T,), whole numbers from 0 to M − 1.

        Returns:
          (T, N), rows of sum 1.

        Example:
          >>> from bptt.memory import HiddenMarkovModel
          >>> cycle = HiddenMarkovModel([[0, 1], [1, 0]], [[0.5, 0.5], [0.5, 0.5]], [1, 0])
          >>> print(cycle.filter([0, 0, 1]))
          [[0. 1.]
           [1. 0.]
           [0. 1.]]

        Raises:
          ValueError: symbols of a wrong shape, that do not exist, or that the model says cannot
            occur.
          TypeError: symbols not made of numbers.
        """
        return self._filter(symbols)[0]

    def jacobians(self, symbols: ArrayLike) -> Array:
        r"""∂α_t/∂α_{t−1} = (I − α_t 1ᵀ) U_t / 1ᵀ U_t α_{t−1},  U_t = diag(emission) transitionᵀ.

        emission stands for its column of symbol_t, and 1ᵀ U_t α_{t−1} = p(symbol_t | past). Their
        products say how much of an error in α_0 is left: if every state can follow every other, it
        is forgotten exponentially.

        Args:
          symbols: (T,), whole numbers from 0 to M − 1.

        Returns:
          (T, N, N).

        Example:
          >>> import bptt
          >>> from bptt.memory import HiddenMarkovModel
          >>> model = HiddenMarkovModel([[0.9, 0.1], [0.1, 0.9]], [[1], [1]], [0.5, 0.5])
          >>> norms = bptt.lag_norms(model.jacobians([0] * 50))       # uninformative: 0.8^lag
          >>> print((norms[[1, 10, 50]] / [0.8, 0.8**10, 0.8**50]).round(9))
          [1. 1. 1.]

        Raises:
          ValueError, TypeError: as for :meth:`filter`.
        """
        beliefs, steps, evidence = self._filter(symbols)
        N = len(self.transition)
        projections = np.eye(N) - beliefs[:, :, None] * np.ones(N)
        return np.asarray(projections @ steps / evidence[:, None, None])

    def _filter(self, symbols: ArrayLike) -> tuple[Array, Array, Array]:
        """α_t, the unnormalised steps diag(emission) transitionᵀ, and p(symbol_t | past)."""
        seen = self._symbols(symbols)
        steps = self.emission.T[seen][:, :, None] * self.transition.T
        beliefs, evidence = np.empty(steps.shape[:2]), np.empty(len(seen))
        alpha = self.initial
        for t, step in enumerate(steps):
            joint = step @ alpha
            evidence[t] = joint.sum()
            if evidence[t] == 0:
                raise ValueError(
                    f"symbols must be possible under the model; symbol {seen[t]} at step "
                    f"t = {t + 1} has probability 0 after those before it"
                )
            beliefs[t] = alpha = joint / evidence[t]
        return beliefs, steps, evidence

    def _symbols(self, value: ArrayLike) -> Array:
        M = self.emission.shape[1]
        symbols = _checks.whole_numbers("symbols", value)
        if symbols.ndim != 1 or symbols.size == 0 or symbols.max() >= M:
            raise ValueError(
                f"symbols must be a vector of at least one whole number from 0 to {M - 1}, the "
                f"columns of emission; got shape {symbols.shape}"
                + (f" with a {symbols.max():.0f} in it" if symbols.size else "")
            )
        return symbols.astype(np.int64)


def _sequence(name: str, value: ArrayLike, dimensions: tuple[int, ...]) -> Array:
    array = _checks.numbers(name, value)
    if array.ndim not in dimensions or array.size == 0:
        wanted = " or ".join({1: "(T,)", 2: "(T, d)"}[d] for d in dimensions)
        raise ValueError(
            f"{name} must have shape {wanted} with at least one entry; got shape {array.shape}"
        )
    return array


def _features(name: str, value: ArrayLike, size: int, meaning: str) -> Array:
    array = _checks.numbers(name, value)
    if array.ndim != 2 or array.shape[1] != size or len(array) == 0:
        raise ValueError(
            f"{name} must have shape (T, {size}) with T of at least 1, as wide as {meaning}; "
            f"got shape {array.shape}"
        )
    return array


def _check_covariance(name: str, value: Array, positive: bool) -> None:
    size = np.abs(value).max()
    smallest = float(np.linalg.eigvalsh(value).min())
    symmetric = bool(np.abs(value - value.T).max() <= 1e-12 * size)
    if not symmetric or smallest < -1e-12 * size or (positive and smallest <= 0):
        raise ValueError(
            f"{name} must be a covariance, symmetric with "
            f"{'positive' if positive else 'no negative'} eigenvalues; it is "
            f"{'' if symmetric else 'not '}symmetric and its smallest eigenvalue is {smallest:.3g}"
        )


def _check_distributions(name: str, value: Array) -> None:
    if value.dtype.kind == "c":
        raise TypeError(f"{name} must be made of real numbers; got complex ones")
    if (value < 0).any():
        raise ValueError(f"{name} must be made of probabilities; got {value[value < 0][0]}")
    sums = np.atleast_1d(value.sum(axis=-1))
    wrong = np.abs(sums - 1) > 1e-9
    if wrong.any():
        raise ValueError(
            f"{name} must have probabilities that sum to 1 in every row; got the sum "
            f"{sums[wrong][0]:.12g}"
        )
