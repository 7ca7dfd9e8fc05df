// Copies the libraries that the board serves into the package, each with its licence, and writes down their
// hashes: `tests/board/test_assets.py` finds a file that is not the one of the lock.

import { createHash } from "node:crypto";
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const vendor = join(here, "../../trackflow/board/static/vendor");

// The package's file → its name in vendor/. The production builds are minified by their authors.
const FILES = {
  "bpmn-js/dist/bpmn-navigated-viewer.production.min.js": "bpmn-js/navigated-viewer.js",
  "bpmn-js/dist/assets/diagram-js.css": "bpmn-js/diagram-js.css",
  "bpmn-js/dist/assets/bpmn-js.css": "bpmn-js/bpmn-js.css",
  "bpmn-js/LICENSE": "bpmn-js/LICENSE",
  "htmx.org/dist/htmx.min.js": "htmx/htmx.min.js",
  "htmx.org/LICENSE": "htmx/LICENSE",
};
// bpmn-js's build holds these: their licences go along.
const NOTICES = "bpmn-js/THIRD-PARTY-LICENSES.txt";

const installed = JSON.parse(await readFile(join(here, "package-lock.json"), "utf8")).packages;
const nameOf = (path) => path.slice("node_modules/".length);

async function licence(path) {
  for (const name of ["LICENSE", "LICENSE.md", "license", "LICENSE.txt"]) {
    try {
      return (await readFile(join(here, path, name), "utf8")).trim();
    } catch {
      // the next name
    }
  }
  return `Licence: ${installed[path].license}`;
}

async function notices() {
  const bundled = Object.keys(installed).filter((path) => path && !path.endsWith("/htmx.org"));
  const texts = bundled
    .sort()
    .map(async (path) => `${nameOf(path)} ${installed[path].version}\n\n${await licence(path)}\n`);
  return (await Promise.all(texts)).join(`\n${"-".repeat(78)}\n\n`);
}

await rm(vendor, { recursive: true, force: true });
for (const [from, to] of Object.entries(FILES)) {
  await mkdir(dirname(join(vendor, to)), { recursive: true });
  await cp(join(here, "node_modules", from), join(vendor, to));
}
await writeFile(join(vendor, NOTICES), await notices());

const versions = {};
for (const name of ["bpmn-js", "htmx.org"]) versions[name] = installed[`node_modules/${name}`].version;
const hashes = {};
for (const file of [...Object.values(FILES), NOTICES].sort()) {
  hashes[file] = createHash("sha256").update(await readFile(join(vendor, file))).digest("hex");
}
await writeFile(join(vendor, "hashes.json"), `${JSON.stringify({ versions, sha256: hashes }, null, 2)}\n`);
