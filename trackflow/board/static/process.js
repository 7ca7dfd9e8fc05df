// Charts: the arrow keys go from one hour, day or week to the next, so that each chart is one stop of the Tab key.

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1, Home: -Infinity, End: Infinity };

document.addEventListener("keydown", (event) => {
  const here = event.target.closest?.("[data-points] .plot-point");
  if (!here || !(event.key in STEPS) || event.ctrlKey || event.metaKey || event.altKey) return;
  const points = [...here.closest("[data-points]").querySelectorAll(".plot-point")];
  const place = points.indexOf(here) + STEPS[event.key];
  const there = points[Math.max(0, Math.min(points.length - 1, place))];
  event.preventDefault();
  here.setAttribute("tabindex", "-1");
  there.setAttribute("tabindex", "0");
  there.focus();
});
