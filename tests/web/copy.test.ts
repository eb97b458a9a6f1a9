// SPDX-License-Identifier: Apache-2.0
//
// Copying with and without the clipboard API. The document is a model that has just
// what copying needs; a real one is in tests/browser.
import assert from "node:assert/strict";
import { test } from "node:test";
import { copyText } from "../../web/src/text/copy.js";

class FakeElement {
  style = {};
  value = "";
  readOnly = false;
  children: FakeElement[] = [];
  parent: FakeElement | null = null;
  constructor(readonly name: string) {}
  setAttribute() { return; }
  setSelectionRange() { return; }
  focus() { world.active = this; }
  closest(name: string): FakeElement | null {
    return this.name === name ? this : this.parent?.closest(name) ?? null;
  }
  append(child: FakeElement) {
    this.children.push(child);
    child.parent = this;
  }
  remove() {
    this.parent?.children.splice(this.parent.children.indexOf(this), 1);
  }
}

interface World {
  active: FakeElement;
  copied: string | null; // by selection
  copiedWithin: string | null;
}

const world: World = { active: new FakeElement("button"), copied: null, copiedWithin: null };

// A page where execCommand() has this result, and what the clipboard API does;
// null: there is none.
function setPage(result: boolean | "throws", write: (() => Promise<void>) | null) {
  const body = new FakeElement("body");
  const dialog = new FakeElement("dialog");
  const button = new FakeElement("button");
  body.append(dialog);
  dialog.append(button);
  Object.assign(world, { active: button, copied: null, copiedWithin: null });
  const document = {
    body,
    get activeElement() { return world.active; },
    getSelection: () => null,
    createElement: (name: string) => new FakeElement(name),
    execCommand: () => {
      if (result === "throws") {
        throw new Error("not allowed");
      }
      world.copied = world.active.value;
      world.copiedWithin = world.active.parent?.name ?? null;
      return result;
    },
  };
  const navigator = write === null ? {} : { clipboard: { writeText: write } };
  for (const [name, value] of Object.entries({ document, navigator, HTMLElement: FakeElement })) {
    Object.defineProperty(globalThis, name, { value, configurable: true });
  }
  return { dialog, button };
}

test("the clipboard API copies where there is one", async () => {
  setPage(true, () => Promise.resolve());
  assert.equal(await copyText("x"), true);
  assert.equal(world.copied, null);
});

test("without it a selection copies, within the dialog, and leaves nothing behind", async () => {
  const { dialog, button } = setPage(true, null);
  assert.equal(await copyText("text with\nlines"), true);
  assert.equal(world.copied, "text with\nlines");
  assert.equal(world.copiedWithin, "dialog");
  assert.equal(world.active, button);
  assert.deepEqual(dialog.children, [button]);
});

test("without it the copy happens before the handler of the click ends", () => {
  setPage(true, null);
  void copyText("at once");
  assert.equal(world.copied, "at once");
});

test("a refused API is no failure yet", async () => {
  setPage(true, () => Promise.reject(new Error("not allowed")));
  assert.equal(await copyText("x"), true);
  assert.equal(world.copied, "x");
});

test("a failure is said", async () => {
  for (const result of [false, "throws"] as const) {
    const { dialog } = setPage(result, null);
    assert.equal(await copyText("x"), false);
    assert.equal(dialog.children.length, 1);
  }
});
