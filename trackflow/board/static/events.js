// The page Live: adds events as they come, newest on top; can be paused; shows payloads on demand.
// All that comes from outside is put in as text, never as HTML.
import { visible } from "./signs.js";
import { clock, showTimes } from "./times.js";

const MOST_ROWS = 200;
const MOST_HELD = 1000; // while paused; the oldest are let go
const LONGEST_PAYLOAD = 20_000; // characters shown

const table = document.querySelector("#events");
const body = table.querySelector("tbody");
const state = document.querySelector("#passing-state");
const pause = document.querySelector("#pause");
const chips = new Map([...document.querySelectorAll("[data-chip]")].map((each) => [each.dataset.chip, each]));
const held = [];
let paused = false;
let letGo = 0;

function say(text) {
  if (state.textContent !== text) state.textContent = text;
}

function told() {
  if (!paused) say("Live");
  else say(held.length ? `Paused: ${held.length.toLocaleString()}${letGo ? " or more" : ""} waiting` : "Paused");
}

function bdi(text) {
  const element = document.createElement("bdi");
  element.append(...visible(text));
  return element;
}

function orderLink(key) {
  const link = document.createElement("a");
  link.className = "key";
  link.href = `/order?key=${encodeURIComponent(key)}`;
  link.append(bdi(key));
  return link;
}

function outcome(event) {
  const parts = [chips.get(event.outcome)?.content.cloneNode(true) ?? event.outcome];
  if (event.reason) {
    const reason = document.createElement("span");
    reason.className = "faint";
    reason.textContent = event.reason.length > 80 ? `${event.reason.slice(0, 79)}…` : event.reason;
    parts.push(" ", reason);
  }
  return parts;
}

function time(at) {
  const element = document.createElement("time");
  element.dateTime = at;
  element.title = `${at.slice(0, 19).replace("T", " ")} UTC`;
  element.textContent = clock(new Date(at));
  return element;
}

function rowOf(id) {
  return [...body.rows].find((row) => row.dataset.id === id);
}

/** Show an event; one that is there already has another outcome now. */
function show(event) {
  const there = rowOf(event.id);
  if (there) {
    there.querySelector("[data-cell=outcome]").replaceChildren(...outcome(event));
    return;
  }
  const row = document.querySelector("#event-row").content.cloneNode(true).querySelector("tr");
  const cell = (name) => row.querySelector(`[data-cell=${name}]`);
  row.dataset.id = event.id;
  cell("time").append(time(event.receivedAt));
  cell("event").append(bdi(event.event));
  cell("order").append(orderLink(event.businessKey));
  cell("outcome").append(...outcome(event));
  cell("payload").querySelector("button").hidden = false;
  body.prepend(row);
  document.querySelector("#no-events").hidden = true;
  while (body.rows.length > MOST_ROWS) body.lastElementChild.remove();
}

function come(event) {
  if (!paused) {
    show(event);
    return;
  }
  held.push(event);
  if (held.length > MOST_HELD) {
    held.shift();
    letGo += 1;
  }
  told();
}

async function payloadOf(id) {
  const answer = await fetch(`/api/events/payload?id=${encodeURIComponent(id)}`);
  const said = await answer.json();
  if (!answer.ok) return said.detail;
  const text = JSON.stringify(said.payload, null, 2);
  return text.length > LONGEST_PAYLOAD ? `${text.slice(0, LONGEST_PAYLOAD)}…` : text;
}

async function togglePayload(button) {
  const row = button.closest("tr");
  const open = row.nextElementSibling;
  if (open?.classList.contains("payload-row")) {
    open.remove();
    button.setAttribute("aria-expanded", "false");
    return;
  }
  const shown = document.querySelector("#payload-row").content.cloneNode(true).querySelector("tr");
  row.after(shown);
  button.setAttribute("aria-expanded", "true");
  try {
    shown.querySelector("pre").textContent = await payloadOf(row.dataset.id);
  } catch {
    shown.querySelector("pre").textContent = "The board cannot be reached.";
  }
}

function listen() {
  const query = new URLSearchParams(location.search);
  const filters = ["event", "outcome", "key"].filter((name) => query.get(name));
  const url = new URL(table.dataset.stream, location.href);
  for (const name of filters) url.searchParams.set(name, query.get(name));
  url.searchParams.set("after", table.dataset.after);

  const stream = new EventSource(url);
  let lostAt = null;
  stream.addEventListener("open", () => {
    lostAt = null;
    told();
  });
  stream.addEventListener("event", (message) => come(JSON.parse(message.data)));
  stream.addEventListener("missed", (message) => {
    say(`Live, but ${JSON.parse(message.data).number.toLocaleString()} events were too many to show`);
  });
  stream.addEventListener("error", () => {
    lostAt ??= new Date();
    const again = stream.readyState !== EventSource.CLOSED;
    say(`No longer updating since ${clock(lostAt)}${again ? ", trying again" : ""}`);
    if (!again) setTimeout(listen, 3000);
  });
}

pause.hidden = false;
pause.addEventListener("click", () => {
  paused = !paused;
  pause.setAttribute("aria-pressed", String(paused));
  pause.textContent = paused ? "Go on" : "Pause";
  if (!paused) {
    for (const event of held.splice(0)) show(event);
    letGo = 0;
  }
  told();
});
for (const button of body.querySelectorAll("[data-payload]")) button.hidden = false;
body.addEventListener("click", (event) => {
  const button = event.target.closest("[data-payload]");
  if (button) togglePayload(button);
});
showTimes(table);
listen();
