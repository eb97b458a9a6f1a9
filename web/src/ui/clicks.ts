// SPDX-License-Identifier: Apache-2.0
//
// Links within the page change what it shows, without loading it again.

// Whether a click on a link is for this page: with another button or a modifier
// the browser opens a tab or a window, or saves the target.
export function isPlainClick(event: MouseEvent): boolean {
  return event.button === 0
    && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
}
