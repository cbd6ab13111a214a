// The same figure as a widget: anywidget calls render, the sliders beside it are ipywidgets.

import { mount } from "./explorable.js";

/**
 * @param {import("./explorable.js").Figure} figure
 * @param {import("./explorable.js").Controls} controls
 */
export function widget(figure, controls) {
  const names = Object.keys(controls);
  const numbers = names.filter((name) => "step" in controls[name]);
  let views = 0;

  return {
    render({ model, el }) {
      el.innerHTML = model.get("html");
      const element = el.firstElementChild;
      element.id += `-${++views}`; // a figure shown twice has its clip paths twice
      const explorable = mount(element, figure, controls);

      // A slider rounds what it is given to its own steps, and reports that as if it had been moved:
      // so it has a value of its own in the model, which counts only if it is another step.
      const stands = (name) => Math.abs(model.get(`${name}_slider`) - model.get(name)) < 0.51 * controls[name].step;
      const place = () => {
        for (const name of numbers) if (!stands(name)) model.set(`${name}_slider`, model.get(name));
      };
      const slid = (name) => {
        const value = model.get(`${name}_slider`).toFixed(controls[name].digits);
        if (!stands(name)) explorable.set({ [name]: Number(value) });
      };

      let sending = false; // the model answers each value with an event, while the others are still old
      let hearing = false; // what came from the model does not go back to it
      const fromModel = () => {
        if (sending) return;
        hearing = true;
        explorable.set(Object.fromEntries(names.map((name) => [name, model.get(name)])));
        hearing = false;
        place();
      };
      const toModel = () => {
        if (hearing) return;
        sending = true;
        for (const name of names) model.set(name, explorable.state[name]);
        sending = false;
        place();
        model.save_changes();
      };

      explorable.onChange(toModel);
      fromModel();
      for (const name of names) model.on(`change:${name}`, fromModel);
      for (const name of numbers) model.on(`change:${name}_slider`, () => slid(name));
    },
  };
}
