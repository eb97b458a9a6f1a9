// SPDX-License-Identifier: Apache-2.0
//
// The place of the table's page in its list, when the list has no such place.
import { currentEntry, json, service, visit } from "./browser.js";
import assert from "node:assert/strict";
import { test } from "node:test";
import { firstPlace, place } from "../../web/src/state/address.js";
import { first, readPage, showNext } from "../../web/src/state/page.js";
import { answer, fleet, launch } from "./list_service.js";

const read = () => readPage(new AbortController().signal);

test("a cursor that is refused, and a page that is empty now, lead to the first page", async () => {
  visit("");
  service.answer = answer;
  for (const vanish of [
    () => { fleet.clear(); },
    () => { service.answer = () => json({ detail: "cursor is invalid" }, {}, 400); },
  ]) {
    launch(60);
    await read();
    showNext();
    await read();
    assert.equal(first.value, 50);
    vanish();
    await read();
    assert.equal(place.value, firstPlace);
    assert.deepEqual(currentEntry().state, firstPlace);
    service.answer = answer;
    await read();
    assert.equal(first.value, 0);
  }
});
