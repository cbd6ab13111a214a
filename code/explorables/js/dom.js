// Making elements and changing them; what is already so is left alone, for a change costs a layout.

/**
 * Make an SVG element inside `parent`.
 * @param {Element | null} parent
 * @param {string} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {string} [text]
 * @returns {SVGElement}
 */
export function svg(parent, tag, attributes = {}, text = "") {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  set(element, attributes);
  if (text) element.textContent = text;
  parent?.append(element);
  return element;
}

/**
 * Make an HTML element inside `parent`.
 * @param {Element} parent
 * @param {string} tag
 * @param {string} [name] its class
 * @returns {HTMLElement}
 */
export function html(parent, tag, name = "") {
  const element = document.createElement(tag);
  element.className = name;
  parent.append(element);
  return element;
}

/**
 * @param {Element} element
 * @param {Record<string, string | number>} attributes
 */
export function set(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    const text = String(value);
    if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}

/**
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
