// The complex plane with its unit circle, and eigenvalues that can be dragged.

import { set, svg } from "./dom.js";
import { write } from "./svg.js";

const REACH = 1.62; // the plane shows −REACH … REACH on both axes
const NUDGE = 0.02; // an arrow key moves a handle by this much, with Shift five times as far

export class ComplexPlane {
  /**
   * @param {Element} parent
   * @param {{labels: string[], move: (handle: number, real: number, imaginary: number) => void}} options
   */
  constructor(parent, { labels, move }) {
    this.svg = svg(parent, "svg", { class: "explorable-plane", role: "group", "aria-label": "Eigenvalues in the complex plane" });
    this.ground = svg(this.svg, "rect", { class: "explorable-above" });
    this.disc = svg(this.svg, "circle", { class: "explorable-disc" });
    this.axes = svg(this.svg, "path", { class: "explorable-axes" });
    this.names = ["real", "imaginary", "|λ| = 1"].map((name) => svg(this.svg, "text", { class: "explorable-small" }, name));
    this.ring = svg(this.svg, "circle", { class: "explorable-ring" });
    this.handles = labels.map((label, k) => this.makeHandle(label, k, move));
  }

  /** @returns {{spoke: SVGElement, group: SVGElement, text: SVGElement}} */
  makeHandle(label, k, move) {
    const spoke = svg(this.svg, "line", { class: "explorable-spoke" });
    const group = svg(this.svg, "g", { class: "explorable-handle", tabindex: 0, role: "slider", "aria-valuemin": 0, "aria-valuemax": 1.5 });
    group.setAttribute("aria-label", `eigenvalue ${label.replace("_", "")}: its modulus; the arrow keys move it in the plane`);
    svg(group, "circle", { r: 24, class: "explorable-reach" });
    svg(group, "circle", { r: 15, class: "explorable-halo" });
    svg(group, "circle", { r: 8, class: "explorable-knob" });
    const text = svg(this.svg, "text", { class: "explorable-plane-label" });
    write(text, label);

    /** @type {number[]} from the pointer to the eigenvalue it holds */
    let offset = [0, 0];
    group.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault(); // no text selection
      group.focus({ preventScroll: true });
      group.setPointerCapture(event.pointerId);
      group.classList.add("explorable-held");
      const [real, imaginary] = this.under(event);
      offset = [this.eigenvalues[k][0] - real, this.eigenvalues[k][1] - imaginary];
      this.held = this.eigenvalues[k];
    });
    group.addEventListener("pointermove", (event) => {
      if (!group.hasPointerCapture(event.pointerId)) return;
      const [real, imaginary] = this.under(event);
      // Two eigenvalues that meet may change names: hold on to the one that was here.
      const held = this.nearest(this.held);
      this.held = [real + offset[0], imaginary + offset[1]];
      move(held, ...this.held);
    });
    const release = () => group.classList.remove("explorable-held");
    group.addEventListener("lostpointercapture", release);
    group.addEventListener("keydown", (event) => {
      const direction = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!direction) return;
      event.preventDefault(); // the page must not scroll
      const far = NUDGE * (event.shiftKey ? 5 : 1);
      const [real, imaginary] = this.eigenvalues[k];
      move(k, real + far * direction[0], imaginary + far * direction[1]);
    });
    return { spoke, group, text };
  }

  /** The point of the plane under the pointer. */
  under(event) {
    const box = this.svg.getBoundingClientRect();
    return [(event.clientX - box.left - this.centre) / this.unit, (this.centre - (event.clientY - box.top)) / this.unit];
  }

  /** Which eigenvalue lies nearest to a point. */
  nearest([real, imaginary]) {
    const distances = this.eigenvalues.map((value) => Math.hypot(value[0] - real, value[1] - imaginary));
    return distances.indexOf(Math.min(...distances));
  }

  /** @param {number} size */
  resize(size) {
    this.size = size;
    this.centre = size / 2;
    this.unit = size / 2 / REACH;
    const { centre, unit } = this;
    set(this.svg, { viewBox: `0 0 ${size} ${size}`, width: size, height: size });
    set(this.ground, { width: size, height: size });
    set(this.disc, { cx: centre, cy: centre, r: unit });
    set(this.ring, { cx: centre, cy: centre });
    set(this.axes, { d: `M0 ${centre}H${size}M${centre} 0V${size}` });
    set(this.names[0], { x: size - 6, y: centre + 15, "text-anchor": "end" });
    set(this.names[1], { x: centre + 6, y: 13 });
    set(this.names[2], { x: centre, y: centre + unit * 1.25, "text-anchor": "middle" });
  }

  /**
   * @param {number[][]} eigenvalues rows (real, imaginary)
   * @param {string[]} spoken each eigenvalue in words
   */
  draw(eigenvalues, spoken) {
    const { centre, unit } = this;
    this.eigenvalues = eigenvalues;
    const moduli = eigenvalues.map(([real, imaginary]) => Math.hypot(real, imaginary));
    const radius = Math.max(...moduli);
    set(this.ring, { r: unit * radius });
    this.ring.classList.toggle("explorable-outside", radius > 1);
    eigenvalues.forEach(([real, imaginary], k) => {
      const { spoke, group, text } = this.handles[k];
      const x = centre + unit * real;
      const y = centre - unit * imaginary;
      set(spoke, { x1: centre, y1: centre, x2: x, y2: y });
      set(group, { transform: `translate(${x.toFixed(2)} ${y.toFixed(2)})`, "aria-valuenow": moduli[k].toFixed(2), "aria-valuetext": spoken[k] });
      // λ₁ is written above its handle, λ₂ below: they may meet on the real axis.
      set(text, { x: x + (x > this.size - 40 ? -34 : 14), y: y + (k === 0 ? -14 : 24) });
      for (const part of [spoke, group]) part.classList.toggle("explorable-outside", moduli[k] > 1 + 1e-12);
    });
  }
}
