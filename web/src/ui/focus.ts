// SPDX-License-Identifier: Apache-2.0
//
// Where the focus is when the element that has it is taken away: without this it
// would be nowhere, and keys and screen readers would begin at the top.
import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

// The heading of the page takes the focus, as it has no other purpose.
export function focusHeading(): void {
  const heading = document.querySelector<HTMLElement>("main h1");
  if (heading !== null) {
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  }
}

// For an element that goes away by itself: if it has the focus then, or what is in
// it has, `leave` puts it elsewhere.
export function useFocusLeft<T extends HTMLElement>(leave: () => void): RefObject<T | null> {
  const element = useRef<T>(null);
  const latest = useRef(leave);
  latest.current = leave;
  useLayoutEffect(() => () => {
    if (element.current?.contains(document.activeElement)) {
      latest.current();
    }
  }, []);
  return element;
}
