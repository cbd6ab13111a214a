"""Singular values against numpy's SVD, Geršgorin's discs against the eigenvalues."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bptt.spectrum import gershgorin_discs, largest_singular_value, singular_values

shapes = st.tuples(st.integers(0, 3), st.integers(1, 5)).map(
    lambda s: (*([2] if s[0] else []), s[1], s[1])
)
stacks = shapes.flatmap(lambda s: hnp.arrays(float, s, elements=st.floats(-1e3, 1e3)))


@settings(deadline=None, max_examples=100)
@given(A=stacks)
def test_singular_values_multiply_to_the_determinant_and_sum_to_the_squares(A):
    values = singular_values(A)
    assert values.shape == A.shape[:-1]
    assert (np.diff(values, axis=-1) <= 0).all()
    squares = (A**2).sum(axis=(-2, -1))
    np.testing.assert_allclose((values**2).sum(axis=-1), squares, rtol=1e-12)
    n = A.shape[-1]
    determinant = np.abs(np.linalg.det(A))
    scale = values[..., 0] ** n
    assert (np.abs(values.prod(axis=-1) - determinant) <= 1e-12 * scale + 1e-250).all()


@settings(deadline=None, max_examples=150)
@given(A=stacks, turn=st.sampled_from([1.0, 1j, 0.6 + 0.8j]))
def test_the_largest_singular_value_against_svd(A, turn):
    A = np.where(np.abs(A) < 1e-100, 0.0, A) * turn  # squares must stay in range, as promised
    expected = np.linalg.svd(A, compute_uv=False)[..., 0]
    np.testing.assert_allclose(largest_singular_value(A), expected, rtol=1e-14 * A.shape[-1])


def test_the_closed_form_for_two_units_does_not_cancel():
    for A, largest in (
        ([[0.0, -1.0], [1.0, 0.0]], 1.0),
        ([[1.0, 1e-9], [0.0, 1.0]], 1 + 0.5e-9),
        ([[1e-100, 0.0], [0.0, 2e-100]], 2e-100),
        ([[3.0, 4.0], [3.0, 4.0]], 5 * np.sqrt(2)),
    ):
        assert largest_singular_value(np.array(A)) == pytest.approx(largest, rel=1e-15)


@pytest.mark.parametrize("transposed", [False, True])
@settings(deadline=None, max_examples=100)
@given(A=stacks)
def test_every_eigenvalue_lies_in_a_disc(A, transposed):
    A = A.swapaxes(-2, -1) if transposed else A
    centres, radii = gershgorin_discs(A)
    assert centres.shape == radii.shape == A.shape[:-1]
    # Where eigenvalues nearly coincide they are known only to the n-th root of the rounding error.
    slack = 5 * np.abs(A).sum(axis=(-2, -1)).max() * 1e-16 ** (1 / A.shape[-1])
    eigenvalues = np.linalg.eigvals(A)
    distances = np.abs(eigenvalues[..., :, None] - centres[..., None, :])
    assert (distances <= radii[..., None, :] + slack).any(axis=-1).all()


def test_discs_of_a_diagonal_matrix_are_points_and_a_huge_centre_costs_no_digit():
    centres, radii = gershgorin_discs(np.diag([1.0, -2.0, 3.0]))
    assert centres.tolist() == [1, -2, 3]
    assert radii.tolist() == [0, 0, 0]
    assert gershgorin_discs([[1e20, 1.0], [2j, 0.0]])[1].tolist() == [1, 2]


@pytest.mark.parametrize("function", [singular_values, gershgorin_discs])
@pytest.mark.parametrize(
    ("error", "value", "words"),
    [
        (ValueError, np.ones(3), "A must | square | (3,)"),
        (ValueError, np.ones((2, 3)), "A must | (n, n) | (2, 3)"),
        (ValueError, np.ones((5, 0, 0)), "A must | (5, 0, 0)"),
        (ValueError, [[np.inf]], "A[0, 0] | finite | inf"),
        (TypeError, "A", "A must | numbers | str"),
    ],
)
def test_bad_call(function, error, value, words):
    with pytest.raises(error) as caught:
        function(value)
    for word in words.split(" | "):
        assert word in str(caught.value)
