// Which part of a drawing is seen, and how tall its frame is.

const LEGIBLE = 0.55; // below this scale nobody can read a label: then what matters is shown instead of all
const NEAR = 0.75; // the scale at which a part is shown at most: its surroundings say where it is
const LARGEST = 1.2;
const MARGIN = 24; // pixels around the drawing
const LOWEST = 180; // pixels of the frame's height
const SHARE = 0.6; // of the window's height that the frame takes at most

// All of the drawing; unless `whole`, where that is too small to read, the marked places, legibly.
export function fit(viewer, frame, marks, whole = false) {
  const canvas = viewer.get("canvas");
  const all = canvas.viewbox().inner;
  if (!frame.clientWidth || !all.width) return;
  const widest = (box) => Math.min(LARGEST, (frame.clientWidth - 2 * MARGIN) / box.width);
  const seen = whole || widest(all) >= LEGIBLE ? all : places(viewer, marks) ?? all;
  const legible = seen === all ? widest(all) : Math.min(NEAR, Math.max(LEGIBLE, widest(seen)));
  if (!document.fullscreenElement) stretch(frame, all.height * legible);
  canvas.resized();
  const highest = (frame.clientHeight - 2 * MARGIN) / all.height;
  centre(canvas, frame, seen, seen === all ? Math.min(legible, highest) : legible, all);
}

function stretch(frame, height) {
  const most = Math.max(LOWEST, window.innerHeight * SHARE);
  frame.style.blockSize = `${Math.round(Math.min(most, Math.max(LOWEST, height + 2 * MARGIN)))}px`;
}

// The box in the middle, as far as that leaves no more room beside the whole drawing than its margin.
function centre(canvas, frame, box, scale, all) {
  const width = frame.clientWidth / scale;
  const height = frame.clientHeight / scale;
  const margin = MARGIN / scale;
  canvas.viewbox({
    x: begin(box.x + box.width / 2, width, all.x - margin, all.width + 2 * margin),
    y: begin(box.y + box.height / 2, height, all.y - margin, all.height + 2 * margin),
    width,
    height,
  });
}

function begin(middle, length, first, most) {
  if (length >= most) return first + (most - length) / 2;
  return Math.min(Math.max(middle - length / 2, first), first + most - length);
}

// The box around the places that matter most: where orders are, or else whatever is marked.
function places(viewer, marks) {
  const registry = viewer.get("elementRegistry");
  for (const name of ["at", "late", "counts", "heat", "passed"]) {
    const ids = Array.isArray(marks[name]) ? marks[name] : Object.keys(marks[name] ?? {});
    const boxes = ids.map((id) => registry.get(id)).filter((shape) => shape?.width);
    if (boxes.length) return around(boxes);
  }
  return null;
}

function around(boxes) {
  const x = Math.min(...boxes.map((box) => box.x));
  const y = Math.min(...boxes.map((box) => box.y));
  const right = Math.max(...boxes.map((box) => box.x + box.width));
  const bottom = Math.max(...boxes.map((box) => box.y + box.height));
  return { x, y, width: right - x, height: bottom - y };
}
