// The figures of a built page: brought to life, set by links, kept in the URL.

import { mount } from "./explorable.js";

const PAUSE = 250; // milliseconds; browsers limit how often the URL may change

/**
 * @param {Record<string, import("./explorable.js").Figure>} figures
 * @param {Record<string, import("./explorable.js").Controls>} declarations
 */
export function bringToLife(figures, declarations) {
  let pending = 0;
  for (const element of document.querySelectorAll("figure.explorable")) {
    const { explorable: name } = element.dataset;
    try {
      if (!Object.hasOwn(figures, name)) throw new Error(`there is no figure named “${name}”`);
      mount(element, figures[name], declarations[name]).onChange(() => {
        clearTimeout(pending);
        pending = setTimeout(() => history.replaceState(history.state, "", `#${element.id}?${element.explorable.query}`), PAUSE);
      });
    } catch (error) {
      // The picture stays, and the other figures live on.
      const sentence = document.createElement("p");
      sentence.className = "explorable-note";
      sentence.textContent = `This figure cannot be moved: ${error.message}.`;
      element.append(sentence);
    }
  }

  /** Follow "#eigenvalues?radius=0.9": set the figure and bring it into view. */
  const follow = (hash) => {
    const [, id, query] = /^#([^?]+)\?(.*)$/.exec(hash) ?? [];
    const element = id && document.getElementById(decodeURIComponent(id));
    if (!element || !element.explorable) return;
    clearTimeout(pending);
    element.explorable.restore(query);
    const { top, bottom } = element.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) element.scrollIntoView();
    element.focus({ preventScroll: true });
  };
  addEventListener("hashchange", () => follow(location.hash));
  document.addEventListener("click", (event) => {
    // A link to the state that the URL already names fires no hashchange.
    const link = event.target instanceof Element && event.target.closest("a[href^='#']");
    if (link && link.hash === location.hash) follow(link.hash);
  });
  follow(location.hash);
}
