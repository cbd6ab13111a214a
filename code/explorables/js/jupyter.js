// The same figure as a widget: anywidget calls render, the sliders beside it are ipywidgets.

import { mount } from "./explorable.js";

/**
 * @param {import("./explorable.js").Figure} figure
 * @param {import("./explorable.js").Controls} controls
 */
export function widget(figure, controls) {
  return {
    render({ model, el }) {
      el.innerHTML = model.get("html");
      const explorable = mount(el.firstElementChild, figure, controls);
      const names = Object.keys(controls);
      let sending = false; // the model answers each value with an event, while the others are still old
      const fromModel = () => {
        if (!sending) explorable.set(Object.fromEntries(names.map((name) => [name, model.get(name)])));
      };
      for (const name of names) model.on(`change:${name}`, fromModel);
      explorable.onChange((state) => {
        sending = true;
        for (const name of names) model.set(name, state[name]);
        sending = false;
        model.save_changes();
      });
      fromModel();
    },
  };
}
