// SPDX-License-Identifier: Apache-2.0
//
// What the table says and asks for, without a browser.
import assert from "node:assert/strict";
import test from "node:test";
import { defaultQuery, type ListQuery } from "../../web/src/state/address.js";
import { columns, describeTable, formatRange, sortBy } from "../../web/src/ui/columns.js";
import { filtersOf, noFilters } from "../../web/src/ui/filter_list.js";

test("the range names the first and the last row and all that match", () => {
  assert.equal(formatRange(50, 50, 1_000_000), "51–100 of 1,000,000");
  assert.equal(formatRange(0, 1, 1), "1 of 1");
});

test("the range does without a total, and does not go beyond it", () => {
  assert.equal(formatRange(0, 20, null), "1–20");
  assert.equal(formatRange(0, 0, null), "");
  assert.equal(formatRange(0, 0, 0), "", "that no rocket matches is said where rows would be");
  assert.equal(formatRange(100, 7, 103), "97–103 of 103");
});

test("a header sorts numbers and times from the highest, texts from the first", () => {
  const query: ListQuery = { ...defaultQuery, sort: "id", order: "asc" };
  assert.deepEqual(sortBy(query, "speed"), { sort: "speed", order: "desc" });
  assert.deepEqual(sortBy(query, "updatedAt"), { sort: "updatedAt", order: "desc" });
  assert.deepEqual(sortBy(query, "mission"), { sort: "mission", order: "asc" });
});

test("the header of the order turns it around, and back", () => {
  const once = { ...defaultQuery, ...sortBy(defaultQuery, "speed") };
  assert.equal(once.order, "asc");
  assert.deepEqual({ ...once, ...sortBy(once, "speed") }, defaultQuery);
});

test("only missing messages cannot be sorted by", () => {
  assert.deepEqual(columns.filter(({ sort }) => sort === null).map(({ key }) => key), ["missing"]);
});

test("the caption says the range and the order", () => {
  assert.equal(describeTable(defaultQuery, "1–50 of 60"),
    "Rockets 1–50 of 60, sorted by Speed, descending");
  assert.equal(describeTable({ ...defaultQuery, sort: "createdAt", order: "asc" }, ""),
    "Rockets, sorted by Launched, ascending");
});

test("each filter that is set has its words, and only these", () => {
  assert.deepEqual(filtersOf(defaultQuery), []);
  const query: ListQuery = {
    ...defaultQuery, status: "exploded", type: "<b>", mission: "ARTEMIS", incomplete: true,
    launched: false, idPrefix: "07",
  };
  assert.deepEqual(filtersOf(query).map(({ text }) => text), [
    "Status: exploded", "Type: <b>", "Mission: ARTEMIS", "Incomplete", "Not launched", "ID: 07…",
  ]);
});

test("without filters the query is as by default", () => {
  const query: ListQuery = { ...defaultQuery, status: "exploded", launched: false };
  assert.deepEqual({ ...query, ...noFilters }, defaultQuery);
});
