// What stands around a drawing: its buttons, the legend of its marks, and the same facts as a list.

function made(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

const BUTTONS = [
  ["in", "Zoom in", "M8 3v10M3 8h10"],
  ["out", "Zoom out", "M3 8h10"],
  ["fit", "Show all of it", "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3"],
  ["full", "Full screen", "M9 7l4-4M9 3h4v4M7 9l-4 4M7 13H3V9"],
];

export function controls(actions) {
  const group = made("div", { className: "diagram-controls", role: "group" });
  group.setAttribute("aria-label", "View of the diagram");
  for (const [name, label, path] of BUTTONS) {
    const button = made("button", { type: "button", title: label, onclick: actions[name] }, icon(path));
    button.setAttribute("aria-label", label);
    group.append(button);
  }
  return group;
}

function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

// Only what this drawing shows.
const KEYS = [
  ["passed", "passed"],
  ["at", "where it is now"],
  ["skipped", "skipped"],
  ["early", "came early"],
];

export function legend(marks) {
  const some = (name) => Object.keys(marks[name] ?? {}).length > 0;
  const items = KEYS.filter(([name]) => some(name)).map(([name, text]) =>
    made("li", {}, made("span", { className: `swatch swatch-${name}` }), text),
  );
  if (some("heat")) {
    const { low = "less", high = "more" } = marks.legend ?? {};
    const both = Object.values(marks.heat).some((share) => share < 0) || marks.legend?.both;
    const swatch = made("span", { className: `swatch swatch-heat${both ? " swatch-both" : ""}` });
    items.push(made("li", { className: "heat-scale" }, low, swatch, high));
  }
  if (!items.length) return null;
  const keys = made("ul", { className: "diagram-legend" }, ...items);
  keys.setAttribute("aria-hidden", "true"); // the list below says the same of each element
  return keys;
}

// The order of the marks of one element is the order of these.
const FACTS = [
  ["at", (number) => (number ? `the order is here` : "")],
  ["counts", (number) => (number ? `${number} here` : "")],
  ["late", (number, one) => (number ? (one ? "late" : `${number} late`) : "")],
  ["passed", () => "passed"],
  ["repeated", (number) => `${number} times`],
  ["skipped", () => "skipped"],
  ["early", () => "came before it was awaited"],
  ["labels", (text) => text],
];

export function list(definitions, marks, visible) {
  const rows = [];
  for (const { id, name, $type } of nodes(definitions)) {
    const facts = FACTS.map(([mark, inWords]) => {
      const value = Array.isArray(marks[mark]) ? marks[mark].includes(id) : marks[mark]?.[id];
      return value === undefined || value === false ? "" : inWords(value, !marks.counts);
    }).filter(Boolean);
    if (facts.length) rows.push(made("li", {}, `${name || worded($type)}: ${facts.join(", ")}`));
  }
  if (!rows.length) return null;
  const facts = made("ul", {}, ...rows);
  facts.setAttribute("aria-label", "The diagram in words");
  facts.className = visible ? "diagram-list" : "sr-only";
  return facts;
}

// `bpmn:ExclusiveGateway` → `exclusive gateway`
const worded = (type) => type.replace(/^.*:/, "").replace(/(?!^)[A-Z]/g, " $&").toLowerCase();

function* nodes(parent) {
  for (const child of [...(parent.rootElements ?? []), ...(parent.flowElements ?? [])]) {
    if (child.$type !== "bpmn:SequenceFlow") yield child;
    yield* nodes(child);
  }
}

export function notice(error) {
  const missing = /no diagram to display|no process or collaboration/i.test(error.message);
  const text = missing
    ? "This model has no drawing: it was saved without diagram interchange (BPMN DI). Open it in a modeler and save it with one."
    : error.message === "404"
      ? "The engine no longer has this model, and the models folder has none of this name."
      : "The model cannot be shown now.";
  return made("p", { className: "diagram-notice", role: "status" }, text);
}
