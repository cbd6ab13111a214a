// A selected formula is copied as its LaTeX, not as a heap of letters.
document.addEventListener("copy", (event) => {
  const selection = getSelection();
  if (!selection.rangeCount) return;
  const copy = document.createElement("div");
  copy.append(selection.getRangeAt(0).cloneContents());
  for (const math of copy.querySelectorAll("math")) {
    const mark = math.getAttribute("display") === "block" ? "$$" : "$";
    math.replaceWith(mark + math.querySelector("annotation").textContent + mark);
    event.clipboardData.setData("text/plain", copy.textContent);
    event.preventDefault();
  }
});
