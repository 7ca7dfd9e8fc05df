// The keyboard: / searches, j and k move through [data-rows], Enter opens (the row's first link has the focus),
// x ticks the row's box, g and a letter go to a section, ? shows all of it.

const SECTIONS = { o: "/", l: "/orders", f: "/failures", p: "/processes", e: "/live" };
const CHORD_MS = 1500; // between g and its letter

const isTyping = (element) =>
  element.isContentEditable || (element.matches("input, textarea, select") && !element.matches("[type=checkbox]"));

function rows() {
  const found = document.querySelectorAll("[data-rows] tbody tr, ul[data-rows] > li, ol[data-rows] > li");
  return [...found].filter((row) => row.querySelector("a[href]") && row.checkVisibility());
}

function move(by) {
  const all = rows();
  if (!all.length) return;
  const now = all.findIndex((row) => row.contains(document.activeElement));
  const next = now < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, now + by));
  const link = all[next].querySelector("a[href]");
  link.focus({ focusVisible: true, preventScroll: true });
  all[next].scrollIntoView({ block: "nearest" });
}

function tick() {
  const row = rows().find((each) => each.contains(document.activeElement));
  row?.querySelector("input[type=checkbox]")?.click();
}

/** Begin; once a page. */
export function startKeys() {
  let chord = 0; // when g was pressed
  const actions = {
    "/": () => {
      const search = document.querySelector("#search");
      search?.focus();
      search?.select();
    },
    j: () => move(1),
    k: () => move(-1),
    x: tick,
    g: () => (chord = performance.now()),
    "?": () => document.querySelector("#keyboard-help")?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "Escape" && event.target.id === "search") event.target.blur();
    if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
    const inChord = performance.now() - chord < CHORD_MS && chord > 0;
    chord = 0;
    if (inChord && Object.hasOwn(SECTIONS, event.key)) {
      event.preventDefault();
      location.assign(SECTIONS[event.key]);
    } else if (Object.hasOwn(actions, event.key)) {
      event.preventDefault();
      actions[event.key]();
    }
  });
}
