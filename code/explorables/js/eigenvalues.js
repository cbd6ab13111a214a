// The figure "eigenvalues". The twin of eigenvalues.py: computes, says and draws the same.

import { ACTIVATIONS } from "./activations.js";
import { ComplexPlane } from "./complex_plane.js";
import { html, say } from "./dom.js";
import { LogChart } from "./log_chart.js";
import { noise } from "./noise.js";
import { superscript, tell } from "./words.js";

const TINY = 1e-300;
const CANCELLED = 1e-13;
const GONE = 0.1;
const HUGE = 10;
const BUMP = 1.5;

const sine = (degrees) => Math.floor(1e15 * Math.sin((Math.PI * degrees) / 180) + 0.5) / 1e15;
const sum = (left, right) => (Math.abs(left + right) < CANCELLED * (Math.abs(left) + Math.abs(right)) ? 0 : left + right);
const flushed = (value) => (value < TINY ? 0 : value);

/** W_hh and its eigenvalues; eigenvalues.py gives the formulas. */
function recurrentMatrix({ spectrum, radius, angle, shear }) {
  if (spectrum === "two reals") {
    const first = radius * Math.min(1, 1 - (angle - 90) / 45);
    const second = radius * Math.max(-1, 1 - angle / 45);
    return { weights: [[first, shear], [0, second]], eigenvalues: [[first, 0], [second, 0]] };
  }
  const real = radius * sine(90 - angle);
  const imaginary = radius * sine(Math.min(angle, 180 - angle));
  const lower = imaginary > 0 ? -imaginary * (imaginary / (imaginary + shear)) : 0;
  return {
    weights: [[real, imaginary + shear], [lower, real]],
    eigenvalues: [[real, imaginary], [real, -imaginary]],
  };
}

/** The largest singular value of a 2×2 matrix. */
function spectralNorm([[a, b], [c, d]]) {
  return (Math.hypot(a + d, c - b) + Math.hypot(a - d, b + c)) / 2;
}

function compute(state) {
  const { weights, eigenvalues } = recurrentMatrix(state);
  const [[a, b], [c, d]] = weights;
  const { value, slope, supremum } = ACTIVATIONS[state.activation];
  const { horizon, input_scale: scale } = state;

  let h = [0, 0];
  const slopes = noise(state.seed, horizon, 2).map((x) => {
    const pre = [scale * x[0] + (a * h[0] + b * h[1]), scale * x[1] + (c * h[0] + d * h[1])];
    h = pre.map(value);
    return pre.map(slope);
  });

  // From the last step back: P ← P·J, with J = diag(φ′(aₜ)) W_hh.
  const norm = [1];
  let [p, q, r, s] = [1, 0, 0, 1];
  for (const [first, second] of slopes.reverse()) {
    const [ja, jb, jc, jd] = [first * a, first * b, second * c, second * d];
    [p, q] = [sum(p * ja, q * jc), sum(p * jb, q * jd)];
    [r, s] = [sum(r * ja, s * jc), sum(r * jb, s * jd)];
    norm.push(flushed(spectralNorm([[p, q], [r, s]])));
  }
  const largest = spectralNorm(weights);
  const powers = (base) => lag.map((k) => flushed(base ** k));
  const lag = norm.map((_, k) => k);
  return {
    lag,
    norm,
    radius_power: powers(state.radius),
    norm_power: powers(largest),
    bound: powers(largest * supremum),
    weights,
    eigenvalues,
  };
}

/** How the norm runs from lag 0, where it is 1, to the last lag. */
function course(norm) {
  const steps = norm.length - 1;
  const last = norm[steps];
  if (last === 0) {
    const dead = norm.indexOf(0);
    if (norm[dead - 1] > 1e-250) return `The norm is exactly zero from lag ${dead} on.`;
    return `The norm vanishes: below 10⁻³⁰⁰ from lag ${dead} on.`;
  }
  const highest = Math.max(...norm);
  const lowest = Math.min(...norm);
  const [peak, trough] = [norm.indexOf(highest), norm.indexOf(lowest)];
  const rises = highest > BUMP * Math.max(1, last);
  const dips = lowest * BUMP < Math.min(1, last);
  if (last < GONE) {
    const start = rises ? `first grows ${tell(highest)}-fold, at lag ${peak}, then ` : "";
    return `The norm ${start}vanishes: ${tell(last)} is left after ${steps} steps.`;
  }
  if (last > HUGE) {
    const start = dips ? `first falls to ${tell(lowest)}, at lag ${trough}, then ` : "";
    return `The norm ${start}explodes: ${tell(last)} times the length after ${steps} steps.`;
  }
  if (rises) return `The norm first grows ${tell(highest)}-fold, at lag ${peak}; ${tell(last)} is left after ${steps} steps.`;
  return `The norm neither vanishes nor explodes: ${tell(last)} is left after ${steps} steps.`;
}

/** What the eigenvalues and the bound have, or have not, to do with it. */
function reason(state, { norm, bound }) {
  const last = norm.at(-1);
  const factor = bound[1];
  const outside = state.radius > 1;
  if (state.activation === "identity") {
    if (!outside && Math.max(...norm) > BUMP) return "No eigenvalue lies outside the unit circle, but the matrix is not normal.";
    return "Without an activation every Jacobian is the recurrent matrix itself, whatever the input.";
  }
  if (factor < 1) return `The bound promised no less: the spectral norm times the steepest slope is ${tell(factor)}, below 1.`;
  if (last < GONE) {
    const where = outside ? "An eigenvalue lies outside the unit circle, yet the" : "The";
    return `${where} slopes of ${state.activation} win; the bound is silent.`;
  }
  return "The bound allows it, and would allow far more.";
}

/** The state in which a handle lies at the given point. */
function dragged(state, eigenvalues, handle, real, imaginary) {
  if (state.spectrum === "two reals") {
    const both = [real, eigenvalues[1 - handle][0]];
    const [low, high] = [Math.min(...both), Math.max(...both)];
    const radius = Math.max(high, -low);
    if (radius === 0) return { radius };
    return { radius, angle: high >= -low ? 45 * (1 - low / radius) : 90 + 45 * (1 - high / radius) };
  }
  return { radius: Math.hypot(real, imaginary), angle: (Math.atan2(Math.abs(imaginary), real) * 180) / Math.PI };
}

function spoken([real, imaginary]) {
  if (imaginary === 0) return real.toFixed(2);
  return `${real.toFixed(2)} ${imaginary < 0 ? "−" : "+"} ${Math.abs(imaginary).toFixed(2)}i`.replace("-", "−");
}

const WIDE = 560; // from this width on the two drawings stand side by side

/**
 * Build the drawing inside `root`.
 * @param {HTMLElement} root
 * @param {{id: string, get: () => {state: any, arrays: any}, move: (partial: any) => void}} host
 *   `move` sets the state, rounded to the controls' steps and kept in their ranges
 */
function view(root, { id, get, move }) {
  const plane = new ComplexPlane(root, {
    labels: ["λ_1", "λ_2"],
    move: (handle, real, imaginary) => {
      const { state, arrays } = get();
      move(dragged(state, arrays.eigenvalues, handle, real, imaginary));
    },
  });
  const chart = new LogChart(root, {
    id,
    title: "‖∂h_{T}/∂h_{T−ℓ}‖ on a logarithmic axis",
    axis: "lag ℓ (steps back from the last, T)",
    low: -8,
    high: 4,
    lines: [
      { key: "bound", label: "bound" },
      { key: "norm_power", label: "σ^{ℓ}" },
      { key: "radius_power", label: "ρ^{ℓ}" },
      { key: "norm", label: "measured", main: true },
    ],
  });
  chart.follow((lag) => {
    const { norm } = get().arrays;
    return `lag ${lag}: ${norm[lag] > 0 ? tell(norm[lag]) : "0"}`;
  });

  const equation = html(root, "p", "explorable-equation");
  const left = html(equation, "span");
  const brackets = html(equation, "span", "explorable-brackets");
  const cells = [0, 1, 2, 3].map(() => html(brackets, "span"));
  const right = html(equation, "span");

  return {
    resize(width) {
      const wide = width >= WIDE;
      plane.resize(Math.floor(wide ? Math.min(0.36 * width, 300) : Math.min(width, 320)));
      chart.resize(Math.floor(wide ? width - plane.size - 24 : width), wide ? plane.size : 290);
    },
    draw(state, arrays) {
      plane.draw(arrays.eigenvalues, arrays.eigenvalues.map(spoken));
      chart.draw(arrays);
      arrays.weights.flat().forEach((entry, k) => {
        say(cells[k], entry.toFixed(2).replace(/^-(0\.00)$/, "$1").replace("-", "−"));
      });
      const linear = state.activation === "identity";
      say(left, linear ? "hₜ =" : `hₜ = ${state.activation} (`);
      say(right, `hₜ₋₁ + ${state.input_scale.toFixed(2)} xₜ⁽${superscript(state.seed)}⁾${linear ? "" : " )"}`);
    },
  };
}

export const eigenvalues = { name: "eigenvalues", compute, describe: (state, arrays) => `${course(arrays.norm)} ${reason(state, arrays)}`, view };
