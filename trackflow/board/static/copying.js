// [data-copy="text"] copies its text. The buttons are hidden until it is known that they work.

const SHOWN_MS = 1500; // how long "Copied" stands

/** Begin; once a page. */
export function startCopying() {
  if (!navigator.clipboard) return; // only served over HTTPS or from this machine
  const show = (root) => {
    for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
  };
  show(document);
  document.addEventListener("htmx:load", (event) => show(event.detail.elt));
  document.addEventListener("board:swapped", (event) => show(event.target));
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    const words = button.textContent;
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = words), SHOWN_MS);
  });
}
