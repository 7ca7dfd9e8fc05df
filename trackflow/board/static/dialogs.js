// <button data-dialog="id"> opens the <dialog id>, a [data-close] within closes it; the browser does the rest:
// focus stays inside, Escape closes, focus returns. An open menu (details.person) closes on a click elsewhere.

/** Begin; once a page. */
export function startDialogs() {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest?.("[data-dialog]");
    if (opener) document.getElementById(opener.dataset.dialog)?.showModal();
    event.target.closest?.("[data-close]")?.closest("dialog")?.close();
    for (const menu of document.querySelectorAll("details.person[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest?.("details.person[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
}
