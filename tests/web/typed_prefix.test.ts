// SPDX-License-Identifier: Apache-2.0
//
// The search tells what is typed when somebody pauses, with one entry in the
// history for one act of searching.
import assert from "node:assert/strict";
import test from "node:test";
import { TypedPrefix } from "../../web/src/ui/typed_prefix.js";

type Told = [prefix: string | null, replace: boolean];

// A search whose pauses never come: only flush() and end() tell.
function search(): { typed: TypedPrefix; told: Told[] } {
  const told: Told[] = [];
  return { typed: new TypedPrefix((...one) => told.push(one), 1 << 30), told };
}

test("what is typed is told after a pause", async () => {
  const told = await new Promise<string | null>((resolve) => {
    new TypedPrefix(resolve, 1).type("07");
  });
  assert.equal(told, "07");
});

test("of letters without a pause only the last text is told", () => {
  const { typed, told } = search();
  for (const text of ["0", "07", "074"]) {
    typed.type(text);
  }
  assert.ok(typed.pending);
  typed.flush();
  assert.ok(!typed.pending);
  assert.deepEqual(told, [["074", false]]);
});

test("only the first text of a search makes an entry in the history", () => {
  const { typed, told } = search();
  for (const text of ["0", "07", ""]) {
    typed.type(text);
    typed.flush();
  }
  assert.deepEqual(told, [["0", false], ["07", true], [null, true]]);
});

test("after its end another search begins", () => {
  const { typed, told } = search();
  typed.type("a");
  typed.end();
  typed.end();
  typed.type("b");
  typed.end();
  assert.deepEqual(told, [["a", false], ["b", false]]);
});

test("nothing is told that was not typed", () => {
  const { typed, told } = search();
  typed.flush();
  typed.end();
  assert.deepEqual(told, []);
});

test("white space around a pasted id does not count", () => {
  const { typed, told } = search();
  typed.type(" 07 \n");
  typed.flush();
  assert.deepEqual(told, [["07", false]]);
});
