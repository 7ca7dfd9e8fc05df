// Light or dark: as the system says, unless the reader chose; the choice is kept in this browser.
// A classic script in the head: it runs before the first paint, so a page never flashes in the other colours.
(() => {
  const KEY = "trackflow-theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  const kept = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // a browser that keeps nothing
    }
  };
  const keep = (theme) => {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // it holds for this page, then
    }
  };
  const shown = () => root.dataset.theme ?? (system.matches ? "dark" : "light");

  const label = () => {
    const other = shown() === "dark" ? "light" : "dark";
    for (const button of document.querySelectorAll("[data-theme-switch]")) {
      button.hidden = false;
      button.title = `Use the ${other} theme`;
      button.querySelector("[data-theme-label]").textContent = button.title;
    }
  };

  const apply = (theme) => {
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  };

  apply(kept());
  document.addEventListener("DOMContentLoaded", label);
  system.addEventListener("change", label);
  addEventListener("storage", (event) => {
    if (event.key === KEY) {
      apply(event.newValue); // another tab of the board was switched
      label();
    }
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-theme-switch]")) return;
    apply(shown() === "dark" ? "light" : "dark");
    keep(root.dataset.theme);
    label();
  });
})();
