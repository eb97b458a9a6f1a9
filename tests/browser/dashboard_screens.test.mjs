// SPDX-License-Identifier: Apache-2.0
//
// The dashboard in a real Chromium on screens of several sizes, in both themes
// and at 200 % zoom: nothing overflows, axe-core finds nothing serious, and the
// pictures are kept. See support.mjs and dashboard.mjs.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import {
  column, exploded, faster, launch, launched, open, openSoon, picture, post, problemsOf, until,
} from "./dashboard.mjs";
import { enter, loginHeading, Tokens } from "./login.mjs";
import { startBrowser, startService } from "./support.mjs";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

// 200 % zoom of a window of 1280 pixels leaves 640 of CSS, each of two.
const screens = {
  wide: { viewport: { width: 1280, height: 900 } },
  tablet: { viewport: { width: 800, height: 1000 } },
  zoomed: { viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 },
  phone: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
};
const themes = ["light", "dark"];

const rocket = "rocket-with-gaps";
const longestName = "n".repeat(64);

// What axe-core counts as serious or critical, and the elements.
async function seriousFindings(page) {
  await page.evaluate(await readFile(axe, "utf8"));
  const { violations } = await page.evaluate(() => window.axe.run(document, {
    resultTypes: ["violations"],
  }));
  return violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
}

const overflow = (page) => page.evaluate(() =>
  document.scrollingElement.scrollWidth - document.documentElement.clientWidth);

describe("the dashboard on every screen", () => {
  let empty, guarded, service, flight, browser, folder, tokens;

  before(async () => {
    folder = mkdtempSync(path.join(os.tmpdir(), "lunar-screens-"));
    tokens = new Tokens(folder, { [longestName]: "read,metrics" });
    empty = await startService();
    guarded = await startService(`-tokens=${tokens.file}`);
    service = await startService();
    await post(service.origin, [
      launched(rocket, 90_000, "Saturn-V", "APOLLO"),
      ...Array.from({ length: 60 }, (_, index) => faster(rocket, 3 + 2 * index, 10)),
      ...Array.from({ length: 70 }, (_, index) => launched(`more-${index}`, 100 + index ** 2)),
      exploded("more-7", 2, "FROZEN_O_RINGS"), faster("unlaunched", 4, 70),
    ]);
    browser = await startBrowser();
  });

  after(async () => {
    await flight?.stop();
    await browser?.close();
    service?.child.kill("SIGKILL");
    empty?.child.kill("SIGKILL");
    guarded?.child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  });

  // The login, a wrong token, and a session of the longest name.
  async function openLogins(name, options, each) {
    const page = await openSoon(browser, `${guarded.origin}/`, options);
    await loginHeading(page).waitFor();
    await each(page, `login, ${name}`, `dashboard-login-${name}`);
    await enter(page, "lunar_wrong");
    await page.getByRole("alert").getByText("does not know").waitFor();
    await each(page, `wrong token, ${name}`, `dashboard-wrong-token-${name}`);
    await enter(page, tokens.of(longestName));
    await page.getByRole("button", { name: "Session of" }).click();
    await page.getByRole("group", { name: "Session" }).waitFor();
    await each(page, `session, ${name}`, `dashboard-session-${name}`);
    await page.close();
  }

  // Each page as it is when it has settled.
  async function openEach(name, options, each) {
    const views = {
      fleet: [`${service.origin}/`, (page) => until(() => column(page, "id"),
        (now) => now.length === 50, "rows")],
      rocket: [`${service.origin}/?rocket=${rocket}`, (page) => page
        .getByRole("heading", { level: 1, name: rocket }).waitFor()],
      empty: [`${empty.origin}/`, (page) => page
        .getByRole("heading", { name: "No rockets yet" }).waitFor()],
    };
    for (const [view, [url, isReady]] of Object.entries(views)) {
      const page = await open(browser, url, options);
      await isReady(page);
      await each(page, `${view}, ${name}`, `dashboard-${view}-${name}`);
      assert.deepEqual(problemsOf(page), [], view);
      await page.close();
    }
  }

  for (const [name, screen] of Object.entries(screens)) {
    for (const colorScheme of themes) {
      it(`fits, and is accessible: ${name}, ${colorScheme}`, async () => {
        await openEach(`${name}-${colorScheme}`, { ...screen, colorScheme },
          async (page, what, file) => {
            await picture(page, file);
            assert.equal(await overflow(page), 0, what);
            assert.deepEqual(await seriousFindings(page), [], what);
          });
      });
    }
  }

  it("does not overflow a narrow phone either", async () => {
    for (const pages of [openEach, openLogins]) {
      await pages("narrow", { viewport: { width: 320, height: 640 } },
        async (page, what) => assert.equal(await overflow(page), 0, what));
    }
  });

  for (const [screen, colorScheme] of [["wide", "light"], ["phone", "dark"]]) {
    it(`has a login that fits, and is accessible: ${screen}, ${colorScheme}`, async () => {
      await openLogins(`${screen}-${colorScheme}`, { ...screens[screen], colorScheme },
        async (page, what, file) => {
          await picture(page, file);
          assert.equal(await overflow(page), 0, what);
          assert.deepEqual(await seriousFindings(page), [], what);
        });
    });
  }

  it("has a help that is accessible, in both themes", async () => {
    for (const colorScheme of themes) {
      const page = await open(browser, service.origin, { colorScheme });
      await page.keyboard.press("?");
      await page.getByRole("dialog").waitFor();
      assert.deepEqual(await seriousFindings(page), [], colorScheme);
      await page.keyboard.press("Escape");
      await page.getByRole("dialog").waitFor({ state: "hidden" });
      await page.close();
    }
  });

  // What is not there at first: tables behind pictures, the sheet of the phone, a
  // list without rows, a rocket that nobody knows, and a lost connection.
  const states = {
    "tables of the fleet": ["", "wide", (page) => page.getByText("As a table").click()],
    "tables of a rocket": [`?rocket=${rocket}`, "wide", async (page) => {
      await page.getByText("Speeds as a table").click();
      await page.getByText(/^Missing ranges as a table/).click();
    }],
    "filters that are set": ["?status=active&type=Falcon-9&incomplete=true", "phone",
      (page) => page.getByRole("button", { name: "Sort and filter" }).waitFor()],
    "sheet": ["?status=active", "phone",
      (page) => page.getByRole("button", { name: "Sort and filter" }).click()],
    "no match": ["?idPrefix=nobody", "wide",
      (page) => page.getByText("No rocket matches.").waitFor()],
    "unknown rocket": ["?rocket=nobody", "wide",
      (page) => page.getByText("No message of this rocket has arrived.").waitFor()],
    "paused": ["", "wide", (page) => page.getByRole("button", { name: "Pause updates" }).click()],
  };
  for (const [name, [path, screen, reach]] of Object.entries(states)) {
    it(`is accessible in a state that is not there at first: ${name}`, async () => {
      for (const colorScheme of themes) {
        const page = await open(browser, `${service.origin}/${path}`,
          { ...screens[screen], colorScheme });
        await reach(page);
        await page.waitForTimeout(800); // the bar of the connection comes after 600 ms
        assert.deepEqual(await seriousFindings(page), [], colorScheme);
        await page.close();
      }
    });
  }

  it("has all its text at the spacing of WCAG 1.4.12, also on a narrow phone", async () => {
    for (const path of ["", `?rocket=${rocket}`]) {
      const page = await open(browser, `${service.origin}/${path}`,
        { viewport: { width: 320, height: 640 } });
      await page.evaluate(() => {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: 0.12em !important;"
          + " word-spacing: 0.16em !important } p { margin-bottom: 2em !important }");
        document.adoptedStyleSheets = [sheet];
      });
      await page.waitForTimeout(200);
      assert.equal(await overflow(page), 0, path);
      const cut = await page.locator("td.cell-type, td.cell-mission, .figure")
        .evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1)
          .map((one) => one.innerText));
      assert.deepEqual(cut, [], path);
      await page.close();
    }
  });

  // The picture of README.md.
  it("is photographed while rockets fly", async () => {
    const page = await open(browser, empty.origin);
    flight = launch(empty.origin, "--rockets=200", "--message-delay=2ms",
      "--duplicates=0.02", "--shuffle=100");
    const events = page.getByRole("region", { name: "Launches and explosions" })
      .getByRole("listitem");
    await until(() => events.filter({ hasText: "Exploded" }).count(),
      (count) => count >= 3, "explosions");
    await until(async () => (await (await fetch(`${empty.origin}/fleet`)).json()).messages,
      ({ applied }) => applied > 10_000, "messages");
    await page.keyboard.press("r");
    await until(() => column(page, "id"), (now) => now.length === 50, "rows");
    await picture(page, "dashboard");
    await page.close();
  });

  // The picture of docs/dashboard.md.
  it("is photographed with a rocket whose speed changes", async () => {
    const page = await open(browser, `${service.origin}/?rocket=${rocket}`);
    const changes = page.getByRole("region", { name: "Changes" }).getByRole("listitem");
    await page.getByRole("heading", { level: 1, name: rocket }).waitFor();
    // Numbers that leave gaps of several widths. Changes of one second are one line.
    for (let number = 130; await changes.count() < 8; number += 1 + number % 7) {
      await post(service.origin, [faster(rocket, number, number % 9 * 1000)]);
      await page.getByText(number.toLocaleString("en"), { exact: true }).first().waitFor();
    }
    const answer = await fetch(`${service.origin}/rockets/${rocket}/gaps`);
    const { gaps } = await answer.json();
    await page.getByText(`Missing ranges as a table (${gaps.length})`).waitFor();
    await picture(page, "dashboard-rocket");
    await page.close();
  });
});
