// Marks as bpmn-js shows them: classes on elements and flows, and overlays, whose texts are only ever text.

const HEATS = 10; // shades of `heat`, as diagram.css has them
const CLASSES = ["passed", "at", "late", "skipped", "early", "repeated", "bystander"];
const painted = new WeakMap(); // viewer → [[id, class], …]

export function show(viewer, marks, link) {
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  for (const [id, name] of painted.get(viewer) ?? []) {
    if (registry.get(id)) canvas.removeMarker(id, name);
  }
  const now = [...classes(marks, registry)].filter(([id]) => registry.get(id));
  for (const [id, name] of now) canvas.addMarker(id, name);
  painted.set(viewer, now);
  const overlays = viewer.get("overlays");
  overlays.remove({ type: "mark" });
  for (const [id, side, node] of pills(marks, link)) {
    if (!registry.get(id)) continue;
    node.classList.add(`is-${side}`);
    const [shape, position] = placed(registry.get(id), side);
    overlays.add(shape, "mark", { position, html: node, scale: { min: 0.75, max: 1 } });
  }
}

function* classes(marks, registry) {
  for (const name of CLASSES) {
    const ids = marks[name] ?? [];
    for (const id of Array.isArray(ids) ? ids : Object.keys(ids)) yield [id, `mark-${name}`];
  }
  for (const [id, share] of Object.entries(marks.heat ?? {})) {
    const shade = Math.min(HEATS - 1, Math.floor(Math.abs(Number(share)) * HEATS));
    yield [id, `${share < 0 ? "cool" : "heat"}-${shade}`];
  }
  yield* messageFlows(new Set(marks.passed), registry);
}

// Of a collaboration: whatever carried a message that a passed element got is passed, too.
function* messageFlows(passed, registry) {
  const flows = registry.filter(({ type }) => type === "bpmn:MessageFlow");
  const nameOf = ({ businessObject }) => businessObject.name;
  const names = new Set(
    flows.filter(({ target }) => passed.has(target?.id)).map(nameOf).filter(Boolean),
  );
  for (const flow of flows) {
    if (names.has(nameOf(flow)) || passed.has(flow.target?.id)) yield [flow.id, "mark-passed"];
  }
}

function* pills(marks, link) {
  const { counts = {}, late = {}, repeated = {}, early = [], labels = {} } = marks;
  const to = (id, more = "") => link && `${link}${encodeURIComponent(id)}${more}`;
  for (const [id, number] of Object.entries(counts)) {
    if (number) yield [id, "right", pill("count", shortened(number), `${number} here`, to(id))];
  }
  const ofOne = !Object.keys(counts).length; // the drawing of one order
  for (const [id, number] of Object.entries(late)) {
    const text = ofOne ? "late" : `${shortened(number)} late`;
    if (number) yield [id, "left", pill("late", text, `${number} late`, to(id, "&late=true"))];
  }
  for (const [id, number] of Object.entries(repeated)) {
    yield [id, "right", pill("repeated", `×${number}`, `${number} times`)];
  }
  for (const id of early) yield [id, "left", pill("early", "early", "came before it was awaited")];
  for (const [id, text] of Object.entries(labels)) yield [id, "below", pill("label", text)];
}

// Where a pill stands: on the upper edge to the right or (growing to the left) left of the middle; or below,
// centred, and then below the element's own label, if that stands outside.
function placed(element, side) {
  if (side === "below") {
    const shape = element.labels?.find((label) => label.width) ?? element;
    if (shape.waypoints) return [shape, middle(shape.waypoints)];
    return [shape, { left: shape.width / 2, bottom: shape === element ? 10 : 0 }];
  }
  const half = (element.width ?? 0) / 2;
  return [element, { top: -14, left: side === "right" ? half + Math.min(8, half) : half }];
}

// Of a flow: the middle of its longest stretch, within the box around it.
function middle(points) {
  const length = (place) => Math.hypot(points[place + 1].x - points[place].x, points[place + 1].y - points[place].y);
  let longest = 0;
  for (let place = 1; place < points.length - 1; place++) if (length(place) > length(longest)) longest = place;
  const [one, other] = points.slice(longest, longest + 2);
  const origin = (axis) => Math.min(...points.map((point) => point[axis]));
  return { left: (one.x + other.x) / 2 - origin("x"), top: (one.y + other.y) / 2 - origin("y") - 10 };
}

function pill(kind, text, title, href) {
  const node = document.createElement(href ? "a" : "span");
  node.className = `pill pill-${kind}`;
  node.textContent = text;
  if (title) node.title = title;
  if (href) {
    node.href = href;
    node.addEventListener("pointerdown", (event) => event.stopPropagation()); // no drag of the canvas begins
  }
  return node;
}

// 12,345 → 12.3k: a pill must not cover its neighbours.
export function shortened(number) {
  if (number < 10_000) return String(number);
  const [size, unit] = number < 999_500 ? [1_000, "k"] : [1_000_000, "M"];
  return `${(number / size).toPrecision(3).replace(/\.?0+$/, "")}${unit}`;
}

// An arrow's head grows with its flow's width, unless it is measured in the drawing's own units.
export function steadyArrows(svg) {
  for (const marker of svg.querySelectorAll("marker")) {
    for (const side of ["markerWidth", "markerHeight"]) {
      marker.setAttribute(side, Number(marker.getAttribute(side)) * 1.5);
    }
    marker.setAttribute("markerUnits", "userSpaceOnUse");
  }
}
