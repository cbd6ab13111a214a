// Curves over the lag on a logarithmic axis, with the vanishing half below 1 and the exploding half above.

import { say, set, svg } from "./dom.js";
import { path, spread, write } from "./svg.js";
import { superscript } from "./words.js";

const TOP = 26;
const BOTTOM = 40;
const LEFT = 44;
const RIGHT = 112;
const LABEL_GAP = 17;

/** @typedef {{key: string, label: string, main?: boolean}} Line */

export class LogChart {
  /**
   * @param {Element} parent
   * @param {{title: string, axis: string, low: number, high: number, lines: Line[], id: string}} options
   *   low and high are powers of ten; the line marked `main` is drawn in the colour of its half
   */
  constructor(parent, { title, axis, low, high, lines, id }) {
    Object.assign(this, { low, high, lines, axis });
    this.svg = svg(parent, "svg", { class: "explorable-chart", "aria-hidden": "true" });
    this.above = svg(this.svg, "rect", { class: "explorable-above" });
    this.below = svg(this.svg, "rect", { class: "explorable-below" });
    this.grid = svg(this.svg, "g", { class: "explorable-grid" });
    this.one = svg(this.svg, "line", { class: "explorable-one" });
    this.words = [svg(this.svg, "text", { class: "explorable-explodes" }, "explodes"), svg(this.svg, "text", { class: "explorable-vanishes" }, "vanishes")];
    write(svg(this.svg, "text", { x: LEFT, y: 14, class: "explorable-title" }), title);
    this.clips = ["above", "below"].map((half) => {
      const clip = svg(this.svg, "clipPath", { id: `${id}-${half}` });
      return svg(clip, "rect");
    });
    this.curves = lines.map(({ key, main }) =>
      (main ? ["above", "below"] : ["all"]).map((half) => {
        const clip = half === "all" ? `${id}-frame` : `${id}-${half}`;
        const g = svg(this.svg, "g", { "clip-path": `url(#${clip})` });
        return svg(g, "path", { class: `explorable-line explorable-${key} explorable-${half}-line` });
      }),
    );
    this.frame = svg(svg(this.svg, "clipPath", { id: `${id}-frame` }), "rect");
    this.labels = lines.map(({ key }) => svg(this.svg, "text", { class: `explorable-label explorable-${key}-label` }));
    this.cursor = svg(this.svg, "g", { class: "explorable-cursor", visibility: "hidden" });
    this.cursorLine = svg(this.cursor, "line");
    this.cursorText = svg(this.cursor, "text", { class: "explorable-readout" });
  }

  /** @param {number} value */
  y(value) {
    const decade = value > 0 ? Math.log10(value) : -Infinity;
    const beyond = Math.min(Math.max(decade, this.low - 2), this.high + 2); // a path wants finite numbers
    return TOP + ((this.high - beyond) / (this.high - this.low)) * this.innerHeight;
  }

  /** @param {number} lag */
  x(lag) {
    return LEFT + (lag / this.steps) * this.innerWidth;
  }

  /** @param {number} width @param {number} height */
  resize(width, height) {
    this.innerWidth = width - LEFT - RIGHT;
    this.innerHeight = height - TOP - BOTTOM;
    this.steps = 0; // draw the axes anew
    set(this.svg, { viewBox: `0 0 ${width} ${height}`, width, height });
    const one = this.y(1);
    const bottom = TOP + this.innerHeight;
    const halves = [
      { y: TOP, height: one - TOP },
      { y: one, height: bottom - one },
    ];
    const across = { x: LEFT, width: this.innerWidth };
    set(this.above, { ...across, ...halves[0] });
    set(this.below, { ...across, ...halves[1] });
    this.clips.forEach((clip, k) => set(clip, { ...across, ...halves[k] }));
    set(this.frame, { ...across, y: TOP, height: this.innerHeight });
    set(this.one, { x1: LEFT, x2: LEFT + this.innerWidth, y1: one, y2: one });
    set(this.words[0], { x: LEFT + 8, y: TOP + 18 });
    set(this.words[1], { x: LEFT + 8, y: bottom - 9 });
  }

  drawAxes() {
    this.grid.replaceChildren();
    const bottom = TOP + this.innerHeight;
    for (let decade = this.low; decade <= this.high; decade += 2) {
      const y = this.y(10 ** decade);
      svg(this.grid, "line", { x1: LEFT, x2: LEFT + this.innerWidth, y1: y, y2: y });
      svg(this.grid, "text", { x: LEFT - 7, y: y + 4, "text-anchor": "end" }, decade === 0 ? "1" : `10${superscript(decade)}`);
    }
    const every = [1, 2, 5, 10, 20, 25, 50].find((step) => this.steps / step <= 6) ?? 100;
    for (let lag = 0; lag <= this.steps; lag += every) {
      const x = this.x(lag);
      svg(this.grid, "line", { x1: x, x2: x, y1: bottom, y2: bottom + 4, class: "explorable-tick" });
      svg(this.grid, "text", { x, y: bottom + 18, "text-anchor": "middle" }, String(lag));
    }
    write(svg(this.grid, "text", { x: LEFT + this.innerWidth / 2, y: bottom + 35, "text-anchor": "middle" }), this.axis);
  }

  /** @param {Record<string, number[]>} arrays one array a line, over lags 0, 1, … */
  draw(arrays) {
    const steps = arrays[this.lines[0].key].length - 1;
    if (steps !== this.steps) {
      this.steps = steps;
      this.drawAxes();
    }
    this.arrays = arrays;
    this.lines.forEach(({ key }, k) => {
      const d = path(arrays[key].map((value, lag) => [this.x(lag), this.y(value)]));
      for (const curve of this.curves[k]) set(curve, { d });
    });
    this.drawLabels(arrays);
  }

  /** Name each line where it ends; lines that end together share one label. */
  drawLabels(arrays) {
    const bottom = TOP + this.innerHeight;
    /** @type {{y: number, label: string, owner: number}[]} */
    const shown = [];
    this.lines.forEach(({ key, label, main }, k) => {
      const y = this.y(arrays[key].at(-1));
      const arrow = y < TOP ? " ↑" : y > bottom ? " ↓" : "";
      const together = shown.find((other) => !main && !this.lines[other.owner].main && Math.abs(other.y - y) < 3);
      if (together) together.label = `${together.label.replace(/ [↑↓]$/, "")}, ${label}${arrow}`;
      else shown.push({ y, label: label + arrow, owner: k });
    });
    const places = spread(shown.map(({ y }) => Math.min(Math.max(y, TOP), bottom)), LABEL_GAP, TOP + 4, bottom);
    const owners = new Set(shown.map(({ owner }) => owner));
    this.labels.forEach((label, k) => owners.has(k) || set(label, { visibility: "hidden" }));
    shown.forEach(({ label, owner, y }, k) => {
      const text = this.labels[owner];
      set(text, { x: LEFT + this.innerWidth + 7, y: places[k] + 4, visibility: "visible" });
      if (this.lines[owner].main) text.classList.toggle("explorable-explodes", y < this.y(1));
      write(text, label);
    });
  }

  /**
   * Show the values at the lag under the pointer.
   * @param {(lag: number) => string} readout
   */
  follow(readout) {
    this.svg.addEventListener("pointermove", (event) => {
      const box = this.svg.getBoundingClientRect();
      const lag = Math.round(((event.clientX - box.left - LEFT) / this.innerWidth) * this.steps);
      const inside = lag >= 0 && lag <= this.steps;
      set(this.cursor, { visibility: inside ? "visible" : "hidden" });
      if (!inside) return;
      const x = this.x(lag);
      set(this.cursorLine, { x1: x, x2: x, y1: TOP, y2: TOP + this.innerHeight });
      const right = x > LEFT + this.innerWidth / 2;
      set(this.cursorText, { x: x + (right ? -7 : 7), y: TOP + 18, "text-anchor": right ? "end" : "start" });
      say(this.cursorText, readout(lag));
    });
    this.svg.addEventListener("pointerleave", () => set(this.cursor, { visibility: "hidden" }));
  }
}
