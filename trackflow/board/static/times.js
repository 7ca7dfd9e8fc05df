// Times in the viewer's zone, UTC on hover; ages that keep counting.
// The server writes <time datetime="…Z" title="… UTC">; within .age[data-age] it becomes an age.

const SAME_DAY = { hour: "2-digit", minute: "2-digit", second: "2-digit" };
const SAME_YEAR = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
const OTHER = { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" };
const formats = [SAME_DAY, SAME_YEAR, OTHER].map(
  (options) => new Intl.DateTimeFormat(undefined, { ...options, hourCycle: "h23" }),
);
const complete = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long", hourCycle: "h23" });

/** As short as it can be understood today. */
export function clock(moment, now = new Date()) {
  if (moment.toDateString() === now.toDateString()) return formats[0].format(moment);
  return formats[moment.getFullYear() === now.getFullYear() ? 1 : 2].format(moment);
}

/** A duration in the unit that a person would use, as `trackflow.words.span` writes it. */
export function span(seconds) {
  let value = Math.max(0, seconds);
  const sizes = [60, 60, 24];
  const units = ["s", "min", "h", "d"];
  while (sizes.length && value >= sizes[0] - 0.5) {
    value /= sizes.shift();
    units.shift();
  }
  return `${Math.round(value)} ${units[0]}`;
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function showAge(element) {
  const seconds = (Date.now() - Date.parse(element.dateTime)) / 1000;
  if (Number.isNaN(seconds)) return;
  const ago = element.closest("[data-age]").dataset.age === "ago";
  write(element, ago && seconds < 1 ? "just now" : span(seconds) + (ago ? " ago" : ""));
}

/** Put every time within an element into the viewer's zone. */
export function showTimes(root = document) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(element.dateTime);
    if (Number.isNaN(moment.getTime())) continue;
    const age = element.closest("[data-age]");
    if (age) showAge(element);
    else write(element, clock(moment));
    if (age && !element.dataset.titled) {
      element.title = `${complete.format(moment)}\n${element.title}`;
      element.dataset.titled = "";
    }
  }
}

/** Begin; once a page. */
export function startTimes() {
  showTimes();
  setInterval(() => {
    if (document.hidden) return;
    for (const element of document.querySelectorAll("[data-age] > time")) showAge(element);
  }, 1000);
}
