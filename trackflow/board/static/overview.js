// Brings the overview anew when a process has its first order: its panel and diagram are not in the page yet.
import "./diagram.js";

const shown = new Set([...document.querySelectorAll("[data-process]")].map((each) => each.dataset.process));
const known = () => JSON.parse(document.getElementById("processes")?.textContent ?? "[]");

document.addEventListener("board:swapped", () => {
  if (known().some((process) => !shown.has(process))) location.reload();
});
