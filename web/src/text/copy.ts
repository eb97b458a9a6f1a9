// SPDX-License-Identifier: Apache-2.0
//
// Copies text, also on a page of plain http, which has no clipboard API.

// Returns whether `text` was copied. To be called by the handler of a click or a
// key: browsers let nothing else copy.
export async function copyText(text: string): Promise<boolean> {
  // It is there in secure contexts only. Without it there must be no waiting, or
  // some browsers see the handler as ended.
  if (!("clipboard" in navigator)) {
    return copyBySelection(text);
  }
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text); // it is not allowed, or the page has no focus
  }
}

function copyBySelection(text: string): boolean {
  const focused = document.activeElement;
  const selection = document.getSelection();
  const ranges = Array.from({ length: selection?.rangeCount ?? 0 },
    (_, index) => selection?.getRangeAt(index));
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true; // so that no keyboard comes up
  area.setAttribute("aria-hidden", "true");
  Object.assign(area.style, { position: "fixed", top: "0", opacity: "0" });
  // All that is outside of a modal dialog is inert.
  (focused?.closest("dialog") ?? document.body).append(area);
  try {
    area.focus({ preventScroll: true });
    area.setSelectionRange(0, text.length);
    // Deprecated, but the only way that there is.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    return document.execCommand("copy");
  } catch {
    return false;
  } finally {
    area.remove();
    if (focused instanceof HTMLElement) {
      focused.focus({ preventScroll: true });
    }
    selection?.removeAllRanges();
    for (const range of ranges) {
      if (range !== undefined) {
        selection?.addRange(range);
      }
    }
  }
}
