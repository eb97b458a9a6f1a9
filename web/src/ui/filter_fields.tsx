// SPDX-License-Identifier: Apache-2.0
//
// The fields of the filters. A filter that is set looks like a chip, and is
// removed by its button; it stays a field, so that another value is one step.
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { type ListQuery, navigate, view } from "../state/address.js";
import { Close } from "./icons.js";

const set = (query: Partial<ListQuery>) => navigate({ query });

// `children`: the field, with the class "filter-field".
function Filter({ label, chosen, remove, children }: {
  readonly label: string;
  readonly chosen: boolean;
  readonly remove: () => void;
  readonly children: ComponentChildren;
}) {
  const box = useRef<HTMLDivElement>(null);
  return (
    <div ref={box} class="filter" data-chosen={chosen}>
      <label><span class="label">{label}</span>{children}</label>
      {chosen && (
        <button type="button" class="filter-remove" aria-label={`Remove the filter ${label}`}
          onClick={() => {
            box.current?.querySelector<HTMLElement>(".filter-field")?.focus();
            remove();
          }}>
          <Close />
        </button>
      )}
    </div>
  );
}

function StatusFilter() {
  const { status } = view.value.query;
  return (
    <Filter label="Status" chosen={status !== null} remove={() => set({ status: null })}>
      <select class="filter-field" value={status ?? ""} onChange={(event) => {
        const { value } = event.currentTarget;
        set({ status: value === "active" || value === "exploded" ? value : null });
      }}>
        <option value="">any</option>
        <option value="active">active</option>
        <option value="exploded">exploded</option>
      </select>
    </Filter>
  );
}

// The service compares whole names, so a name counts when it is finished: chosen
// of the list, or by Enter, or as the field is left.
function NameFilter({ field, label }: {
  readonly field: "type" | "mission"; readonly label: string;
}) {
  const value = view.value.query[field];
  const input = useRef<HTMLInputElement>(null);
  const apply = () => {
    const text = input.current?.value.trim() ?? "";
    if (text !== (view.value.query[field] ?? "")) {
      set({ [field]: text === "" ? null : text });
    }
  };

  // Not by the property `value`, which would undo what is being typed.
  useLayoutEffect(() => {
    if (input.current !== null) {
      input.current.value = value ?? "";
    }
  }, [value]);

  return (
    <Filter label={label} chosen={value !== null} remove={() => set({ [field]: null })}>
      <input ref={input} class="filter-field" list={`known-${field}`} placeholder="any"
        autocomplete="off" spellcheck={false} enterkeyhint="done" onChange={apply}
        onInput={(event) => {
          if (event.inputType === "insertReplacementText") {
            apply();
          }
        }}
        onKeyDown={(event) => event.key === "Enter" && apply()} />
    </Filter>
  );
}

function Toggle({ name, on, change }: {
  readonly name: string; readonly on: boolean; readonly change: Partial<ListQuery>;
}) {
  return (
    <button type="button" class="chip" aria-pressed={on} onClick={() => set(change)}>
      {name}{on && <Close />}
    </button>
  );
}

export function FilterFields() {
  const { incomplete, launched } = view.value.query;
  return (
    <>
      <StatusFilter />
      <NameFilter field="type" label="Type" />
      <NameFilter field="mission" label="Mission" />
      <Toggle name="Incomplete" on={incomplete !== null}
        change={{ incomplete: incomplete === null ? true : null }} />
      <Toggle name="Not launched" on={launched !== null}
        change={{ launched: launched === null ? false : null }} />
    </>
  );
}
