// A page that updates itself: on a tick of /api/stream every fragment <section id="…" data-live="/path"> gets what
// /path answers by then. The header says whether that works, and since when it does not.
//
// /path answers a page that has an element of this id (the page itself, say: it is fetched once for all its
// fragments), or only what is to stand inside. What has not changed is not touched; focus, scroll places and open
// <details> survive the swap if their elements have ids or data-keep.
import { clock, showTimes } from "./times.js";

const STREAM = "/api/stream";
const PAUSE_MS = 1000; // between two fetches of one fragment: a busy choreography ticks all the time
const SILENCE_MS = 30_000; // the server sends something at least every 15 s

const state = () => document.querySelector("#live-state");
let lostAt = null;

function say(text, name) {
  const element = state();
  element.hidden = false;
  element.dataset.state = name;
  if (element.textContent !== text) element.textContent = text;
}

function works() {
  lostAt = null;
  say("Live", "live");
}

function fails() {
  lostAt ??= new Date();
  say(`Not updating since ${clock(lostAt)}: the board cannot be reached, trying again`, "lost");
}

const idOf = (element) => element.id || element.dataset?.keep;
const kept = (root) => root.querySelectorAll("[id], [data-keep]");

const shownIn = new WeakMap(); // element → the HTML that it was given

/** Let an element hold what a fresh one holds, without losing what the reader is at. */
export function swap(element, fresh) {
  const html = fresh.innerHTML;
  if (shownIn.get(element) === html) return;
  shownIn.set(element, html);

  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  const link = focused?.getAttribute("href");
  const places = [...kept(element)].map((old) => [idOf(old), old.scrollLeft, old.scrollTop, old.open]);
  element.replaceChildren(...fresh.childNodes);
  for (const [id, left, top, open] of places) {
    const again = [...kept(element)].find((each) => idOf(each) === id);
    if (!again) continue;
    if (left || top) again.scrollTo(left, top);
    if (again.matches("details") && open) again.open = true;
  }
  if (focused) {
    const again =
      [...kept(element)].find((each) => idOf(each) === idOf(focused)) ??
      (link && element.querySelector(`[href="${CSS.escape(link)}"]`));
    again?.focus({ preventScroll: true });
  }
  showTimes(element);
  globalThis.htmx?.process(element);
  element.dispatchEvent(new CustomEvent("board:swapped", { bubbles: true }));
}

const waiting = new Map(); // path → whether to fetch it again

async function refresh(path) {
  if (waiting.has(path)) {
    waiting.set(path, true);
    return;
  }
  waiting.set(path, false);
  try {
    const answer = await fetch(path, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
    if (answer.status === 401 || answer.redirected) location.reload(); // the session is over: sign in
    else if (answer.ok) show(path, await answer.text());
  } catch {
    fails(); // the stream's next word takes it back
  }
  setTimeout(() => {
    const again = waiting.get(path);
    waiting.delete(path);
    if (again) refresh(path);
  }, PAUSE_MS);
}

function show(path, html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  for (const element of document.querySelectorAll("[data-live]")) {
    if (element.dataset.live !== path) continue;
    const fresh = element.id && parsed.getElementById(element.id);
    if (fresh) swap(element, fresh);
    else if (!parsed.querySelector("main")) swap(element, parsed.body); // not a page: what stands inside
  }
}

function refreshAll() {
  if (document.hidden) return; // nobody looks; it catches up when it is looked at
  for (const path of new Set([...document.querySelectorAll("[data-live]")].map((each) => each.dataset.live))) {
    refresh(path);
  }
}

/** Begin, if the page has something that updates itself; once a page, before anything changes its words. */
export function startLive() {
  const fragments = document.querySelectorAll("[data-live]");
  if (!fragments.length || !state()) return;
  for (const element of fragments) shownIn.set(element, element.innerHTML);
  let silence;
  let stream;

  const heard = () => {
    works();
    clearTimeout(silence);
    silence = setTimeout(open, SILENCE_MS);
  };
  function open() {
    if (stream) fails(); // it was silent for too long
    stream?.close();
    stream = new EventSource(STREAM);
    stream.addEventListener("open", heard);
    stream.addEventListener("ping", heard);
    stream.addEventListener("tick", () => {
      heard();
      refreshAll();
    });
    stream.addEventListener("error", () => {
      fails();
      clearTimeout(silence);
      silence = setTimeout(open, stream.readyState === EventSource.CLOSED ? 3000 : SILENCE_MS);
    });
  }

  open();
  document.addEventListener("visibilitychange", () => document.hidden || refreshAll());
}
