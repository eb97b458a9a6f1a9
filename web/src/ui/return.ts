// SPDX-License-Identifier: Apache-2.0
//
// Where the focus and the scroll position are after a change between the fleet
// and a rocket, as nothing is loaded that would set them: at the heading of the
// rocket, and back at the link to it. If the first message turns the page of no
// rockets into the fleet, what had the focus is gone, and the heading has it.
import { useLayoutEffect, useRef } from "preact/hooks";
import { view } from "../state/address.js";
import { focusHeading } from "./focus.js";

function linkTo(id: string): HTMLElement | undefined {
  const links = document.querySelectorAll<HTMLAnchorElement>("main a[href*='rocket=']");
  return [...links].find(({ href }) => new URL(href).searchParams.get("rocket") === id);
}

// For the component that shows one or the other.
export function useReturn(): void {
  const id = view.value.rocket;
  const shown = useRef<string | null | undefined>(undefined); // at first none
  const fleetScroll = useRef(0);
  if (shown.current === null && id !== null) {
    fleetScroll.current = scrollY; // before the fleet has gone
  }
  const hadFocus = document.querySelector("main")?.contains(document.activeElement) ?? false;
  useLayoutEffect(() => {
    if (hadFocus && document.activeElement === document.body) {
      focusHeading();
    }
  });
  useLayoutEffect(() => {
    const before = shown.current;
    shown.current = id;
    if (before === undefined || before === id) {
      return;
    }
    if (id !== null) {
      scrollTo(0, 0);
      focusHeading();
      return;
    }
    scrollTo(0, fleetScroll.current);
    const link = before === null ? undefined : linkTo(before);
    if (link === undefined) {
      focusHeading();
    } else {
      link.focus({ preventScroll: true });
    }
  }, [id]);
}
