// Rows with a checkbox: one box ticks all of the page, [data-selected] says how many are ticked, and a button with
// [data-needs-selection] works only when some are.

const boxes = () => [...document.querySelectorAll("[data-rows] tbody input[type=checkbox]")];

function show() {
  const all = document.querySelector("[data-select-all]"); // of now: htmx may have swapped the table
  const ticked = boxes().filter((box) => box.checked).length;
  for (const place of document.querySelectorAll("[data-selected]")) place.textContent = ticked ? `${ticked} selected` : "";
  for (const button of document.querySelectorAll("[data-needs-selection]")) button.disabled = !ticked;
  if (!all) return;
  all.checked = ticked > 0 && ticked === boxes().length;
  all.indeterminate = ticked > 0 && !all.checked;
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-select-all]")) for (const box of boxes()) box.checked = event.target.checked;
  show();
});
document.addEventListener("htmx:afterSettle", show);
show();
