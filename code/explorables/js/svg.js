// What drawing in SVG needs: lines, labels, and room between the labels.

import { svg } from "./dom.js";

/**
 * The path through the points; a step that is missing (null) breaks the line.
 * @param {([number, number] | null)[]} points
 */
export function path(points) {
  let command = "M";
  let d = "";
  for (const point of points) {
    if (point) {
      d += `${command}${point[0].toFixed(2)} ${point[1].toFixed(2)}`;
      command = "L";
    } else command = "M";
  }
  return d;
}

/**
 * Move labels apart so that they do not overlap, keeping their order and staying in the frame.
 * @param {number[]} wanted where each label would like to be
 * @param {number} gap
 * @param {number} low
 * @param {number} high
 * @returns {number[]}
 */
export function spread(wanted, gap, low, high) {
  const order = wanted.map((_, k) => k).sort((i, j) => wanted[i] - wanted[j]);
  const placed = [...wanted];
  let floor = low;
  for (const k of order) floor = (placed[k] = Math.max(wanted[k], floor)) + gap;
  let ceiling = high;
  for (const k of order.reverse()) ceiling = (placed[k] = Math.min(placed[k], ceiling)) - gap;
  return placed;
}

/**
 * Write a label with subscripts and superscripts: "σ^{ℓ}", "h_{T−ℓ}".
 * @param {Element} element the <text> to fill
 * @param {string} label
 */
export function write(element, label) {
  if (element.getAttribute("data-label") === label) return;
  element.setAttribute("data-label", label);
  element.replaceChildren();
  let raised = 0;
  for (const part of label.split(/([_^](?:\{[^}]*\}|.))/)) {
    if (!part) continue;
    const shift = { _: 0.28, "^": -0.38 }[part[0]] ?? 0;
    const text = shift ? part.slice(1).replace(/[{}]/g, "") : part;
    const span = svg(element, "tspan", { dy: `${(shift - raised).toFixed(2)}em` }, text);
    if (shift) span.setAttribute("class", "explorable-script");
    raised = shift;
  }
}
