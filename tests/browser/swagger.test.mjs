// SPDX-License-Identifier: Apache-2.0
//
// The first steps of a user in a real Chromium against the real service: open
// /swagger, post a message, read the rocket. The page must send no request to
// another host.
//
// LUNAR_SERVICE    the service's binary (or the first argument)
// LUNAR_CHROMIUM   the browser; default: /usr/bin/chromium
// LUNAR_ARTEFACTS  the directory of the screenshot; default: build/browser
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = fileURLToPath(new URL("../../", import.meta.url));
const binary = process.env.LUNAR_SERVICE ?? process.argv[2];
const browserBinary = process.env.LUNAR_CHROMIUM ?? "/usr/bin/chromium";
const screenshot = path.join(
  process.env.LUNAR_ARTEFACTS ?? path.join(root, "build", "browser"),
  "swagger.png",
);
const rocketId = "193270a9-c9cf-404a-8f83-838e71d9ae67";
const startSeconds = 20;

// Start the service on a free port and wait for its ready line.
async function startService() {
  const child = spawn(binary, ["-port=0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([
    once(lines, "line", { signal: AbortSignal.timeout(startSeconds * 1000) }),
    exited.then(([code]) => assert.fail(`the service exited with ${code}`)),
  ]);
  const ready =
    /^lunar\.service: listening on (http:\/\/127\.0\.0\.1:\d+) \(API: (.+)\)$/;
  const [, origin, api] = line.match(ready) ?? assert.fail(line);
  assert.equal(api, `${origin}/swagger`);
  return { child, exited, origin, api };
}

function startBrowser() {
  return chromium.launch({
    executablePath: browserBinary,
    headless: true,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
      "--disable-quic",
    ],
  });
}

// Record all errors on the page, and block requests to other hosts.
async function watch(page, origin) {
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
    problems.push(`request failed: ${request.url()}`);
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

// Expand an operation, execute it with the suggested values, and return the
// status and JSON content that the page shows.
async function execute(page, tag, operation) {
  const block = page.locator(`#operations-${tag}-${operation}`);
  await block.locator(".opblock-summary-control").click();
  await block.getByRole("button", { name: "Try it out" }).click();
  await block.getByRole("button", { name: "Execute" }).click();

  const response = block.locator(".live-responses-table .response").first();
  const status = response.locator(".response-col_status");
  const content = response.locator("pre").first();
  return {
    status: parseInt(await status.innerText(), 10),
    content: JSON.parse(await content.innerText()),
  };
}

describe("Swagger UI in a browser", () => {
  let service, browser, page, problems;

  before(async () => {
    assert.ok(binary && existsSync(binary), "LUNAR_SERVICE is not a file");
    service = await startService();
    browser = await startBrowser();
    page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    problems = await watch(page, service.origin);
  });

  after(async () => {
    await browser?.close();
    service?.child.kill("SIGKILL");
  });

  it("shows every operation", async () => {
    const response = await page.goto(service.api);
    assert.equal(response.status(), 200);
    assert.match(await page.title(), /rocket API/);
    await page.locator("#operations-messages-postMessage").waitFor();
    assert.equal(await page.locator(".opblock").count(), 7);
    assert.equal(await page.locator(".errors-wrapper").count(), 0);
  });

  it("posts the suggested message", async () => {
    const { status, content } = await execute(page, "messages", "postMessage");
    assert.equal(status, 202);
    assert.deepEqual(content, {
      channel: rocketId,
      messageNumber: 1,
      processed: true,
      result: "applied",
    });
  });

  it("reads the rocket that the message made", async () => {
    const { status, content } = await execute(page, "rockets", "getRocket");
    assert.equal(status, 200);
    assert.deepEqual(content, {
      id: rocketId,
      type: "Falcon-9",
      speed: 500,
      mission: "ARTEMIS",
      status: "active",
      reason: null,
      createdAt: "2022-02-02T19:39:05.86337+01:00",
      updatedAt: "2022-02-02T19:39:05.86337+01:00",
      lastMessageNumber: 1,
      missingMessages: 0,
    });
  });

  it("lists the rockets", async () => {
    const { status, content } = await execute(page, "rockets", "listRockets");
    assert.equal(status, 200);
    assert.deepEqual(content.map((rocket) => rocket.id), [rocketId]);
  });

  it("posts the suggested batch", async () => {
    const block = page.locator("#operations-messages-postMessage");
    await block
      .locator(".opblock-section-request-body select.content-type")
      .selectOption("application/x-ndjson");
    await block.getByRole("button", { name: "Execute" }).click();
    const content = block.locator(".live-responses-table pre").first();
    await content.filter({ hasText: "rejected" }).waitFor();
    const { rejected, errors, ...counts } = JSON.parse(
      await content.innerText());
    assert.deepEqual({ rejected, errors }, { rejected: 0, errors: [] });
    assert.ok(counts.applied + counts.duplicate > 1, JSON.stringify(counts));
  });

  it("posts the sample of another type of batch as lines", async () => {
    const block = page.locator("#operations-messages-postMessage");
    await block
      .locator(".opblock-section-request-body select.content-type")
      .selectOption("application/jsonl");
    const [response] = await Promise.all([
      page.waitForResponse("**/messages"),
      block.getByRole("button", { name: "Execute" }).click(),
    ]);
    const { rejected, applied, duplicate } = await response.json();
    assert.deepEqual({ rejected, lines: applied + duplicate },
      { rejected: 0, lines: 2 });
  });

  it("shows the licences", async () => {
    const [response] = await Promise.all([
      page.waitForResponse("**/swagger/licenses.txt"),
      page.evaluate(() => fetch("/swagger/licenses.txt")),
    ]);
    assert.equal(response.status(), 200);
    assert.match(await response.text(), /SmartBear/);
  });

  it("causes no errors and no requests to other hosts", async () => {
    await page.screenshot({ path: screenshot, fullPage: true });
    assert.deepEqual(problems, []);
  });

  it("leaves a service that stops on SIGTERM", async () => {
    await browser.close();
    service.child.kill("SIGTERM");
    const [code, signal] = await service.exited;
    assert.deepEqual({ code, signal }, { code: 0, signal: null });
  });
});
