// SPDX-License-Identifier: Apache-2.0
//
// A button that copies a text and says so in its own place. Where the browser
// does not copy, the text is selected, so that the reader's keys can.
import "./copy_button.css";
import { useSignal, useSignalEffect } from "@preact/signals";
import type { RefObject } from "preact";
import { copyText } from "../text/copy.js";
import { Copy, Done } from "./icons.js";

const shownFor = 2000; // ms

interface Props {
  readonly text: string;
  readonly label: string; // "Copy id"
  // The element that shows `text`.
  readonly shown?: RefObject<HTMLElement | null>;
}

function select(element: HTMLElement | null | undefined): void {
  if (element) {
    getSelection()?.selectAllChildren(element);
  }
}

export function CopyButton({ text, label, shown }: Props) {
  const result = useSignal<"copied" | "failed" | null>(null);

  useSignalEffect(() => {
    if (result.value === null) {
      return;
    }
    const timer = setTimeout(() => { result.value = null; }, shownFor);
    return () => clearTimeout(timer);
  });

  const copy = async () => {
    result.value = null;
    const copied = await copyText(text);
    if (!copied) {
      select(shown?.current);
    }
    result.value = copied ? "copied" : "failed";
  };

  // All three texts are there, one over the other: the widest one is the width.
  const answer = (name: typeof result.value, words: string) => (
    <span aria-hidden={result.value !== name} class="copy-text">{words}</span>
  );
  return (
    <button type="button" class="button copy-button" data-result={result.value ?? undefined}
      onClick={() => { void copy(); }}>
      {result.value === "copied" ? <Done /> : <Copy />}
      <span class="copy-texts">
        {answer(null, label)}
        {answer("copied", "Copied")}
        {answer("failed", shown === undefined ? "Not copied" : "Selected")}
      </span>
    </button>
  );
}
