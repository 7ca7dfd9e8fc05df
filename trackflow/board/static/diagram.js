// Draws BPMN models with bpmn-js and paints marks on them: where orders are, which way one went, how warm it is.
//
//   <div class="diagram" data-model="/api/processes/p/versions/1/model" data-marks="URL, or id of a JSON script"
//        data-link="/orders?process=p&element=" data-label="Order fulfillment"></div>
//
// Marks, all of them optional; ids are those of the model, texts are shown as text, never as HTML:
//   counts {element: n}, late {element: n}, passed [elements and flows], at [elements], skipped [elements],
//   repeated {element: n}, early [elements], labels {element: "text"},
//   heat {element or flow: 0..1, or -1..1 where less has a colour of its own},
//   legend {low: "text", high: "text", both: true} (what the ends of `heat` mean; both: it may be less than 0).
// `data-link` makes a link of each count: the element's id is put at its end.
//
// Live: `paint(element, marks)`, or send the element the event `diagram:paint`, with the marks in `detail`, or
// without a detail to have `data-marks` read again. The model is not drawn again. When live.js or htmx has
// swapped a fragment, new elements are drawn, and those whose marks' script was in it are painted anew.

import { show, steadyArrows } from "./diagram/marks.js";
import { fit } from "./diagram/view.js";
import { controls, legend, list, notice } from "./diagram/words.js";

const HERE = new URL(".", import.meta.url);
const drawings = new WeakMap(); // element → its Drawing

let loading;

// The viewer and its styles come with the first diagram, so that pages without one do not wait for them.
function loadViewer() {
  for (const sheet of ["vendor/bpmn-js/diagram-js.css", "vendor/bpmn-js/bpmn-js.css", "diagram.css"]) {
    const href = new URL(sheet, HERE).href;
    if (loading || document.querySelector(`link[href="${href}"]`)) continue;
    document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href }));
  }
  loading ??= import("./vendor/bpmn-js/navigated-viewer.js").then(() => globalThis.BpmnJS);
  return loading;
}

async function read(url) {
  const answer = await fetch(url, { headers: { Accept: "*/*" } });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer;
}

async function marksOf(element) {
  const source = element.dataset.marks;
  if (!source) return {};
  if (source.includes("/")) return (await read(source)).json();
  return JSON.parse(document.getElementById(source)?.textContent || "{}");
}

class Drawing {
  constructor(element) {
    this.element = element;
    this.canvas = element.appendChild(document.createElement("div"));
    this.canvas.className = "diagram-canvas";
    this.words = element.appendChild(document.createElement("div"));
    this.words.className = "diagram-words";
    this.marks = {};
  }

  async start() {
    this.element.setAttribute("aria-busy", "true");
    try {
      const [Viewer, answer, marks] = await Promise.all([
        loadViewer(),
        read(this.element.dataset.model),
        marksOf(this.element),
      ]);
      this.viewer = new Viewer({ container: this.canvas, zoomScroll: { enabled: false } });
      await this.open(await answer.text());
      this.paint(marks);
      this.fit();
    } catch (error) {
      this.canvas.replaceChildren(notice(error));
      this.element.classList.add("is-undrawn");
    } finally {
      this.element.removeAttribute("aria-busy");
    }
  }

  async open(xml) {
    try {
      await this.viewer.importXML(xml);
    } catch (error) {
      // Without diagram interchange nothing can be drawn, but the model is known: its facts are told in words.
      if (!this.viewer.getDefinitions()) throw error;
      this.canvas.replaceChildren(notice(error));
      this.element.classList.add("is-undrawn");
      this.undrawn = true;
      return;
    }
    this.prepare();
  }

  prepare() {
    const svg = this.canvas.querySelector(".djs-container > svg");
    steadyArrows(svg);
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `${this.element.dataset.label || "Process"}: diagram, described below`);
    const actions = {
      in: () => this.viewer.get("zoomScroll").stepZoom(1),
      out: () => this.viewer.get("zoomScroll").stepZoom(-1),
      fit: () => this.fit(true),
      full: () => this.toggleFull(),
    };
    this.element.prepend(controls(actions));
    // The wheel scrolls the page until the diagram has the focus: no page should stick under the pointer.
    this.canvas.addEventListener("focusin", () => this.wheel(true));
    this.canvas.addEventListener("focusout", () => this.wheel(false));
    this.element.addEventListener("fullscreenchange", () => this.fit());
    new ResizeObserver(() => this.resized()).observe(this.element);
  }

  // Its height follows from its width: only another width asks for another view.
  resized() {
    const width = this.canvas.clientWidth;
    if (width !== this.width) this.fit();
    this.width = width;
  }

  wheel(enabled) {
    const scroll = this.viewer.get("zoomScroll");
    scroll._init = () => scroll.toggle(enabled || document.fullscreenElement === this.element);
    scroll._init();
  }

  toggleFull() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.element.requestFullscreen?.();
  }

  fit(whole = false) {
    if (!this.undrawn) fit(this.viewer, this.canvas, this.marks, whole);
  }

  paint(marks) {
    this.marks = marks;
    const { link } = this.element.dataset;
    if (!this.undrawn) show(this.viewer, marks, link);
    this.words.replaceChildren(
      ...[legend(marks), list(this.viewer.getDefinitions(), marks, this.undrawn)].filter(Boolean),
    );
  }
}

export function paint(element, marks) {
  drawings.get(element)?.paint(marks);
}

export function drawAll(root = document) {
  for (const element of root.querySelectorAll(".diagram[data-model]")) {
    if (drawings.has(element)) continue;
    const drawing = new Drawing(element);
    drawings.set(element, drawing);
    const started = drawing.start();
    element.addEventListener("diagram:paint", async (event) => {
      await started;
      if (drawing.viewer) drawing.paint(event.detail ?? (await marksOf(element)));
    });
  }
}

function swapped({ target }) {
  drawAll();
  for (const element of document.querySelectorAll(".diagram[data-marks]")) {
    const source = document.getElementById(element.dataset.marks);
    if (source && target.contains(source)) element.dispatchEvent(new CustomEvent("diagram:paint"));
  }
}

document.addEventListener("board:swapped", swapped); // by live.js
document.addEventListener("htmx:load", swapped);
drawAll();
