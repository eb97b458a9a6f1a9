// SPDX-License-Identifier: Apache-2.0
//
// Launches and explosions, the newest first. It follows them until the reader
// scrolls, points or moves the focus into it; then it stays as it is and counts
// what is new. It is no live region: it would never be silent.
import "./feed.css";
import { useComputed, useSignal, useSignalEffect, type ReadonlySignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useCallback, useEffect, useRef } from "preact/hooks";
import { hrefOf, navigate } from "../state/address.js";
import { feed, type FeedEntry } from "../state/feed.js";
import { formatNumber } from "../text/numbers.js";
import { isPlainClick } from "./clicks.js";
import { shortId, shownOf } from "./feed_view.js";
import { Notice } from "./icons.js";
import { useSlowly } from "./slowly.js";
import { Time } from "./time.js";

// Many rockets may launch at once, and each time all entries are new ones.
const period = 1000; // ms

type Entries = ReadonlySignal<readonly FeedEntry[]>;
type RocketEntry = Extract<FeedEntry, { rocket: unknown }>;

function detailOf({ kind, rocket }: RocketEntry): string {
  if (kind === "exploded") {
    return rocket.reason ?? "reason not known";
  }
  return [rocket.type, rocket.mission].filter((name) => name !== null).join(" · ");
}

function openRocket(event: MouseEvent, id: string): void {
  if (isPlainClick(event)) {
    event.preventDefault();
    navigate({ rocket: id });
  }
}

function RocketLine({ entry }: { entry: RocketEntry }) {
  const { kind, rocket } = entry;
  const detail = detailOf(entry);
  return (
    <>
      {kind === "launched"
        ? <span class="feed-word pill pill-active">Launched</span>
        : <span class="feed-word pill pill-exploded">Exploded</span>}
      <a class="feed-id mono" href={hrefOf({ rocket: rocket.id })} title={rocket.id}
        onClick={(event) => openRocket(event, rocket.id)}>
        {shortId(rocket.id)}
      </a>
      <span class="feed-detail truncate" title={detail}>{detail}</span>
    </>
  );
}

function EntryText({ entry }: { entry: FeedEntry }) {
  switch (entry.kind) {
    case "launched":
    case "exploded":
      return <RocketLine entry={entry} />;
    case "moreLaunched":
      return <span class="feed-more">{`and ${formatNumber(entry.count)} more launched`}</span>;
    case "moreExploded":
      return <span class="feed-more">{`and ${formatNumber(entry.count)} more exploded`}</span>;
    case "notice":
      return <span class="feed-notice breakable"><Notice />{entry.text}</span>;
  }
}

function Entry({ entry }: { readonly entry: FeedEntry }) {
  return (
    <li class="feed-entry">
      <Time time={entry.at} class="feed-time tabular" />
      <EntryText entry={entry} />
    </li>
  );
}

// What keeps the feed as it is.
interface Hold {
  scrolled: boolean; // its beginning is not in view
  pointed: boolean; // by a mouse: the touch of a finger does not stay
  focused: boolean; // a link in it, not the list itself
}

type LeaveEvent = FocusEvent & { readonly currentTarget: HTMLElement };

// Whether the list is scrolled; on a phone the page is, and the head of the list
// stays and covers its first entries.
function isScrolled(list: HTMLElement): boolean {
  const head = list.previousElementSibling?.getBoundingClientRect().bottom ?? 0;
  return list.scrollTop > 1 || head > list.getBoundingClientRect().top + 1;
}

// The entries that are held, if any, and the handlers of the list and of the panel.
// Pointer and focus hold them until they leave the panel: on their way to the
// button in its head the button must not go away.
function useHold(list: RefObject<HTMLElement | null>, shown: Entries) {
  const held = useSignal<readonly FeedEntry[] | null>(null);
  const holds = useSignal(false);
  const hold = useRef<Hold>({ scrolled: false, pointed: false, focused: false });
  const set = useCallback((change: Partial<Hold>) => {
    const { scrolled, pointed, focused } = Object.assign(hold.current, change);
    holds.value = scrolled || pointed || focused;
  }, [holds]);
  useSignalEffect(() => {
    if (!holds.value) {
      held.value = null;
    } else if (held.peek() === null && shown.value.length > 0) {
      held.value = shown.value;
    }
  });
  useEffect(() => {
    const onScroll = () => {
      if (list.current !== null) {
        set({ scrolled: isScrolled(list.current) });
      }
    };
    const options = { capture: true, passive: true };
    addEventListener("scroll", onScroll, options);
    return () => removeEventListener("scroll", onScroll, options);
  }, [list, set]);
  return {
    held,
    release: () => set({ pointed: false, focused: false }),
    panelHandlers: {
      onPointerLeave: () => set({ pointed: false }),
      onFocusOut: ({ currentTarget, relatedTarget }: LeaveEvent) => {
        const inside = relatedTarget instanceof Node && currentTarget.contains(relatedTarget);
        if (!inside) {
          set({ focused: false });
        }
      },
    },
    listHandlers: {
      onPointerEnter: (event: PointerEvent) => set({ pointed: event.pointerType === "mouse" }),
      onFocusIn: (event: FocusEvent) => set({ focused: event.target !== event.currentTarget }),
    },
  };
}

function NewButton({ newer, onClick }: { newer: number; onClick: () => void }) {
  if (newer === 0) {
    return null;
  }
  return (
    <button class="button feed-new tabular" type="button" onClick={onClick}>
      {`${formatNumber(newer)} new`}
    </button>
  );
}

interface ListProps {
  readonly entries: Entries;
  readonly held: ReadonlySignal<readonly FeedEntry[] | null>;
}

function List({ entries, held }: ListProps) {
  const shown = shownOf(entries.value, held.value).entries;
  if (shown.length === 0) {
    return <p class="note">Rockets that launch or explode from now on appear here.</p>;
  }
  return (
    <ul>
      {shown.map((entry) => <Entry key={entry.key} entry={entry} />)}
    </ul>
  );
}

export function Feed() {
  const list = useRef<HTMLDivElement>(null);
  const entries = useSlowly(feed, period);
  const { held, release, panelHandlers, listHandlers } = useHold(list, entries);
  const newer = useComputed(() => shownOf(entries.value, held.value).newer);
  const showNew = () => {
    const { current } = list;
    if (current === null) {
      return;
    }
    release();
    current.scrollTop = 0;
    if (isScrolled(current)) {
      current.parentElement?.scrollIntoView();
    }
    current.focus({ preventScroll: true }); // as the button goes away
  };
  return (
    <section class="panel feed" aria-labelledby="feed-title" {...panelHandlers}>
      <div class="panel-head">
        <h2 class="panel-title" id="feed-title">Launches and explosions</h2>
        <span class="spacer" />
        <NewButton newer={newer.value} onClick={showNew} />
      </div>
      <div class="panel-body feed-list" ref={list} tabIndex={-1} role="group"
        aria-labelledby="feed-title" {...listHandlers}>
        <List entries={entries} held={held} />
      </div>
    </section>
  );
}
