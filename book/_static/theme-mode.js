// Runs before the first paint: the reader's own choice, otherwise the system's.
{
  const root = document.documentElement.dataset;
  root.mode = localStorage.getItem("mode") || "auto";
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  root.theme = root.mode !== "auto" ? root.mode : dark ? "dark" : "light";
}
