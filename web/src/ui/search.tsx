// SPDX-License-Identifier: Apache-2.0
//
// The search by the beginning of an id. The table shows the matches while
// somebody types; Enter opens the rocket if only one can be meant.
import { useSignalEffect } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import { getJson } from "../api/client.js";
import type { Rocket } from "../api/types.js";
import { navigate, view } from "../state/address.js";
import { outcomeId } from "./pager.js";
import { tab } from "./shown.js";
import { TypedPrefix } from "./typed_prefix.js";

export const searchInputId = "search"; // the key "/" puts the focus there

// The rocket that `prefix` can only mean: the one with this id, or the only one
// whose id begins with it.
async function onlyMatch(prefix: string): Promise<Rocket | null> {
  const query = new URLSearchParams({ idPrefix: prefix, sort: "id", limit: "2" });
  const { data: [one, other] } = await getJson<readonly Rocket[]>(`rockets?${query}`);
  return one !== undefined && (other === undefined || one.id === prefix) ? one : null;
}

async function openMatch(input: HTMLInputElement): Promise<void> {
  const text = input.value.trim();
  const shown = view.peek();
  try {
    const match = text === "" ? null : await onlyMatch(text);
    // Whoever has gone elsewhere meanwhile does not want it any more.
    if (match !== null && input.value.trim() === text && view.peek() === shown) {
      navigate({ rocket: match.id, query: { idPrefix: null } });
    }
  } catch {
    // The table says why the list cannot be read.
  }
}

export function Search() {
  const input = useRef<HTMLInputElement>(null);
  const typed = useMemo(() => new TypedPrefix((idPrefix, replace) => {
    if (idPrefix !== view.value.query.idPrefix || view.value.rocket !== null) {
      navigate({ query: { idPrefix }, rocket: null }, replace);
      tab.value = "rockets"; // on a phone, which shows one part at a time
    }
  }), []);

  // Back, forward and links change the text, but not under somebody's fingers.
  useSignalEffect(() => {
    const shown = view.value.query.idPrefix ?? "";
    const field = input.current;
    if (field !== null && !typed.pending && field.value.trim() !== shown) {
      field.value = shown;
    }
  });

  const onKeyDown = (event: KeyboardEvent) => {
    const field = event.currentTarget;
    if (!(field instanceof HTMLInputElement) || event.isComposing) {
      return;
    }
    if (event.key === "Enter") {
      event.preventDefault();
      typed.end();
      void openMatch(field);
    } else if (event.key === "Escape" && field.value !== "") {
      event.preventDefault();
      event.stopPropagation();
      field.value = "";
      typed.type("");
      typed.flush();
    }
  };

  return (
    <input ref={input} id={searchInputId} class="input search-input" type="search"
      placeholder="Search by id" aria-label="Search by the beginning of an id"
      aria-describedby={outcomeId}
      maxLength={128} autocomplete="off" autocapitalize="off" spellcheck={false}
      enterkeyhint="search"
      onInput={(event) => typed.type(event.currentTarget.value)}
      onBlur={() => typed.end()} onKeyDown={onKeyDown} />
  );
}
