"""Backpropagation through time, small enough to read: the mathematics of *Gradients Through Time*.

A cell is one step (:class:`Elman`, :class:`Leaky`, :class:`LSTM`, :class:`GRU` and their variants),
:func:`unroll` the loop, :func:`backward` the gradient of a loss on it. :func:`jacobians` and
:func:`products` are what a gradient meets on its way back, :func:`lag_norms` is how much of it
arrives, and :func:`parts` names the terms of a gated cell's Jacobian.

Notation: a_t = W_ih x_t + W_hh h_{t−1} + b, h_t = φ(a_t), t = 1 … T. Jacobians are in numerator
layout, (∂y/∂x)_{ij} = ∂y_i/∂x_j. Sequences are (T, batch, features), or (T, features) for a single
one.

Example:
  >>> import bptt, numpy as np
  >>> cell = bptt.Elman.random(input_size=2, hidden_size=16, rng=0)
  >>> run = bptt.unroll(cell, np.random.default_rng(1).normal(size=(50, 2)))
  >>> norms = bptt.lag_norms(bptt.jacobians(run))        # ‖∂h_50/∂h_{50−lag}‖, lag = 0 … 50
  >>> bool(norms[50] < 1e-9)
  True
  >>> bool((norms <= bptt.bound(cell.weight_hh, "tanh", range(51))).all())
  True
"""

from . import initialise
from .activations import ACTIVATIONS, Activation, activation
from .backward import backward
from .cell import Cell
from .clipping import clip_by_norm, clip_by_value, gradient_norm
from .contributions import copy_gradients, immediate_derivatives, lag_contributions, rtrl
from .elman import Elman, PreActivationElman
from .flow import (
    jacobians,
    lag_norms,
    log_lag_norms,
    log_product_norms,
    product_norms,
    products,
)
from .gru import GRU, ResetBeforeGRU
from .leaky import Leaky
from .lstm import LSTM
from .lyapunov import log_singular_values, lyapunov_exponents
from .mean_field import MeanField, critical_sigma_w, mean_field
from .one_gate import JANET, SimplifiedGRU
from .parts import GRUParts, LSTMParts, cell_coordinates, cell_derivative, dropped_term, parts
from .spectrum import (
    bound,
    gershgorin_discs,
    log_bound,
    singular_values,
    spectral_norm,
    spectral_radius,
)
from .unroll import Run, unroll

__all__ = [
    "ACTIVATIONS",
    "GRU",
    "JANET",
    "LSTM",
    "Activation",
    "Cell",
    "Elman",
    "GRUParts",
    "LSTMParts",
    "Leaky",
    "MeanField",
    "PreActivationElman",
    "ResetBeforeGRU",
    "Run",
    "SimplifiedGRU",
    "activation",
    "backward",
    "bound",
    "cell_coordinates",
    "cell_derivative",
    "clip_by_norm",
    "clip_by_value",
    "copy_gradients",
    "critical_sigma_w",
    "dropped_term",
    "gershgorin_discs",
    "gradient_norm",
    "immediate_derivatives",
    "initialise",
    "jacobians",
    "lag_contributions",
    "lag_norms",
    "log_bound",
    "log_lag_norms",
    "log_product_norms",
    "log_singular_values",
    "lyapunov_exponents",
    "mean_field",
    "parts",
    "product_norms",
    "products",
    "rtrl",
    "singular_values",
    "spectral_norm",
    "spectral_radius",
    "unroll",
]
