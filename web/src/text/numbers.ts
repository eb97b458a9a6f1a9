// SPDX-License-Identifier: Apache-2.0
//
// Numbers as text, in the language of the browser.

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const oneDigit = new Intl.NumberFormat(undefined, {
  minimumFractionDigits: 1, maximumFractionDigits: 1,
});
const percent = new Intl.NumberFormat(undefined, {
  style: "percent", maximumFractionDigits: 0,
});
const finePercent = new Intl.NumberFormat(undefined, {
  style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1,
});
const compact = new Intl.NumberFormat(undefined, {
  notation: "compact", maximumSignificantDigits: 3,
});

// "1,234,567", rounded to an integer. From 2^53 on JSON.parse has rounded the
// number, so it has "≈" in front.
export function formatNumber(value: number): string {
  const text = whole.format(Math.abs(value) < 0.5 ? 0 : value);
  return Number.isSafeInteger(Math.round(value)) ? text : `≈${text}`;
}

// "1.23M", for the labels of charts.
export function formatCompact(value: number): string {
  return compact.format(value);
}

// "4.5 GiB".
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const text = unit === 0 || value >= 99.95 ? whole.format(value) : oneDigit.format(value);
  return `${text} ${units[unit] ?? ""}`;
}

// A share of 0 to 1: "38 %". Below 10 % with a digit, as 0.4 % is not nothing.
export function formatShare(share: number): string {
  if (share === 0 || share >= 0.0995) {
    return percent.format(share);
  }
  return share < 0.0005 ? `<${finePercent.format(0.001)}` : finePercent.format(share);
}
