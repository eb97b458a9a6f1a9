// SPDX-License-Identifier: Apache-2.0
//
// What a reader has chosen stays chosen.
import assert from "node:assert/strict";
import { test } from "node:test";

const target = new EventTarget();
const storage = new Map([["lunar.theme", "dark"], ["lunar.utc", "no truth value"]]);
let allowed = true;

Object.assign(globalThis, {
  window: globalThis,
  addEventListener: target.addEventListener.bind(target),
  localStorage: {
    getItem: (name: string) => storage.get(name) ?? null,
    setItem: (name: string, value: string) => {
      if (!allowed) {
        throw new Error("the storage is full");
      }
      storage.set(name, value);
    },
  },
});

// After what it looks for at once.
const { shortcuts, theme, utc } = await import("../../web/src/state/settings.js");

function otherTab(key: string | null, newValue: string | null): void {
  target.dispatchEvent(Object.assign(new Event("storage"), { key, newValue }));
}

test("what was kept is there, and what is invalid or missing is the default", () => {
  assert.deepEqual([theme.value, utc.value, shortcuts.value], ["dark", false, true]);
});

test("only what is changed is kept", () => {
  assert.equal(storage.has("lunar.shortcuts"), false);
  shortcuts.value = false;
  assert.equal(storage.get("lunar.shortcuts"), "false");
  theme.value = "system";
  assert.equal(storage.get("lunar.theme"), "system");
});

test("a change in another tab is taken, and not written again", () => {
  otherTab("lunar.utc", "true");
  assert.equal(utc.value, true);
  assert.equal(storage.get("lunar.utc"), "no truth value");
  otherTab("another", "x");
  otherTab(null, null);
  assert.deepEqual([theme.value, utc.value, shortcuts.value], ["system", false, true]);
});

test("a storage that is not allowed loses nothing of this page", () => {
  allowed = false;
  utc.value = true;
  assert.equal(utc.value, true);
});
