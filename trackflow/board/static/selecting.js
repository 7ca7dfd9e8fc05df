// Rows with a checkbox: a box ticks all of the page, [data-selected] says how many are ticked, and a button with
// [data-needs-selection] works only when some are.

const boxes = () => [...document.querySelectorAll("[data-rows] tbody input[type=checkbox]")];

function show() {
  const ticked = boxes().filter((box) => box.checked).length;
  for (const place of document.querySelectorAll("[data-selected]")) place.textContent = ticked ? `${ticked} selected` : "";
  for (const button of document.querySelectorAll("[data-needs-selection]")) button.disabled = !ticked;
  for (const all of document.querySelectorAll("[data-select-all]")) {
    all.checked = ticked > 0 && ticked === boxes().length;
    all.indeterminate = ticked > 0 && !all.checked;
  }
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-select-all]")) for (const box of boxes()) box.checked = event.target.checked;
  show();
});
document.addEventListener("htmx:afterSettle", show);
show();
