// SPDX-License-Identifier: Apache-2.0
//
// The label of a picture that arrow keys read. While the picture has the focus its
// label changes by keys only, so that a screen reader says what is read, and not
// each new gist.
import type { RefObject } from "preact";
import { useRef } from "preact/hooks";

export function useLabel(
  picture: RefObject<HTMLElement | null>, gist: string, reading: string | null,
): string {
  const label = useRef(gist);
  if (reading !== null) {
    label.current = reading;
  } else if (document.activeElement !== picture.current) {
    label.current = gist;
  }
  return label.current;
}
