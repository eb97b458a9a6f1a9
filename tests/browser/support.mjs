// SPDX-License-Identifier: Apache-2.0
//
// What the tests in a browser share: the real service on a free port, a real
// Chromium, and what is done on the page of the Swagger UI.
//
// LUNAR_SERVICE    the service's binary (or the first argument)
// LUNAR_CHROMIUM   the browser; default: /usr/bin/chromium
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

const binary = process.env.LUNAR_SERVICE ?? process.argv[2];
const browserBinary = process.env.LUNAR_CHROMIUM ?? "/usr/bin/chromium";
// Only a bound: Chromium is slow on a busy machine.
export const patience = 300 * 1000; // ms

// The rocket of the message that the Swagger UI suggests.
export const rocketId = "07498283-aa94-4b46-a933-0c44e1a3ff7a";

// The operations that the Swagger UI shows, in its order: tag and name.
export const operations = [
  ["messages", "postMessage"],
  ["rockets", "listRockets"],
  ["rockets", "getRocket"],
  ["rockets", "getGaps"],
  ["rockets", "getFleet"],
  ["rockets", "followEvents"],
  ["service", "getSnapshot"],
  ["service", "getHealth"],
  ["service", "getReadiness"],
  ["service", "getMetrics"],
  ["service", "getDocument"],
  ["service", "getSwagger"],
  ["service", "getRoot"],
  ["access", "logIn"],
  ["access", "logOut"],
  ["access", "getSession"],
];

// Our environment without flags of the service.
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("LUNAR_")));

// Start the service on a free port and wait for its ready line.
export async function startService(...flags) {
  assert.ok(binary && existsSync(binary), "LUNAR_SERVICE is not a file");
  const child = spawn(binary, ["-port=0", ...flags], {
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([
    once(lines, "line", { signal: AbortSignal.timeout(patience) }),
    exited.then(([code]) => assert.fail(`the service exited with ${code}`)),
  ]);
  // A build may be without the dashboard.
  const ready =
    /^lunar\.service: listening on (\S+) \((?:dashboard: (\S+), )?API: (\S+); .*state .+\)$/;
  const [, origin, dashboard, api] = line.match(ready) ?? assert.fail(line);
  assert.match(origin, /^https?:\/\/127\.0\.0\.1:\d+$/);
  assert.ok(dashboard === undefined || dashboard === `${origin}/`, line);
  assert.equal(api, `${origin}/swagger`);
  return { child, exited, origin, dashboard, api };
}

export async function startBrowser(...flags) {
  const browser = await chromium.launch({
    executablePath: browserBinary,
    headless: true,
    timeout: patience,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
      "--disable-quic",
      ...flags,
    ],
  });
  const newPage = browser.newPage.bind(browser);
  browser.newPage = async (options) => {
    const page = await newPage(options);
    page.setDefaultTimeout(patience);
    return page;
  };
  return browser;
}

// A certificate that nobody has signed, in `folder`.
export function makeCertificate(folder, name) {
  const [key, certificate] = ["key.pem", "certificate.pem"].map(
    (file) => path.join(folder, file));
  execFileSync("openssl", [
    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
    "-days", "2", "-subj", `/CN=${name}`, "-keyout", key, "-out", certificate,
  ], { stdio: "ignore" });
  return { key, certificate };
}

// Record all errors on the page, and block requests to other hosts.
export async function watch(page, origin) {
  const problems = [];
  await page.route("**/*", (route) => {
    if (new URL(route.request().url()).origin === origin) {
      return route.continue();
    }
    return route.abort();
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && url.protocol !== "data:") {
      problems.push(`request to another host: ${url}`);
    }
  });
  page.on("requestfailed", (request) => {
    problems.push(`request failed: ${request.url()} ${request.failure()?.errorText}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) {
      problems.push(`${response.status()} for ${response.url()}`);
    }
  });
  page.on("console", (message) => {
    if (message.type() === "error") {
      problems.push(`console: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => problems.push(`exception: ${error}`));
  await page.exposeFunction("reportViolation", (violation) => {
    problems.push(`Content-Security-Policy: ${violation}`);
  });
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      window.reportViolation(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  return problems;
}

// Expand an operation and make its values editable. Returns its part of the page.
export async function tryOut(page, tag, operation) {
  const block = page.locator(`#operations-${tag}-${operation}`);
  await block.locator(".opblock-summary-control").click();
  await block.getByRole("button", { name: "Try it out" }).click();
  return block;
}

// Expand an operation, execute it with the suggested values, and return the
// status and JSON content that the page shows.
export async function execute(page, tag, operation) {
  const block = await tryOut(page, tag, operation);
  await block.getByRole("button", { name: "Execute" }).click();

  const response = block.locator(".live-responses-table .response").first();
  const status = response.locator(".response-col_status");
  const content = response.locator("pre").first();
  return {
    status: parseInt(await status.innerText(), 10),
    content: JSON.parse(await content.innerText()),
  };
}
