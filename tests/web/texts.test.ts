// SPDX-License-Identifier: Apache-2.0
//
// Numbers and times as text. run.sh sets neither language nor time zone, so what
// depends on them is compared with what Intl and Date say.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatBytes, formatCompact, formatNumber, formatShare,
} from "../../web/src/text/numbers.js";
import { formatTime } from "../../web/src/text/times.js";
import { forAll } from "./random.js";

const grouped = (value: number) => new Intl.NumberFormat().format(value);
const decimal = (value: number) =>
  new Intl.NumberFormat(undefined, { minimumFractionDigits: 1 }).format(value);
const percent = (value: number, digits: number) => new Intl.NumberFormat(undefined, {
  style: "percent", minimumFractionDigits: digits,
}).format(value);

test("numbers are grouped integers", () => {
  assert.equal(formatNumber(1234567), grouped(1234567));
  assert.equal(formatNumber(-1234567), grouped(-1234567));
  assert.equal(formatNumber(98412.4), grouped(98412));
  assert.equal(formatNumber(-0.2), "0");
});

test("numbers that JSON.parse may have rounded say so", () => {
  assert.equal(formatNumber(2 ** 53 - 1), grouped(2 ** 53 - 1));
  assert.equal(formatNumber(2 ** 53), `≈${grouped(2 ** 53)}`);
  assert.equal(formatNumber(-(2 ** 63)), `≈${grouped(-(2 ** 63))}`);
});

test("bytes have a unit that keeps them below 1024", () => {
  assert.equal(formatBytes(0), "0 B");
  assert.equal(formatBytes(1023), `${grouped(1023)} B`);
  assert.equal(formatBytes(1024), `${decimal(1.0)} KiB`);
  assert.equal(formatBytes(1024 * 1024 - 1), `${decimal(1.0)} MiB`);
  assert.equal(formatBytes(4.5 * 2 ** 30), `${decimal(4.5)} GiB`);
  assert.equal(formatBytes(380 * 2 ** 20), "380 MiB");
});

test("shares have a digit while they are small, and only 0 is 0", () => {
  assert.equal(formatShare(0), percent(0, 0));
  assert.equal(formatShare(0.38), percent(0.38, 0));
  assert.equal(formatShare(0.004), percent(0.004, 1));
  assert.equal(formatShare(0.00001), `<${percent(0.001, 1)}`);
  assert.equal(formatShare(0.0994), percent(0.099, 1));
  assert.equal(formatShare(0.0996), percent(0.1, 0));
  assert.equal(formatShare(1), percent(1, 0));
});

test("compact numbers have at most three digits", () => {
  assert.ok(formatCompact(1234567).replace(/\D/g, "").length <= 3);
});

const noon = Date.UTC(2022, 1, 2, 12);
const utc = (time: string | number) => formatTime(time, true, noon);

test("a time of today has no date, another one has", () => {
  assert.equal(utc("2022-02-02T09:08:07Z").text, "09:08:07 UTC");
  assert.equal(utc("2022-02-01T23:59:59Z").text, "2022-02-01 23:59:59 UTC");
  assert.equal(utc(noon).text, "12:00:00 UTC");
  // The day is that of UTC, not that of the offset that was sent.
  assert.equal(utc("2022-02-03T00:30:00+01:00").text, "23:30:00 UTC");
});

test("all digits and the text that was sent are in the title", () => {
  assert.equal(
    utc("2022-02-02T19:39:05.123456789+01:00").full,
    "2022-02-02 18:39:05.123456789 UTC, sent as 2022-02-02T19:39:05.123456789+01:00",
  );
  assert.equal(utc(noon).full, "2022-02-02 12:00:00 UTC");
  assert.match(formatTime(noon, false, noon).full,
    /^2022-02-0\d \d\d:00:00 UTC([+-]\d\d:\d\d)?$|^2022-02-0\d \d\d:\d\d:00 UTC[+-]\d\d:\d\d$/);
});

test("no fraction makes the next second", () => {
  const time = utc("2022-02-02T09:59:59.999999999Z");
  assert.equal(time.text, "09:59:59 UTC");
  assert.equal(time.machine, "2022-02-02T09:59:59.999Z");
});

test("what the service takes as a time is one", () => {
  const cases: [string, string][] = [
    ["0001-01-01T00:00:00Z", "0001-01-01 00:00:00 UTC"],
    ["0099-12-31T00:00:00Z", "0099-12-31 00:00:00 UTC"],
    ["9999-12-31T23:59:59Z", "9999-12-31 23:59:59 UTC"],
    ["2000-02-29t00:00:00z", "2000-02-29 00:00:00 UTC"],
    ["2016-12-31T23:59:60Z", "2016-12-31 23:59:60 UTC"],
    ["2017-01-01T00:59:60.5+01:00", "2016-12-31 23:59:60 UTC"],
    ["2022-01-01T00:00:00-23:59", "2022-01-01 23:59:00 UTC"],
  ];
  for (const [sent, text] of cases) {
    assert.equal(utc(sent).text, text);
  }
});

test("what is no time is shown as it is, without a dateTime", () => {
  for (const sent of [
    "", "yesterday", "2022-02-30T00:00:00Z", "2023-02-29T00:00:00Z", "2022-13-01T00:00:00Z",
    "2022-00-01T00:00:00Z", "2022-01-00T00:00:00Z", "2022-01-01T24:00:00Z",
    "2022-01-01T00:60:00Z", "2022-01-01T00:00:61Z", "2022-01-01T00:00:00", "2022-01-01",
    "2022-01-01T00:00:00.1234567890Z", "2022-01-01T00:00:00.Z", "2022-01-01T00:00:00+24:00",
    "2022-01-01T00:00:00+01:60", "12022-01-01T00:00:00Z", "2022-01-01T00:00:00Z\n",
    // Times, but of years that have no four digits.
    "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
  ]) {
    assert.deepEqual(utc(sent), { text: sent, full: sent, machine: null });
  }
  assert.equal(utc(NaN).machine, null);
});

test("any time is the instant that Date finds", () => {
  forAll(3000, (random) => {
    const two = (value: number) => String(value).padStart(2, "0");
    const sent = `${String(random.integer(1000, 9000))}-${two(random.integer(1, 12))}`
      + `-${two(random.integer(1, 28))}T${two(random.integer(0, 23))}:${two(random.integer(0, 59))}`
      + `:${two(random.integer(0, 59))}.${String(random.integer(100, 999))}`
      + random.pick(["Z", "+01:00", "-08:30", "+14:00"]);
    const { text, machine } = formatTime(sent, false, noon);
    const date = new Date(sent);
    assert.equal(machine, date.toISOString());
    assert.ok(text.endsWith(`${two(date.getHours())}:${two(date.getMinutes())}:${
      two(date.getSeconds())}`), text);
    assert.ok(text.startsWith(String(date.getFullYear())), text);
  });
});
