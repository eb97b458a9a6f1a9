// SPDX-License-Identifier: Apache-2.0
//
// The keys that read a picture. What a picture takes does nothing else on the page.

// Hands a key without a modifier to `press`, which returns whether it was for the
// picture.
export function takeKey(event: KeyboardEvent, press: (key: string) => boolean): void {
  if (!event.ctrlKey && !event.altKey && !event.metaKey && press(event.key)) {
    event.preventDefault();
    event.stopPropagation();
  }
}
