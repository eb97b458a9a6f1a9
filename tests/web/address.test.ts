// SPDX-License-Identifier: Apache-2.0
//
// The URL says what the page shows, and the history which page of the list.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { currentEntry, entries, go, goToFragment, visit } from "./browser.js";
import {
  defaultQuery, firstPlace, hrefOf, listParameters, navigate, navigateToPlace, parsePlace,
  parseView, place, placeAfter, placeBefore, view, writeView,
  type ListQuery, type SortField, type View,
} from "../../web/src/state/address.js";
import { forAll, type Random } from "./random.js";

const sortFields: readonly SortField[] = [
  "id", "type", "speed", "mission", "status", "createdAt", "updatedAt", "lastMessageNumber",
];

function randomView(random: Random): View {
  const maybe = <T>(value: T) => (random.chance(0.5) ? value : null);
  return {
    query: {
      sort: random.pick(sortFields),
      order: random.pick(["asc", "desc"] as const),
      status: maybe(random.pick(["active", "exploded"] as const)),
      type: maybe(random.text(60)),
      mission: maybe(random.text(60)),
      incomplete: maybe(true as const),
      launched: maybe(false as const),
      idPrefix: maybe(random.text(30)),
    },
    rocket: maybe(random.text(30)),
  };
}

const stateAtStart = currentEntry().state;

const defaultView: View = { query: defaultQuery, rocket: null };

beforeEach(() => visit(""));

test("any view is found again in its URL", () => {
  forAll(3000, (random) => {
    const shown = randomView(random);
    const url = new URL(`https://host.example/prefix/${writeView(shown)}`);
    assert.deepEqual(parseView(url.search), shown);
  });
});

test("equal views have equal URLs, whatever the order of the parameters was", () => {
  forAll(500, (random) => {
    const shown = randomView(random);
    const parameters = random.shuffled([...new URLSearchParams(writeView(shown))]);
    const again = parseView(`?${new URLSearchParams(parameters).toString()}`);
    assert.equal(writeView(again), writeView(shown));
  });
});

test("defaults are left out", () => {
  assert.equal(writeView(defaultView), "");
  assert.equal(
    writeView({ query: { ...defaultQuery, sort: "id", status: "exploded" }, rocket: "a b" }),
    "?sort=id&status=exploded&rocket=a+b",
  );
});

test("what is unknown or invalid means nothing", () => {
  for (const search of [
    "?sort=revision", "?sort=SPEED", "?sort=__proto__", "?sort=", "?order=up", "?order=DESC",
    "?status=gone", "?incomplete=false", "?incomplete=1", "?launched=true", "?type=", "?mission=",
    "?idPrefix=", "?rocket=", "?cursor=abc", "?limit=9", "?__proto__=x", "?constructor=x",
    "?type=a%00b", "?type=%0A", "?mission=a%7Fb", "?rocket=%1B", `?rocket=${"x".repeat(129)}`,
    `?type=${"x".repeat(257)}`, `?idPrefix=${"%C3%A9".repeat(65)}`, "?%", "????", "?=&&=",
  ]) {
    assert.deepEqual(parseView(search), defaultView, search);
  }
});

test("lengths are those of bytes", () => {
  assert.equal(parseView(`?rocket=${"%C3%A9".repeat(64)}`).rocket, "é".repeat(64));
  assert.equal(parseView(`?type=${"x".repeat(256)}`).query.type, "x".repeat(256));
});

test("of a parameter that is given twice the first counts", () => {
  assert.equal(parseView("?sort=id&sort=type").query.sort, "id");
});

test("the parameters of a list are its query, without those that are not set", () => {
  assert.equal(listParameters(defaultQuery).toString(), "sort=speed&order=desc");
  const all: ListQuery = {
    sort: "id", order: "asc", status: "active", type: "a&b", mission: "é", incomplete: true,
    launched: false, idPrefix: "+",
  };
  assert.equal(listParameters(all).toString(), "sort=id&order=asc&status=active&type=a%26b"
    + "&mission=%C3%A9&incomplete=true&launched=false&idPrefix=%2B");
});

test("links keep the path and the rest of the view", () => {
  assert.equal(hrefOf({}), "./");
  assert.equal(hrefOf({ rocket: "//evil.example" }), "?rocket=%2F%2Fevil.example");
  navigate({ query: { type: "Falcon-9" } });
  assert.equal(hrefOf({ query: { sort: "id" } }), "?sort=id&type=Falcon-9");
  assert.equal(hrefOf({ query: { type: null } }), "./");
  assert.equal(new URL(hrefOf({ query: { type: null } }), currentEntry().url).pathname, "/prefix/");
});

test("navigation changes nothing of the URL but its query", () => {
  forAll(300, (random) => {
    navigate(randomView(random), random.chance(0.5));
    const { origin, pathname, hash, search } = new URL(currentEntry().url);
    assert.deepEqual([origin, pathname, hash], ["https://host.example", "/prefix/", ""]);
    assert.deepEqual(parseView(search), view.value);
  });
});

test("back and forward find view and page again", () => {
  navigate({ query: { sort: "id" } });
  navigateToPlace(placeAfter(place.value, "abc"));
  navigateToPlace(placeAfter(place.value, "def"));
  navigate({ rocket: "x" });
  assert.deepEqual(place.value, { index: 2, cursors: ["abc", "def"] });
  go(-1);
  assert.equal(view.value.rocket, null);
  assert.deepEqual(place.value, { index: 2, cursors: ["abc", "def"] });
  go(-2);
  assert.deepEqual(place.value, firstPlace);
  assert.equal(view.value.query.sort, "id");
  go(-1);
  assert.deepEqual(view.value, defaultView);
  go(3);
  assert.deepEqual(place.value, { index: 2, cursors: ["abc", "def"] });
  assert.equal(view.value.query.sort, "id");
});

test("a reload finds the same page in the history's state", () => {
  navigateToPlace(placeAfter(place.value, "abc"));
  assert.deepEqual(parsePlace(currentEntry().state), place.value);
});

test("the entry that the page was opened with has its place, so that back finds it", () => {
  assert.deepEqual(stateAtStart, firstPlace);
});

test("another list begins with its first page, a rocket leaves the page as it is", () => {
  navigateToPlace(placeAfter(place.value, "abc"));
  const before = place.value;
  navigate({ rocket: "x" });
  assert.equal(place.value, before);
  navigate({ query: { status: "active" }, rocket: null });
  assert.equal(place.value, firstPlace);
});

test("a query stays the same object while it says the same", () => {
  navigate({ query: { status: "active" } });
  const { query } = view.value;
  navigate({ rocket: "x" });
  assert.equal(view.value.query, query);
  go(-1);
  assert.equal(view.value.query, query);
});

test("what is shown already makes no entry, and `replace` makes none", () => {
  navigate({ query: { sort: "speed" } });
  navigate({ rocket: null });
  assert.equal(entries.length, 1);
  navigate({ query: { idPrefix: "a" } }, true);
  navigate({ query: { idPrefix: "ab" } }, true);
  assert.equal(entries.length, 1);
  navigate({ query: { idPrefix: "" } });
  assert.equal(entries.length, 2);
  assert.equal(view.value.query.idPrefix, null);
});

test("a link to a fragment leaves the page as it is", () => {
  navigateToPlace(placeAfter(place.value, "abc"));
  goToFragment("main");
  assert.deepEqual(place.value, { index: 1, cursors: ["abc"] });
  assert.deepEqual(parsePlace(currentEntry().state), place.value);
});

test("a state that is not ours is the first page", () => {
  for (const state of [
    null, undefined, 1, "x", [], {}, { index: 1 }, { index: 1, cursors: "abc" },
    { index: 0, cursors: [] }, { index: 1, cursors: [] }, { index: 1, cursors: ["a", "b"] },
    { index: 1.5, cursors: ["a"] }, { index: 1e300, cursors: ["a"] }, { index: 1, cursors: [1] },
    { index: 1, cursors: ["a&limit=1"] }, { index: 1, cursors: [""] },
    { index: 999, cursors: Array.from({ length: 101 }, () => "a") },
  ]) {
    assert.equal(parsePlace(state), firstPlace);
  }
});

test("a thousand pages keep a hundred cursors, and back from there leads to the first", () => {
  let at = firstPlace;
  for (let index = 1; index <= 1000; index++) {
    at = placeAfter(at, `c${String(index)}`);
  }
  assert.equal(at.index, 1000);
  assert.equal(at.cursors.length, 100);
  assert.deepEqual(parsePlace(at), at);
  at = placeBefore(at);
  assert.equal(at.cursors.at(-1), "c999");
  for (let steps = 0; steps < 99; steps++) {
    at = placeBefore(at);
  }
  assert.equal(at, firstPlace);
});

test("a browser that refuses a change of its history shows it anyway", (t) => {
  t.mock.method(history, "pushState", () => {
    throw new Error("too many");
  });
  navigate({ rocket: "x" });
  assert.equal(view.value.rocket, "x");
});
