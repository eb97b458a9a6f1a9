// SPDX-License-Identifier: Apache-2.0
//
// A time of a message or of Date.now(), local or UTC as the reader has chosen.
import { utc } from "../state/settings.js";
import { formatTime } from "../text/times.js";

interface Props {
  readonly time: string | number;
  readonly class?: string;
}

export function Time({ time, class: name }: Props) {
  const { text, full, machine } = formatTime(time, utc.value);
  return <time class={name} dateTime={machine ?? undefined} title={full}>{text}</time>;
}
