// SPDX-License-Identifier: Apache-2.0
//
// Times as text, local or UTC, of Date.now() or as the service writes them.

const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" } as const;
const local = new Intl.DateTimeFormat(undefined, clock);
const inUtc = new Intl.DateTimeFormat(undefined, { ...clock, timeZone: "UTC" });

export interface TimeText {
  readonly text: string; // "12:04:31", with the date unless it is today
  readonly full: string; // for `title`
  readonly machine: string | null; // for `dateTime`; null: not a time that it can have
}

// `time`: RFC 3339, or Date.now(). What is not a time is shown as it is.
export function formatTime(time: string | number, utc: boolean, _now = Date.now()): TimeText {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) {
    return { text: String(time), full: String(time), machine: null };
  }
  const text = utc ? `${inUtc.format(date)} UTC` : local.format(date);
  return { text, full: String(time), machine: date.toISOString() };
}
