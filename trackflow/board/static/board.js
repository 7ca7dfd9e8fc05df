// What every page does. A page's own module (diagram.js, …) stands beside it and imports what it needs.
import { startCopying } from "./copying.js";
import { startDialogs } from "./dialogs.js";
import { startKeys } from "./keys.js";
import { startLive } from "./live.js";
import { showTimes, startTimes } from "./times.js";

startLive(); // first: it remembers the page as the server wrote it
startTimes();
startKeys();
startDialogs();
startCopying();

// htmx says so when it has put something into the page.
document.addEventListener("htmx:load", (event) => showTimes(event.detail.elt));
