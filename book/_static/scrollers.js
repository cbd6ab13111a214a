// What is too wide scrolls in its own box, and a box that scrolls can be reached by keyboard.
const watch = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  }
});
const boxes = ".formula, span.math, .pst-scrollable-table-container";
for (const box of document.querySelectorAll(boxes)) watch.observe(box);
