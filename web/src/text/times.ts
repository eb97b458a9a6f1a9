// SPDX-License-Identifier: Apache-2.0
//
// Times as text, local or UTC: the date as in RFC 3339, which is the same in every
// language, is sorted by reading, and reaches from the year 1 to 9999.

export interface TimeText {
  readonly text: string; // "12:04:31", with the date unless it is today
  readonly full: string; // for `title`: with date, offset, and all digits that were sent
  readonly machine: string | null; // for `dateTime`; null: not a time that it can have
}

// An instant, and what a Date cannot hold.
interface Instant {
  readonly date: Date;
  readonly fraction: string; // ".123456789", or ""
  readonly leap: boolean; // second 60
}

const pattern = new RegExp(
  "^(\\d{4})-(\\d\\d)-(\\d\\d)[Tt](\\d\\d):(\\d\\d):(\\d\\d)(\\.\\d{1,9})?"
  + "(?:[Zz]|([+-])(\\d\\d):(\\d\\d))$",
);

const longOffset = new Intl.DateTimeFormat("en", { timeZoneName: "longOffset" });

// Null: `text` is not a date-time of RFC 3339.
function parse(text: string): Instant | null {
  const [, year, month, day, hour, minute, second, fraction = "", sign, hours, minutes] =
    pattern.exec(text) ?? [];
  if (year === undefined) {
    return null;
  }
  const leap = second === "60";
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const exists = date.getUTCMonth() === Number(month) - 1
    && Number(hour) < 24 && Number(minute) < 60 && (Number(second) < 60 || leap)
    && Number(hours ?? 0) < 24 && Number(minutes ?? 0) < 60;
  if (!exists) {
    return null;
  }
  const direction = sign === "-" ? -1 : 1;
  date.setUTCHours(
    Number(hour) - direction * Number(hours ?? 0),
    Number(minute) - direction * Number(minutes ?? 0),
    leap ? 59 : Number(second),
    // The digits decide: no millisecond is rounded up to the next second.
    leap ? 999 : Number(fraction.slice(1, 4).padEnd(3, "0")),
  );
  return { date, fraction, leap };
}

function digits(value: number, length = 2): string {
  return String(value).padStart(length, "0");
}

function dayOf(date: Date, utc: boolean): string {
  return utc
    ? `${digits(date.getUTCFullYear(), 4)}-${digits(date.getUTCMonth() + 1)}-${
      digits(date.getUTCDate())}`
    : `${digits(date.getFullYear(), 4)}-${digits(date.getMonth() + 1)}-${digits(date.getDate())}`;
}

function clockOf({ date, leap }: Instant, utc: boolean): string {
  const hour = utc ? date.getUTCHours() : date.getHours();
  const minute = utc ? date.getUTCMinutes() : date.getMinutes();
  const second = utc ? date.getUTCSeconds() : date.getSeconds();
  return `${digits(hour)}:${digits(minute)}:${leap ? "60" : digits(second)}`;
}

// "UTC+01:00", or "UTC".
function zoneOf(date: Date, utc: boolean): string {
  if (utc) {
    return "UTC";
  }
  const name = longOffset.formatToParts(date).find(({ type }) => type === "timeZoneName")?.value;
  return (name ?? "").replace("GMT", "UTC");
}

function hasYear(date: Date, utc: boolean): boolean {
  const year = utc ? date.getUTCFullYear() : date.getFullYear();
  return year >= 1 && year <= 9999;
}

// `time`: as the service sends it, or Date.now(). What is not a time, or in a year
// that has no four digits, is shown as it is.
export function formatTime(
  time: string | number, utc: boolean, now: number = Date.now(),
): TimeText {
  const instant = typeof time === "number"
    ? { date: new Date(time), fraction: "", leap: false }
    : parse(time);
  if (instant === null || !hasYear(instant.date, true) || !hasYear(instant.date, utc)) {
    return { text: String(time), full: String(time), machine: null };
  }
  const { date, fraction } = instant;
  const day = dayOf(date, utc);
  const clock = clockOf(instant, utc);
  const short = day === dayOf(new Date(now), utc) ? clock : `${day} ${clock}`;
  const sent = typeof time === "string" ? `, sent as ${time}` : "";
  return {
    text: utc ? `${short} UTC` : short,
    full: `${day} ${clock}${fraction} ${zoneOf(date, utc)}${sent}`,
    machine: date.toISOString(),
  };
}
