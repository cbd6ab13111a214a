// A living figure: its state, what moves it, and what it shows. The same in the page and in Jupyter.

/**
 * @typedef {Record<string, number | string>} State
 * @typedef {{default: number, low: number, high: number, step: number, digits: number, label: string, unit: string}} NumberControl
 * @typedef {{default: string, options: string[], label: string}} ChoiceControl
 * @typedef {Record<string, NumberControl | ChoiceControl>} Controls
 * @typedef {{
 *   name: string,
 *   compute: (state: any) => any,
 *   describe: (state: any, arrays: any) => string,
 *   view: (root: HTMLElement, host: object) => {resize: (width: number) => void, draw: (state: any, arrays: any) => void},
 * }} Figure what a figure's own module exports
 */

import { say, set } from "./dom.js";

const SETTLED = 500; // milliseconds of rest after which a change is announced

const isChoice = (control) => "options" in control;
const isWhole = (control) => Number.isInteger(control.step);

/** The nearest value that a slider can be moved to. */
function rounded(control, value) {
  const steps = Math.round((value - control.low) / control.step);
  return Number((control.low + steps * control.step).toFixed(control.digits));
}

/**
 * What can be done with the values given, and what must be said about the rest.
 * @param {Controls} controls
 * @param {Record<string, unknown>} given
 * @returns {{state: State, notes: string[]}}
 */
export function understood(controls, given) {
  /** @type {State} */
  const state = {};
  const notes = [];
  for (const [name, value] of Object.entries(given)) {
    const control = controls[name];
    if (!Object.hasOwn(controls, name)) {
      notes.push(`This figure has no “${name}”: ignored.`);
    } else if (isChoice(control)) {
      if (control.options.includes(value)) state[name] = value;
      else notes.push(`${control.label} cannot be “${value}”: ignored. It is one of ${control.options.join(", ")}.`);
    } else {
      const number = typeof value === "string" && value.trim() === "" ? NaN : Number(value);
      if (Number.isNaN(number)) {
        notes.push(`${control.label} must be a number, not “${value}”: ignored.`);
        continue;
      }
      const kept = Math.min(Math.max(number, control.low), control.high);
      state[name] = isWhole(control) ? Math.round(kept) : kept;
      if (kept !== number) notes.push(`${control.label} goes from ${control.low} to ${control.high}: ${value} became ${kept}.`);
      else if (state[name] !== number) notes.push(`${control.label} is a whole number: ${value} became ${state[name]}.`);
    }
  }
  return { state, notes };
}

/** @param {string} query "radius=0.9&shear=5" */
export const fromQuery = (query) => Object.fromEntries(new URLSearchParams(query));

/**
 * The state as a link writes it: what differs from the defaults.
 * @param {Controls} controls
 * @param {State} state
 */
export function toQuery(controls, state) {
  const changed = Object.entries(state).filter(([name, value]) => value !== controls[name].default);
  return new URLSearchParams(changed.map(([name, value]) => [name, String(value)])).toString();
}

/**
 * Bring a <figure class="explorable"> to life.
 * @param {HTMLElement} element
 * @param {Figure} figure
 * @param {Controls} controls
 */
export function mount(element, figure, controls) {
  const part = (name) => /** @type {HTMLElement} */ (element.querySelector(`.explorable-${name}`));
  const defaults = Object.fromEntries(Object.entries(controls).map(([name, control]) => [name, control.default]));
  const initial = { ...defaults, ...understood(controls, fromQuery(element.dataset.state ?? "")).state };

  let state = initial;
  let arrays = figure.compute(state);
  let announcement = 0;
  /** @type {((state: State) => void)[]} */
  const listeners = [];

  const root = document.createElement("div");
  const drawing = figure.view(root, {
    id: element.id || figure.name,
    get: () => ({ state, arrays }),
    move(partial) {
      const free = Object.entries(partial).map(([name, value]) => [name, rounded(controls[name], value)]);
      change(understood(controls, Object.fromEntries(free)).state, []);
    },
  });
  const inputs = /** @type {NodeListOf<HTMLInputElement | HTMLSelectElement>} */ (element.querySelectorAll("input, select"));
  const presets = /** @type {NodeListOf<HTMLButtonElement>} */ (element.querySelectorAll("button[data-state]"));

  function show() {
    drawing.draw(state, arrays);
    const sentence = figure.describe(state, arrays);
    say(part("sentence"), sentence);
    clearTimeout(announcement);
    announcement = setTimeout(() => say(part("announcement"), sentence), SETTLED);
    for (const input of inputs) {
      const control = controls[input.name];
      input.value = String(state[input.name]);
      if (isChoice(control)) continue;
      const text = `${Number(state[input.name]).toFixed(control.digits)}${control.unit}`;
      say(element.querySelector(`output[for="${input.id}"]`), text);
      set(input, { "aria-valuetext": text });
    }
    const query = toQuery(controls, state);
    for (const button of presets) set(button, { "aria-pressed": String(button.dataset.state === query) });
  }

  /** @param {State} partial @param {string[]} notes */
  function change(partial, notes) {
    say(part("note"), notes.join(" "));
    const next = { ...state, ...partial };
    if (Object.keys(next).every((name) => next[name] === state[name])) return;
    state = next;
    arrays = figure.compute(state);
    show();
    for (const listener of listeners) listener(state);
  }

  const explorable = {
    /** The current value of every control (a copy). */
    get state() {
      return { ...state };
    },
    /** Set some values; what is out of range is clamped, what is unknown ignored, and the figure says so. */
    set(partial) {
      const { state: accepted, notes } = understood(controls, partial);
      change(accepted, notes);
    },
    /** The arrays of a state; what is not given is as the figure has it now. */
    compute: (given = {}) => figure.compute({ ...state, ...understood(controls, given).state }),
    /** Set the whole state as a link describes it: what it does not name returns to its default. */
    restore(query) {
      const { state: accepted, notes } = understood(controls, fromQuery(query));
      change({ ...defaults, ...accepted }, notes);
    },
    get query() {
      return toQuery(controls, state);
    },
    /** Call `listener(state)` after every change. */
    onChange: (listener) => listeners.push(listener),
  };

  for (const input of inputs) input.addEventListener("input", () => explorable.set({ [input.name]: input.value }));
  for (const button of presets) button.addEventListener("click", () => explorable.restore(button.dataset.state));
  part("reset").addEventListener("click", () => change(initial, []));

  let width = 0;
  new ResizeObserver(([{ contentRect }]) => {
    if (contentRect.width === width || contentRect.width === 0) return;
    width = contentRect.width;
    root.className = "explorable-drawing";
    drawing.resize(width);
    drawing.draw(state, arrays);
  }).observe(part("view"));

  width = part("view").clientWidth || 640;
  root.className = "explorable-drawing";
  drawing.resize(width);
  show();
  part("view").replaceChildren(root);
  element.classList.add("explorable-alive");
  Object.assign(element, { explorable });
  return explorable;
}
