// SPDX-License-Identifier: Apache-2.0
//
// Copies text, also on a page of plain http, which has no clipboard API.

// Returns whether `text` was copied. To be called in a handler of a click or key.
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.readOnly = true;
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
}
