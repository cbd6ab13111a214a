"""The figure *eigenvalues*: its mathematics, independently of its code."""

import numpy as np
import pytest

import bptt
from explorables import Eigenvalues
from explorables.eigenvalues import recurrent_matrix
from explorables.noise import noise


@pytest.mark.parametrize("shear", [0, 0.1, 2.5, 6])
@pytest.mark.parametrize("angle", [0, 1, 30, 89, 90, 91, 135, 179, 180])
@pytest.mark.parametrize("radius", [0, 0.01, 0.9, 1, 1.5])
@pytest.mark.parametrize("spectrum", Eigenvalues.spectrum.options)
def test_the_matrix_has_the_eigenvalues(
    spectrum: str, radius: float, angle: int, shear: float
) -> None:
    """By trace and determinant: the eigenvalues of a defective matrix are ill-conditioned."""
    weights, eigenvalues = recurrent_matrix(spectrum, radius, angle, shear)
    first, second = eigenvalues[:, 0] + 1j * eigenvalues[:, 1]
    assert np.trace(weights) == pytest.approx(first + second, abs=1e-14)
    assert np.linalg.det(weights) == pytest.approx(first * second, abs=1e-14)
    assert max(abs(first), abs(second)) == pytest.approx(radius, abs=1e-14)
    if spectrum == "conjugate pair":
        assert first == pytest.approx(radius * np.exp(1j * np.radians(angle)), abs=1e-14)


def test_without_shear_the_pair_is_normal_and_with_shear_it_is_not() -> None:
    for shear, normal in ((0, True), (1, False)):
        W, _ = recurrent_matrix("conjugate pair", 0.9, 40, shear)
        assert np.allclose(W @ W.T, W.T @ W) is normal


def test_two_reals_run_from_both_positive_to_both_negative() -> None:
    pairs = [recurrent_matrix("two reals", 1.2, angle, 0)[1][:, 0] for angle in range(181)]
    np.testing.assert_allclose(pairs[0], [1.2, 1.2])
    np.testing.assert_allclose(pairs[90], [1.2, -1.2])
    np.testing.assert_allclose(pairs[180], [-1.2, -1.2])
    np.testing.assert_allclose(pairs[120], [0.4, -1.2])
    assert np.all(np.diff(pairs, axis=0) <= 1e-15), "they move to the left, one after the other"


def some_states() -> list[dict[str, object]]:
    return list(Eigenvalues.sweep())[::97]


def test_the_norm_is_that_of_the_package() -> None:
    """The figure writes its product out; `bptt` uses BLAS."""
    for state in some_states():
        arrays = Eigenvalues.compute(**state)
        cell = bptt.Elman(
            arrays["weights"], state["input_scale"] * np.eye(2), activation=state["activation"]
        )
        run = bptt.unroll(cell, noise(state["seed"], state["horizon"], 2))
        expected = bptt.lag_norms(bptt.jacobians(run))
        # What a cancellation left of a true zero is zero in the figure.
        noise_floor = 1e-12 * expected.max()
        np.testing.assert_allclose(
            arrays["norm"],
            expected,
            rtol=1e-9,
            atol=noise_floor,
            err_msg=str(state),
        )


def test_the_bound_is_never_passed_and_the_radius_never_above_the_norm() -> None:
    for state in Eigenvalues.sweep():
        arrays = Eigenvalues.compute(**state)
        slack = 1 + 1e-9
        assert (arrays["norm"] <= arrays["bound"] * slack).all(), state
        assert (arrays["radius_power"] <= arrays["norm_power"] * slack).all(), state
        assert np.isfinite(arrays["norm"]).all(), state
        assert arrays["norm"][0] == 1


@pytest.mark.parametrize("seed", range(1, 21))
def test_a_linear_network_does_not_mind_its_input(seed: int) -> None:
    linear = {"activation": "identity", "shear": 2}
    np.testing.assert_array_equal(
        Eigenvalues.compute(**linear, seed=seed, input_scale=3)["norm"],
        Eigenvalues.compute(**linear)["norm"],
    )


def test_the_bump() -> None:
    """Both eigenvalues 0.9, and the norm still grows 19-fold: [[.9, 5], [0, .9]]."""
    arrays = Eigenvalues.compute(**Eigenvalues.presets["non-normal bump"])
    powers = [np.linalg.matrix_power([[0.9, 5], [0, 0.9]], lag) for lag in range(101)]
    np.testing.assert_allclose(arrays["norm"], np.linalg.norm(powers, 2, axis=(1, 2)), rtol=1e-12)
    assert arrays["norm"].argmax() == 9
    assert arrays["norm"].max() == pytest.approx(19.38, abs=0.005)


SENTENCES: dict[str, dict[str, object]] = {
    "first grows 19-fold, at lag 9, then vanishes": Eigenvalues.presets["non-normal bump"],
    "explodes: 900 times the length": Eigenvalues.presets["exploding"],
    "neither vanishes nor explodes: 1 is left": Eigenvalues.presets["pure rotation"],
    "exactly zero from lag 4 on": Eigenvalues.presets["ReLU dies"],
    "exactly zero from lag 1 on": {"radius": 0},
    "exactly zero from lag 2 on": {"radius": 0, "shear": 2, "activation": "identity"},
    "outside the unit circle, yet": Eigenvalues.presets["tanh saturates"],
    "below 10⁻³⁰⁰": {
        "radius": 0.01,
        "activation": "sigmoid",
        "input_scale": 3,
        "horizon": 100,
    },
    "promised no less": {"radius": 0.95},
}


@pytest.mark.parametrize(("words", "state"), SENTENCES.items())
def test_what_it_says(words: str, state: dict[str, object]) -> None:
    assert words in Eigenvalues.describe(**state)


def test_every_sentence_is_a_sentence() -> None:
    for state in Eigenvalues.sweep():
        said = Eigenvalues.describe(**state)
        assert said[0] == "T"
        assert said[-1] == "."
        assert not any(word in said for word in ("nan", "inf ", "None", "e-", "e+"))


def test_the_picture_shows_every_line() -> None:
    picture = Eigenvalues.picture()
    plane, chart = picture.axes
    assert len(chart.lines) >= 5
    words = {text.get_text() for axes in (plane, chart) for text in axes.texts}
    assert {"λ₁", "λ₂", "explodes", "vanishes"} <= words


def test_noise_has_mean_0_and_variance_1() -> None:
    for seed in range(1, 21):
        sequence = noise(seed, 5000, 2)
        assert abs(sequence.mean()) < 0.05
        assert abs(sequence.std() - 1) < 0.03
    assert not np.array_equal(noise(1, 10, 2), noise(2, 10, 2))
    np.testing.assert_array_equal(noise(3, 10, 2), noise(3, 20, 2)[:10])
