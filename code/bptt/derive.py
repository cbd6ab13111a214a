r"""The Jacobians of the course derived by sympy, symbol by symbol, for one or two units.

Nothing here is typed in from a book: every derivative is sympy's own, taken of the equations of the
cell. Only where a quantity is *defined* by holding something fixed (the A, B, C, D of the LSTM) is
that written out. A :class:`Derivation` holds the result; ``derivation["jacobian"]`` is a sympy
matrix to look at, ``derivation.function("jacobian")`` the same as a numpy function.

Needs sympy, and is therefore not imported with ``bptt`` itself.

Example:
  >>> from bptt import derive
  >>> derive.elman(n=1)["jacobian"]
  Matrix([[W_hh*(1 - tanh(W_hh*h + W_ih*x + b)**2)]])
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy  # type: ignore[import-untyped]
from numpy.typing import ArrayLike

from . import _checks
from ._checks import Array
from .activations import activation as _find_activation

__all__ = [
    "Derivation",
    "Sigmoid",
    "Slope",
    "elman",
    "gru",
    "jordan_power",
    "largest_slope",
    "leaky",
    "lstm",
    "lstm_abcd",
    "lstm_two_steps",
    "scalar_linear",
    "time_constant",
]

Matrix = Any  # sympy.Matrix; sympy has no type hints
Expression = Any


class Sigmoid(sympy.Function):  # type: ignore[misc]
    r"""σ(a) = 1/(1 + e^{−a}), kept as σ so that derivatives read σ(a) (1 − σ(a)).

    Example:
      >>> import sympy
      >>> from bptt.derive import Sigmoid
      >>> a = sympy.Symbol("a")
      >>> Sigmoid(a).diff(a), Sigmoid(a).rewrite(sympy.exp), Sigmoid(0)
      ((1 - σ(a))*σ(a), 1/(1 + exp(-a)), 1/2)
    """

    @classmethod
    def eval(cls, argument: Expression) -> Expression | None:
        """σ(0) = 1/2; anything else stays."""
        return sympy.Rational(1, 2) if argument.is_zero else None

    def fdiff(self, argindex: int = 1) -> Expression:
        """σ' = σ (1 − σ)."""
        return self * (1 - self)

    def _eval_rewrite_as_exp(self, argument: Expression, **_: Any) -> Expression:
        return 1 / (1 + sympy.exp(-argument))

    def _sympystr(self, printer: Any) -> str:
        return f"σ({printer._print(self.args[0])})"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = "" if exp is None else f"^{{{exp}}}"
        return rf"\sigma{power}\left({printer._print(self.args[0])}\right)"


FUNCTIONS: dict[str, Callable[[Expression], Expression]] = {
    "identity": lambda a: a,
    "tanh": sympy.tanh,
    "sigmoid": Sigmoid,
}


@dataclass(frozen=True)
class Derivation:
    r"""What a derivation starts from and what it arrives at.

    Attributes:
      arguments: the symbols by name, each a matrix of them: vectors are (n, 1), scalars (1, 1).
      parts: the results by name, each a matrix of expressions in those symbols.

    Example:
      >>> from bptt import derive
      >>> found = derive.leaky(n=1, activation="identity")
      >>> list(found.arguments), list(found.parts)
      (['x', 'h', 'alpha', 'W_ih', 'W_hh', 'b'], ['h_t', 'jacobian'])
      >>> J = found.function("jacobian")
      >>> print(J(x=[0.0], h=[0.0], alpha=[0.9], W_ih=[[1.0]], W_hh=[[2.0]], b=[0.0]).round(3))
      [[1.1]]
    """

    arguments: dict[str, Matrix]
    parts: dict[str, Matrix]

    def __getitem__(self, part: str) -> Matrix:
        """The sympy matrix of one part."""
        if part not in self.parts:
            raise KeyError(f"part must be one of {', '.join(self.parts)}; got {part!r}")
        return self.parts[part]

    def function(self, part: str) -> Callable[..., Array]:
        r"""One part as a numpy function.

        Args:
          part: its name.

        Returns:
          A function of every argument, given by name as arrays in its shape (a vector as (n,), a
          scalar as a number), that returns the part as an array in the shape of its matrix.

        Raises:
          KeyError: no such part. The function itself raises TypeError for arguments missing or
            unknown, ValueError for those of a wrong shape.
        """
        expression = self[part]
        symbols = [symbol for matrix in self.arguments.values() for symbol in matrix]
        modules = [{"Sigmoid": _find_activation("sigmoid").function}, "numpy"]
        compiled = sympy.lambdify(symbols, list(expression), modules=modules, cse=True)

        def evaluate(**values: ArrayLike) -> Array:
            numbers = [number for array in self._arrays(values) for number in array]
            return np.array(compiled(*numbers)).reshape(expression.shape)

        return evaluate

    def _arrays(self, values: dict[str, ArrayLike]) -> list[Array]:
        if set(values) != set(self.arguments):
            raise TypeError(
                f"the arguments must be {', '.join(self.arguments)}; got {', '.join(values)}"
            )
        arrays = []
        for name, symbols in self.arguments.items():
            array = _checks.numbers(name, values[name])
            rows, columns = symbols.shape
            allowed = {
                (rows, columns),
                (rows,) if columns == 1 else None,
                () if rows == 1 else None,
            }
            if array.shape not in allowed or array.size != rows * columns:
                raise ValueError(
                    f"{name} must have shape {(rows, columns) if columns > 1 else (rows,)}; "
                    f"got shape {array.shape}"
                )
            arrays.append(array.ravel())
        return arrays


def scalar_linear(T: int) -> Derivation:
    r"""The scalar linear network h_t = w h_{t−1} + u x_t, unrolled for T steps.

    Args:
      T: how many steps, at least 1.

    Returns:
      Arguments w, u, x (T,), h (h_0). Parts: ``states``, h_1 … h_T; ``by_state``, the row of
      ∂h_T/∂h_k = w^{T−k} for k = 0 … T − 1; ``by_weight``, ∂h_T/∂w = Σ_s w^{T−s} h_{s−1}; and
      ``by_weight_summed``, that sum, term by term (they are equal, which sympy can tell).

    Example:
      >>> from bptt import derive
      >>> found = derive.scalar_linear(T=3)
      >>> found["by_state"]
      Matrix([[w**3, w**2, w]])
      >>> (found["by_weight"] - found["by_weight_summed"]).expand()
      Matrix([[0]])

    Raises:
      TypeError, ValueError: T not an integer of at least 1.

    Source: Milano, the scalar ∂h^t/∂h^k; Thakur, the example of one unit after Lipton et al.
    """
    count = _checks.positive_integer("T", T)
    w, u, h_0 = sympy.symbols("w u h")
    x = sympy.symbols(f"x_1:{count + 1}")
    states = [h_0]
    for x_t in x:
        states.append(w * states[-1] + u * x_t)
    by_state = []
    for k in range(count):
        # h_T as a function of h_k alone: the states before it are forgotten.
        h_T = h_k = sympy.Dummy("h_k")
        for x_t in x[k:]:
            h_T = w * h_T + u * x_t
        by_state.append(sympy.diff(h_T, h_k))
    summed = sum(w ** (count - s) * states[s - 1] for s in range(1, count + 1))
    return Derivation(
        {"w": _row(w), "u": _row(u), "x": sympy.Matrix(x), "h": _row(h_0)},
        {
            "states": sympy.Matrix(states[1:]),
            "by_state": _row(*by_state),
            "by_weight": _row(sympy.diff(states[-1], w)),
            "by_weight_summed": _row(summed),
        },
    )


def elman(n: int = 1, activation: str = "tanh") -> Derivation:
    r"""The Elman cell, h_t = φ(W_ih x_t + W_hh h_{t−1} + b), with one input.

    Args:
      n: units.
      activation: identity, tanh or sigmoid.

    Returns:
      Arguments x (1,), h (n,), W_ih (n, 1), W_hh (n, n), b (n,), where h is h_{t−1}. Parts:
      ``h_t``; ``jacobian`` = ∂h_t/∂h_{t−1}; ``input_jacobian`` = ∂h_t/∂x_t.

    Example:
      >>> from bptt import derive
      >>> derive.elman(n=2, activation="identity")["jacobian"]       # not its transpose
      Matrix([
      [W_hh11, W_hh12],
      [W_hh21, W_hh22]])

    Raises:
      TypeError, ValueError: n not an integer of at least 1, an unknown activation.

    Source: Chang, the Elman f' (there transposed); A+B+C+D eqs. 4-5.
    """
    phi, size = _function(activation), _checks.positive_integer("n", n)
    x, h = _vector("x", 1), _vector("h", size)
    W_ih, W_hh, b = _vector("W_ih", size), _matrix("W_hh", size), _vector("b", size)
    h_t = (W_ih * x + W_hh * h + b).applyfunc(phi)
    return Derivation(
        {"x": x, "h": h, "W_ih": W_ih, "W_hh": W_hh, "b": b},
        {"h_t": h_t, "jacobian": h_t.jacobian(h), "input_jacobian": h_t.jacobian(x)},
    )


def leaky(n: int = 1, activation: str = "tanh") -> Derivation:
    r"""Leaky units, h_t = α ⊙ h_{t−1} + (1 − α) ⊙ φ(W_ih x_t + W_hh h_{t−1} + b), with one input.

    Args:
      n: units.
      activation: identity, tanh or sigmoid.

    Returns:
      Arguments x (1,), h (n,), alpha (n,), W_ih (n, 1), W_hh (n, n), b (n,). Parts: ``h_t``;
      ``jacobian`` = ∂h_t/∂h_{t−1}.

    Example:
      >>> from bptt import derive
      >>> derive.leaky(activation="identity")["jacobian"]
      Matrix([[W_hh*(1 - alpha) + alpha]])

    Raises:
      TypeError, ValueError: n not an integer of at least 1, an unknown activation.

    Source: Milano, "Leaky Units"; Goodfellow, Bengio & Courville 2016, §10.9.2.
    """
    inner, alpha = elman(n, activation), _vector("alpha", n)
    x, h, W_ih, W_hh, b = inner.arguments.values()
    h_t = _times(alpha, h) + _times(alpha.applyfunc(lambda a: 1 - a), inner["h_t"])
    return Derivation(
        {"x": x, "h": h, "alpha": alpha, "W_ih": W_ih, "W_hh": W_hh, "b": b},
        {"h_t": h_t, "jacobian": h_t.jacobian(h)},
    )


def lstm(n: int = 1) -> Derivation:
    r"""One step of the LSTM with a forget gate, and the exact derivative of its state (h, c).

    Args:
      n: units; one input.

    Returns:
      Arguments x (1,), h (n,), c (n,), the previous state, and for each q of i, f, g, o W_xq
      (n, 1), W_hq (n, n), b_q (n,). Parts: ``i``, ``f``, ``g``, ``o``, ``c_t``, ``h_t``;
      ``F`` = ∂c_t/∂c_{t−1} with h_{t−1} fixed; ``M`` = ∂c_t/∂h_{t−1}; ``T`` = ∂h_t/∂c_t;
      ``O`` = ∂h_t/∂h_{t−1} with c_t fixed; ``S``, the Jacobian of (h_t, c_t) by (h_{t−1}, c_{t−1}),
      which is [[O + T M, T F], [M, F]].

    Example:
      >>> from bptt import derive
      >>> derive.lstm()["F"]
      Matrix([[σ(W_hf*h + W_xf*x + b_f)]])

    Raises:
      TypeError, ValueError: n not an integer of at least 1.

    Source: Chang, the LSTM equations; A+B+C+D eqs. 7-13.
    """
    size = _checks.positive_integer("n", n)
    x, h, c, new_c = _vector("x", 1), _vector("h", size), _vector("c", size), _dummies(size)
    weights = _gate_weights("ifgo", size)
    i, f, g, o = _lstm_gates(weights, x, h)
    c_t = _times(f, c) + _times(i, g)
    # h_t as a function of c_t and of h_{t−1}, which reaches it through o_t.
    outwards = _times(o, new_c.applyfunc(sympy.tanh))
    there = dict(zip(new_c, c_t, strict=True))
    h_t, T, O = (
        part.subs(there) for part in (outwards, outwards.jacobian(new_c), outwards.jacobian(h))
    )
    state, previous = h_t.col_join(c_t), h.col_join(c)
    return Derivation(
        {"x": x, "h": h, "c": c, **weights},
        {
            "i": i,
            "f": f,
            "g": g,
            "o": o,
            "c_t": c_t,
            "h_t": h_t,
            "F": c_t.jacobian(c),
            "M": c_t.jacobian(h),
            "T": T,
            "O": O,
            "S": state.jacobian(previous),
        },
    )


def lstm_abcd(n: int = 1) -> Derivation:
    r"""∂c_t/∂c_{t−1} of the LSTM with o_{t−1} held fixed, and the four terms it is the sum of.

    c_t = f ⊙ c_{t−1} + i ⊙ g depends on c_{t−1} directly and, because of h_{t−1} = o_{t−1} ⊙
    tanh(c_{t−1}), through each of f, i and g. Every one of these four paths is given its own copy
    of c_{t−1}; the derivative by one copy is one term.

    Args:
      n: units; one input.

    Returns:
      Arguments x (1,), o (n,), c (n,), those of the previous step, and W_xq, W_hq, b_q for q of
      i, f, g. Parts: ``c_t``; ``A`` through f; ``B`` direct; ``C`` through i; ``D`` through g; and
      ``K``, the derivative of all at once, which is their sum.

    Example:
      >>> from bptt import derive
      >>> found = derive.lstm_abcd()
      >>> found["B"]
      Matrix([[σ(W_hf*o*tanh(c) + W_xf*x + b_f)]])
      >>> (found["K"] - found["A"] - found["B"] - found["C"] - found["D"]).expand()
      Matrix([[0]])

    Raises:
      TypeError, ValueError: n not an integer of at least 1.

    Source: A+B+C+D eqs. 18-20; Chang, ∂c_t/∂c_{t−1}.
    """
    size = _checks.positive_integer("n", n)
    x, o, c = _vector("x", 1), _vector("o", size), _vector("c", size)
    weights = _gate_weights("ifg", size)
    copies = {term: _dummies(size) for term in "ABCD"}

    def gate(q: str, term: str) -> Matrix:
        return _gate(q, weights, x, _times(o, copies[term].applyfunc(sympy.tanh)))

    apart = _times(gate("f", "A"), copies["B"]) + _times(gate("i", "C"), gate("g", "D"))
    together = {symbol: c[j] for copy in copies.values() for j, symbol in enumerate(copy)}
    terms = {term: apart.jacobian(copy).subs(together) for term, copy in copies.items()}
    c_t = apart.subs(together)
    return Derivation(
        {"x": x, "o": o, "c": c, **weights}, {"c_t": c_t, **terms, "K": c_t.jacobian(c)}
    )


def lstm_two_steps(n: int = 1) -> Derivation:
    r"""∂c_3/∂c_1 of the LSTM, with o_1 held fixed, exactly, and what the product K_3 K_2 lacks.

    K_2 is taken with o_1 fixed and K_3 with o_2 fixed, but o_2 is not fixed: it sees h_1, and
    through it c_1. The path c_1 → h_1 → o_2 → h_2 → c_3 is what the product lacks.

    Args:
      n: units; one input.

    Returns:
      Arguments x_2 (1,), x_3 (1,), o_1 (n,), c_1 (n,), and W_xq, W_hq, b_q for q of i, f, g, o.
      Parts: ``exact`` = ∂c_3/∂c_1; ``product`` = K_3 K_2; ``excursion`` = M_3 O_2 T_1, where
      T_1 = ∂h_1/∂c_1, O_2 = ∂h_2/∂h_1 through o_2 alone, M_3 = ∂c_3/∂h_2. exact = product +
      excursion.

    Example:
      >>> from bptt import derive
      >>> found = derive.lstm_two_steps()
      >>> values = {name: 0.5 for name in found.arguments}
      >>> exact, product, excursion = (
      ...     found.function(part)(**values).item() for part in ("exact", "product", "excursion"))
      >>> bool(abs(exact - product - excursion) < 1e-15), round(excursion / exact, 3)
      (True, 0.013)

    Raises:
      TypeError, ValueError: n not an integer of at least 1.

    Source: what A+B+C+D eqs. 15 and 21 leave out.
    """
    size = _checks.positive_integer("n", n)
    x_2, x_3 = _vector("x_2", 1), _vector("x_3", 1)
    o_1, c_1 = _vector("o_1", size), _vector("c_1", size)
    weights = _gate_weights("ifgo", size)
    h_1, o_2, c_2, h_2 = (_dummies(size) for _ in range(4))

    def step(x: Matrix, h: Matrix, c: Matrix) -> tuple[Matrix, Matrix]:
        i, f, g, o = _lstm_gates(weights, x, h)
        return o, _times(f, c) + _times(i, g)

    def output(o: Matrix, c: Matrix) -> Matrix:
        return _times(o, c.applyfunc(sympy.tanh))

    # Each step as a function of what comes before it alone, then one put into the other.
    (new_o, new_c), (_, c_3) = step(x_2, h_1, c_1), step(x_3, h_2, c_2)

    def inserted(expression: Matrix) -> Matrix:
        for symbols, values in (
            (h_2, output(o_2, c_2)),
            (o_2, new_o),
            (c_2, new_c),
            (h_1, output(o_1, c_1)),
        ):
            expression = expression.subs(dict(zip(symbols, values, strict=True)))
        return expression

    K_2 = new_c.subs(dict(zip(h_1, output(o_1, c_1), strict=True))).jacobian(c_1)
    K_3 = c_3.subs(dict(zip(h_2, output(o_2, c_2), strict=True))).jacobian(c_2)
    T_1, M_3 = output(o_1, c_1).jacobian(c_1), c_3.jacobian(h_2)
    O_2 = output(new_o, c_2).jacobian(h_1)
    return Derivation(
        {"x_2": x_2, "x_3": x_3, "o_1": o_1, "c_1": c_1, **weights},
        {
            "exact": inserted(c_3).jacobian(c_1),
            "product": inserted(K_3) * K_2,
            "excursion": inserted(M_3) * inserted(O_2) * T_1,
        },
    )


def gru(n: int = 1, reset: str = "after") -> Derivation:
    r"""The full GRU, h_t = (1 − z) ⊙ n + z ⊙ h_{t−1}, with one input.

    Args:
      n: units.
      reset: where the reset gate acts. "after" the product, n = tanh(W_xn x + b_xn + r ⊙ (W_hn h +
        b_hn)), as in PyTorch; or "before" it, n = tanh(W_xn x + b_xn + W_hn (r ⊙ h) + b_hn).

    Returns:
      Arguments x (1,), h (n,), for each q of r, z, n W_xq (n, 1) and W_hq (n, n), and b_r, b_z,
      b_xn, b_hn (n,). Parts: ``r``, ``z``, ``n``, ``h_t``, ``jacobian`` = ∂h_t/∂h_{t−1}.

    Example:
      >>> from bptt import derive
      >>> derive.gru()["n"]
      Matrix([[tanh(W_xn*x + b_xn + (W_hn*h + b_hn)*σ(W_hr*h + W_xr*x + b_r))]])

    Raises:
      TypeError: n not an integer.
      ValueError: n below 1, reset neither of the two.

    Source: Cho et al. 2014; PyTorch: ``torch.nn.GRU``.
    """
    size = _checks.positive_integer("n", n)
    _checks.one_of("reset", reset, ("after", "before"))
    x, h = _vector("x", 1), _vector("h", size)
    weights = _gate_weights("rzn", size)
    del weights["b_n"]  # r multiplies one of the candidate's two biases, but not the other
    weights |= {"b_xn": _vector("b_xn", size), "b_hn": _vector("b_hn", size)}
    W_xn, W_hn, b_xn, b_hn = (weights[name] for name in ("W_xn", "W_hn", "b_xn", "b_hn"))
    r, z = (_gate(q, weights, x, h) for q in "rz")
    recurrent = _times(r, W_hn * h + b_hn) if reset == "after" else W_hn * _times(r, h) + b_hn
    new = (W_xn * x + b_xn + recurrent).applyfunc(sympy.tanh)
    h_t = _times(z.applyfunc(lambda keep: 1 - keep), new) + _times(z, h)
    return Derivation(
        {"x": x, "h": h, **weights},
        {"r": r, "z": z, "n": new, "h_t": h_t, "jacobian": h_t.jacobian(h)},
    )


@dataclass(frozen=True)
class Slope:
    r"""What :func:`largest_slope` found.

    Attributes:
      argument: the symbol a.
      derivative: φ'(a).
      stationary: every real a with φ''(a) = 0.
      values: φ' there.
      limits: φ' at a → −∞ and a → ∞.
      supremum: the largest of all these: sup φ'.

    Example:
      >>> from bptt import derive
      >>> derive.largest_slope("tanh").stationary
      [0]
    """

    argument: Expression
    derivative: Expression
    stationary: list[Expression]
    values: list[Expression]
    limits: tuple[Expression, Expression]
    supremum: Expression


def largest_slope(activation: str) -> Slope:
    r"""σ' ≤ 1/4 and tanh' ≤ 1, as in a first course: where φ'' = 0, and at both ends.

    φ' is smooth on the whole line, so that its supremum is taken where φ'' = 0 or approached at one
    of the ends. In E = e^a > 0 both φ' are rational functions, d/da = E d/dE, and φ'' = 0 is a
    polynomial equation that sympy solves completely.

    Args:
      activation: tanh or sigmoid.

    Example:
      >>> from bptt import derive
      >>> found = derive.largest_slope("sigmoid")
      >>> found.stationary, found.values, found.limits, found.supremum
      ([0], [1/4], (0, 0), 1/4)

    Raises:
      TypeError, ValueError: an unknown activation.

    Source: Chang, "σ' ≤ 1/4 and tanh' ≤ 1".
    """
    _checks.one_of("activation", activation, ("tanh", "sigmoid"))
    a, E = sympy.Symbol("a", real=True), sympy.Symbol("E", positive=True)
    derivative = sympy.diff(FUNCTIONS[activation](a), a)
    rational = sympy.together(derivative.rewrite(sympy.exp).subs(a, sympy.log(E)))
    numerator, _ = sympy.fraction(sympy.together(E * sympy.diff(rational, E)))
    stationary = [sympy.log(root) for root in sympy.solve(numerator, E)]
    values = [sympy.simplify(rational.subs(E, sympy.exp(point))) for point in stationary]
    limits = sympy.limit(rational, E, 0, "+"), sympy.limit(rational, E, sympy.oo)
    return Slope(a, derivative, stationary, values, limits, sympy.Max(*values, *limits))


def jordan_power(size: int = 2) -> Derivation:
    r"""The t-th power of a Jordan block, λ on the diagonal and s above it, for a symbolic t.

    [[λ, s], [0, λ]]^t = [[λ^t, t s λ^{t−1}], [0, λ^t]], and in general entry (i, i + j) is
    C(t, j) s^j λ^{t−j}: at |λ| = 1 the powers grow like t^{size−1}, below it they may grow first.

    Args:
      size: rows of the block.

    Returns:
      Arguments λ (named ``eigenvalue``), s (``coupling``), t (``power``). Parts: ``block``;
      ``power``. (For λ = 0, t must be at least size − 1.)

    Example:
      >>> from bptt import derive
      >>> derive.jordan_power(2)["power"]
      Matrix([
      [lambda**t, lambda**(t - 1)*s*t],
      [        0,           lambda**t]])

    Raises:
      TypeError, ValueError: size not an integer of at least 1.

    Source: why Chang's "largest eigenvalue" does not settle it.
    """
    count = _checks.positive_integer("size", size)
    eigenvalue, s, t = sympy.symbols("lambda s t")
    block = sympy.Matrix(
        count, count, lambda i, j: {0: eigenvalue, 1: s}.get(j - i, sympy.Integer(0))
    )
    return Derivation(
        {"eigenvalue": _row(eigenvalue), "coupling": _row(s), "power": _row(t)},
        {"block": block, "power": block**t},
    )


def time_constant() -> Derivation:
    r"""How long a unit with the constant forget gate f = σ(b) remembers.

    Returns:
      Argument b (1,). Parts: ``gate`` = σ(b); ``time_constant`` = 1/(1 − σ(b)), which is 1 + e^b;
      ``half_life``, the T with f^T = 1/2.

    Example:
      >>> from bptt import derive
      >>> found = derive.time_constant()
      >>> found["time_constant"], found["half_life"]
      (Matrix([[exp(b) + 1]]), Matrix([[log(2)/log(1 + exp(-b))]]))

    Source: Tallec & Ollivier 2018; Gers, Schmidhuber & Cummins 2000.
    """
    b = sympy.Symbol("b", real=True)
    gate = Sigmoid(b)
    in_full = gate.rewrite(sympy.exp)
    return Derivation(
        {"b": _row(b)},
        {
            "gate": _row(gate),
            "time_constant": _row(sympy.simplify(1 / (1 - in_full))),
            "half_life": _row(sympy.log(2) / sympy.log(1 / in_full)),
        },
    )


def _gate_weights(gates: str, size: int) -> dict[str, Matrix]:
    """W_xq, W_hq, b_q for each gate q."""
    weights = {}
    for q in gates:
        weights[f"W_x{q}"] = _vector(f"W_x{q}", size)
        weights[f"W_h{q}"] = _matrix(f"W_h{q}", size)
        weights[f"b_{q}"] = _vector(f"b_{q}", size)
    return weights


def _gate(q: str, weights: dict[str, Matrix], x: Matrix, h: Matrix) -> Matrix:
    pre_activation = weights[f"W_x{q}"] * x + weights[f"W_h{q}"] * h + weights[f"b_{q}"]
    return pre_activation.applyfunc(sympy.tanh if q == "g" else Sigmoid)


def _lstm_gates(weights: dict[str, Matrix], x: Matrix, h: Matrix) -> list[Matrix]:
    return [_gate(q, weights, x, h) for q in "ifgo"]


def _function(name: str) -> Callable[[Expression], Expression]:
    _checks.one_of("activation", name, tuple(FUNCTIONS))
    return FUNCTIONS[name]


def _vector(name: str, size: int) -> Matrix:
    if size == 1:
        return _row(sympy.Symbol(name))
    joint = "," if name[-1].isdigit() else "" if "_" in name else "_"
    return sympy.Matrix([sympy.Symbol(f"{name}{joint}{j}") for j in range(1, size + 1)])


def _matrix(name: str, size: int) -> Matrix:
    if size == 1:
        return _row(sympy.Symbol(name))
    return sympy.Matrix(size, size, lambda i, j: sympy.Symbol(f"{name}{i + 1}{j + 1}"))


def _dummies(size: int) -> Matrix:
    """Symbols that cannot be confused with any other, to be replaced later."""
    return sympy.Matrix([sympy.Dummy() for _ in range(size)])


def _row(*expressions: Expression) -> Matrix:
    return sympy.Matrix([expressions])


def _times(u: Matrix, v: Matrix) -> Matrix:
    """u ⊙ v."""
    return u.multiply_elementwise(v)
