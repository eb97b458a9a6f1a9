// SPDX-License-Identifier: Apache-2.0
//
// The heading of the table takes the focus when what had it is gone.
export const tableHeadId = "rockets-title";

export function focusTable(): void {
  document.getElementById(tableHeadId)?.focus({ preventScroll: true });
}

// Show the first row, if it is above what is seen.
export function scrollToTable(): void {
  const section = document.getElementById(tableHeadId)?.closest("section");
  if (section && section.getBoundingClientRect().top < 0) {
    section.scrollIntoView({ block: "start" });
  }
}
