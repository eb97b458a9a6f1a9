// SPDX-License-Identifier: Apache-2.0
//
// What is read of the header fields of a response.
import assert from "node:assert/strict";
import test from "node:test";
import { parseEtag } from "../../web/src/api/client.js";

test("an ETag is the id of an event, whatever a proxy has made of it", () => {
  for (const [field, id] of [
    ['W/"16fd2e2a448740c0-38"', "16fd2e2a448740c0-38"],
    ['"16fd2e2a448740c0-38"', "16fd2e2a448740c0-38"],
    ['W/"16fd2e2a448740c0-38-gzip"', "16fd2e2a448740c0-38"],
    ['W/"16fd2e2a448740c0-38;br"', "16fd2e2a448740c0-38"],
    ['"of-a-proxy"', null],
    ['"', null],
    ["", null],
    [null, null],
  ] as const) {
    assert.equal(parseEtag(field), id, field ?? "none");
  }
});
