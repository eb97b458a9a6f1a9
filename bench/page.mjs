// SPDX-License-Identifier: Apache-2.0
//
// The dashboard in a real Chromium, for page.py, which writes commands to stdin,
// a JSON object a line, and gets a JSON object for each on stdout. It uses
// playwright-core of tests/browser.
//
// LUNAR_CHROMIUM   the browser; default: /usr/bin/chromium
import { once } from "node:events";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(new URL("../tests/browser/package.json", import.meta.url));
const { chromium } = require("playwright-core");
const patience = 60_000; // ms

const browser = await chromium.launch({
  executablePath: process.env.LUNAR_CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
    // Our window is never behind another one.
    "--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding",
  ],
});
const root = await browser.newBrowserCDPSession();

let context, page, session;

// In the page: when the frame that has what `is` looks for has been made, in ms of
// performance.now(), which begins with the navigation.
function watchFrames() {
  const look = (is) => new Promise((resolve) => {
    const observer = new MutationObserver(() => {
      if (is()) {
        observer.disconnect();
        // Layout and paint follow the callback, before the next task.
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => resolve(performance.now());
          port2.postMessage(null);
        });
      }
    });
    observer.observe(document, { childList: true, characterData: true, subtree: true });
  });
  const firstRow = () => document.querySelector(".rockets-table tbody .cell-id a")?.textContent;
  window.bench = {
    firstRows: look(() => firstRow() !== undefined),
    // From the next click, as the browser received it, to other rows.
    sorted: () => {
      const old = firstRow();
      const clicked = new Promise((resolve) => {
        addEventListener("click", ({ timeStamp }) => resolve(timeStamp),
          { capture: true, once: true });
      });
      const frame = look(() => firstRow() !== old);
      window.bench.sortedIn = Promise.all([clicked, frame]).then(([from, to]) => to - from);
    },
  };
}

async function newPage(cached) {
  await close(cached);
  context ??= await browser.newContext({ viewport: { width: 1280, height: 900 } });
  page = await context.newPage();
  page.setDefaultTimeout(patience);
  await page.addInitScript(watchFrames);
  session = await context.newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
}

// A context has a cache of its own.
async function close(keepsCache = false) {
  await page?.close();
  page = undefined;
  if (!keepsCache) {
    await context?.close();
    context = undefined;
  }
}

const commands = {
  // From navigation to the first rows in a frame.
  first: async ({ url, warm }) => {
    await newPage(warm);
    await page.goto(url, { waitUntil: "commit" });
    const milliseconds = await page.evaluate(() => window.bench.firstRows);
    return { milliseconds };
  },
  open: async ({ url, rows }) => {
    await newPage(false);
    await page.goto(url);
    await page.locator(`.rockets-table tbody tr:nth-child(${rows})`).waitFor();
    await page.locator('[role=status][data-state="live"]').waitFor();
    return {};
  },
  sort: async ({ column }) => {
    await page.evaluate(() => window.bench.sorted());
    await page.getByRole("columnheader", { name: column }).getByRole("button").click();
    const milliseconds = await page.evaluate(() => window.bench.sortedIn);
    // The stream of the new rows is open, and nothing moves any more.
    await page.waitForTimeout(200);
    return { milliseconds };
  },
  // The browser's processes, what the main thread has done so far, and a cell of
  // each row, which tells whether it changes.
  look: async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    const { processInfo } = await root.send("SystemInfo.getProcessInfo");
    return {
      processes: processInfo.map(({ type, id }) => ({ type, id })),
      metrics: Object.fromEntries(metrics.map(({ name, value }) => [name, value])),
      numbers: await page.locator(".rockets-table tbody .cell-last").allInnerTexts(),
    };
  },
  close: async () => {
    await close();
    return {};
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...options } = JSON.parse(line);
  const answer = await commands[command](options).catch((error) => ({ error: error.message }));
  if (!process.stdout.write(`${JSON.stringify(answer)}\n`)) {
    await once(process.stdout, "drain");
  }
}
await browser.close();
