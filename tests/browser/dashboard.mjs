// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the dashboard share: messages, `rockets`, and what is read
// of the page. They wait for conditions, and for as long as support.mjs says.
//
// LUNAR_ROCKETS    the binary of `rockets`; default: beside LUNAR_SERVICE
// LUNAR_ARTEFACTS  the directory of the screenshots; default: build/browser
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { request } from "node:http";
import path from "node:path";
import { json } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { patience, watch } from "./support.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const service = process.env.LUNAR_SERVICE ?? process.argv[2] ?? "";
const rockets = process.env.LUNAR_ROCKETS ?? path.join(path.dirname(service), "rockets");
const artefacts = process.env.LUNAR_ARTEFACTS ?? path.join(root, "build", "browser");

export function message(channel, messageNumber, messageType, content) {
  return {
    metadata: {
      channel, messageNumber, messageTime: new Date().toISOString(), messageType,
    },
    message: content,
  };
}

export function launched(channel, launchSpeed = 500, type = "Falcon-9", mission = "ARTEMIS") {
  return message(channel, 1, "RocketLaunched", { type, launchSpeed, mission });
}

export const faster = (channel, number, by) =>
  message(channel, number, "RocketSpeedIncreased", { by });

export const exploded = (channel, number, reason) =>
  message(channel, number, "RocketExploded", { reason });

// All of them must be messages. They go on a connection of their own: fetch() would
// use one that the service has closed meanwhile, as it does after ten idle seconds
// (-idle-timeout), if making the messages has kept the test busy for so long.
export async function post(origin, messages) {
  const sent = request(`${origin}/messages`, {
    agent: false,
    method: "POST",
    headers: { "Content-Type": "application/x-ndjson" },
  });
  sent.end(messages.map((one) => JSON.stringify(one)).join("\n"));
  const [response] = await once(sent, "response");
  const answer = await json(response);
  assert.equal(response.statusCode, 202, JSON.stringify(answer));
  assert.equal(answer.rejected, 0, JSON.stringify(answer));
}

// `rockets launch` to the service, until stop() is called, or it has ended.
export function launch(origin, ...flags) {
  const child = spawn(rockets, ["launch", `${origin}/messages`, ...flags], {
    stdio: "ignore",
  });
  const exited = once(child, "exit");
  return {
    exited,
    stop: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

// Open the dashboard. problemsOf() has what goes wrong on it.
export async function openSoon(browser, url, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  page.setDefaultTimeout(patience);
  problems.set(page, await watch(page, new URL(url).origin));
  await page.goto(url);
  return page;
}

// The same, and wait until it is live.
export async function open(browser, url, options) {
  const page = await openSoon(browser, url, options);
  await isLive(page);
  return page;
}

const problems = new WeakMap();

// See watch(). Requests that the page itself has given up are none: it ends its
// stream to follow other rockets, and a list that nobody wants any more.
export function problemsOf(page) {
  return (problems.get(page) ?? []).filter((one) => !one.endsWith("net::ERR_ABORTED"));
}

export function forgetProblems(page) {
  problems.get(page).length = 0;
}

export const connection = (page) => page.getByRole("status");

export async function isLive(page) {
  await connection(page).and(page.locator('[data-state="live"]')).waitFor();
}

// Wait until `read` returns something for which `is` holds, and return that.
export async function until(read, is, what) {
  const deadline = Date.now() + patience;
  for (;;) {
    const value = await read();
    if (is(value)) {
      return value;
    }
    assert.ok(Date.now() < deadline, `${what}: ${JSON.stringify(value)}`);
    await sleep(50);
  }
}

export const number = (text) => Number(text.replace(/[^\d.-]/g, ""));

// The figure of a tile, by its name in the page: "rockets", "exploded", ...
export const figure = (page, tile) => page.locator(`#tile-${tile}-figure`).innerText();

export const isFigure = (page, tile, text) =>
  until(() => figure(page, tile), (now) => now === text, `${tile}, expected ${text}`);

// The cells of a column of the table, from above: "id", "speed", ...
export const column = (page, key) => page.locator(`.rockets-table tbody .cell-${key}`)
  .evaluateAll((cells) => cells.map((cell) => cell.innerText));

export const isColumn = (page, key, texts) => until(() => column(page, key),
  (now) => JSON.stringify(now) === JSON.stringify(texts), `${key}, expected ${texts}`);

export const header = (page, name) => page.getByRole("columnheader", { name });

export const search = (page) => new URL(page.url()).search;

export async function picture(page, name, options = {}) {
  mkdirSync(artefacts, { recursive: true });
  await page.screenshot({ path: path.join(artefacts, `${name}.png`), ...options });
}
