// SPDX-License-Identifier: Apache-2.0
//
// What the login says, and where it goes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { RequestError } from "../../web/src/api/client.js";
import { pageOfLogin } from "../../web/src/ui/login_address.js";
import { failureText, mayRetry, reasonText } from "../../web/src/ui/login_text.js";

const token = `lunar_${"a".repeat(43)}`;

test("each way to the login that surprises somebody has a sentence", () => {
  assert.equal(reasonText("needed", null), null);
  assert.equal(reasonText("asked", null), null);
  for (const reason of ["loggedOut", "loggedOutElsewhere", "expired", "ended"] as const) {
    assert.match(reasonText(reason, null) ?? "", /^You.*\.$/);
  }
  assert.match(reasonText("scope", "ci") ?? "", /as ci, .* no scope “read”/);
});

test("a token that is not known gets a hint at what may be wrong with it", () => {
  const unknown = new RequestError("the token is not known", 401);
  const rows: readonly (readonly [string, RegExp])[] = [
    [token, /removed.*SIGHUP/],
    [token.slice(0, -3), /have 49 characters; this text has 46/],
    [`Bearer ${token}`, /no spaces/],
    [`alice sha256:${"0".repeat(64)} read`, /is the line for/],
  ];
  for (const [text, hint] of rows) {
    assert.match(failureText(unknown, text), hint);
  }
});

test("no sentence has the token", () => {
  for (const status of [0, 200, 400, 401, 403, 404, 413, 429, 500]) {
    assert.ok(!failureText(new RequestError("no", status), token).includes(token));
  }
});

test("a failure says what to do", () => {
  const rows: readonly (readonly [RequestError, RegExp])[] = [
    [new RequestError("the service cannot be reached", 0), /^The service cannot be reached\. Try/],
    [new RequestError("", 200), /cookies/],
    [new RequestError("", 413), /too long/],
    [new RequestError("", 429, 2500), /in 3 s/],
    [new RequestError("", 429), /later/],
    [new RequestError("the state is being recovered: 41 %", 503),
      /^The service answers 503: The state is being recovered: 41 %\.$/],
  ];
  for (const [error, text] of rows) {
    assert.match(failureText(error, token), text);
  }
});

test("only a token that may still be right stays in the field", () => {
  const kept = [0, 200, 400, 401, 403, 404, 413, 429, 503]
    .filter((status) => mayRetry(new RequestError("", status)));
  assert.deepEqual(kept, [0, 200, 429, 503]);
});

test("the login goes back to the API only, and nowhere that a link could say", () => {
  assert.equal(pageOfLogin("?login=swagger", "#/rockets/getRocket"),
    "swagger#/rockets/getRocket");
  assert.equal(pageOfLogin("?login=swagger", ""), "swagger");
  for (const search of ["", "?login", "?login=https://other.example/", "?login=//other.example",
    "?login=swagger/../x", "?sort=id"]) {
    assert.equal(pageOfLogin(search, "#x"), null);
  }
});
