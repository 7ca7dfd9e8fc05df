// Draws track-flow.svg: the model of bpmn/track-flow.bpmn with one order on it.
// Run it in this folder, with Chromium installed:  npm ci && node render.mjs [screenshot.png]
// CHROMIUM names the browser if it is not /usr/bin/chromium.
import { readFileSync, writeFileSync } from "node:fs";
import { chromium } from "playwright-core";

const HERE = import.meta.dirname;
const MARGIN = 30; // px of white around the pools

const ORDER = {
  key: "4711",
  waitsAt: "goods_fetched",
  passed: ["place_order", "take_payment", "order_placed", "payment_done",
    "order_placed_to_payment_done", "payment_done_to_goods_fetched"],
  delivered: ["publish_order_placed", "payment_hears_order_placed", "order_fulfillment_hears_order_placed",
    "publish_payment_done", "inventory_hears_payment_done", "order_fulfillment_hears_payment_done"],
  atWork: ["fetch_goods"],
};

// Runs in the page: imports the model, paints the order's way on it, returns bpmn-js's own SVG.
async function draw({ xml, order, margin }) {
  const PASSED = { stroke: "#1f7a3f", fill: "#e3f4e8" };
  const WAITING = { stroke: "#9a4a00", fill: "#fff4d6" };
  const INK = "#22242a"; // bpmn-js's own, where the model names no colour
  const viewer = new BpmnJS({
    container: document.body.appendChild(document.createElement("div")),
    textRenderer: { // larger than the default: a README shows the picture at two thirds of its size
      defaultStyle: { fontFamily: "Arial, Helvetica, sans-serif", fontSize: 13 },
      externalStyle: { fontSize: 13 },
    },
  });
  const { warnings } = await viewer.importXML(xml);
  if (warnings.length) throw new Error(warnings.join("\n"));

  const registry = viewer.get("elementRegistry");
  const pools = registry.filter((element) => element.type === "bpmn:Participant");
  const drawn = registry.filter((element) => element.parent && !element.labelTarget && !pools.includes(element));
  const unknown = Object.values(order).flat().filter((id) => id !== order.key && !registry.get(id));
  if (unknown.length) throw new Error(`not in the model: ${unknown.join(", ")}`);

  // Mixed with white, not transparent: lines below must not shine through.
  function pale(hex) {
    const channels = [1, 3, 5].map((at) => Math.round(255 - (255 - parseInt(hex.slice(at, at + 2), 16)) * 0.38));
    return `rgb(${channels.join(",")})`;
  }

  function colours({ id, di }) {
    if (order.passed.includes(id)) return PASSED;
    if (order.waitsAt === id) return WAITING;
    const stroke = di.get("color:border-color") ?? INK;
    return { stroke: order.delivered.includes(id) || order.atWork.includes(id) ? stroke : pale(stroke) };
  }

  for (const element of drawn) {
    const { stroke, fill } = colours(element);
    element.di.set("color:border-color", stroke);
    element.di.set("color:background-color", fill);
    element.di.label?.set("color:color", stroke);
    for (const part of [element, ...element.labels]) {
      const kind = part.waypoints ? "connection" : "shape";
      viewer.get("graphicsFactory").update(kind, part, registry.getGraphics(part));
    }
  }

  const event = registry.getGraphics(order.waitsAt).querySelector(".djs-visual"); // 36 × 36, origin at its corner
  event.insertAdjacentHTML("afterbegin", `<circle cx="18" cy="18" r="25" fill="#ffe39b"/>`);
  event.insertAdjacentHTML("beforeend",
    `<g fill="#1f2937"><path d="M0,0 l-18,-9 l9,-9 z"/><rect x="-60" y="-33" width="52" height="24" rx="12"/></g>` +
    `<text x="-34" y="-16" text-anchor="middle" fill="#fff" ` +
    `style="font: bold 14px Arial, Helvetica, sans-serif">${order.key}</text>`);

  const x = Math.min(...pools.map((pool) => pool.x)) - margin;
  const y = Math.min(...pools.map((pool) => pool.y)) - margin;
  const width = Math.max(...pools.map((pool) => pool.x + pool.width)) + margin - x;
  const height = Math.max(...pools.map((pool) => pool.y + pool.height)) + margin - y;
  return { svg: (await viewer.saveSVG()).svg, box: { x, y, width, height } };
}

// bpmn-js draws lots for the ids of its arrow heads; numbered, the same model gives the same file.
function withStableIds(svg) {
  const ids = [...new Set(svg.match(/marker-[0-9a-z]{25}/g))];
  return ids.reduce((text, id, index) => text.replaceAll(id, `marker-${index + 1}`), svg);
}

// A white page with round corners, so that the picture can be read on GitHub's dark background too.
function onWhitePage(svg, { x, y, width, height }) {
  const root = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ` +
    `width="${width}" height="${height}" viewBox="${x} ${y} ${width} ${height}">`;
  const page = `<rect x="${x + 0.5}" y="${y + 0.5}" width="${width - 1}" height="${height - 1}" rx="12" ` +
    `fill="#fff" stroke="#d0d7de"/>`;
  return svg.slice(svg.indexOf("<svg")).replace(/<svg[^>]*>/, `${root}\n${page}\n`);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
try {
  const page = await browser.newPage({ deviceScaleFactor: 2 });
  await page.addScriptTag({ path: `${HERE}/node_modules/bpmn-js/dist/bpmn-viewer.production.min.js` });
  const xml = readFileSync(`${HERE}/../../bpmn/track-flow.bpmn`, "utf8");
  const { svg, box } = await page.evaluate(draw, { xml, order: ORDER, margin: MARGIN });
  writeFileSync(`${HERE}/track-flow.svg`, onWhitePage(withStableIds(svg), box));

  if (process.argv[2]) {
    await page.setViewportSize({ width: box.width, height: box.height });
    await page.goto(`file://${HERE}/track-flow.svg`);
    await page.screenshot({ path: process.argv[2] });
  }
} finally {
  await browser.close();
}
