// SPDX-License-Identifier: Apache-2.0
//
// A parser of text/event-stream (WHATWG HTML, sections 9.2.5 and 9.2.6) for bytes
// that come in any parts. It keeps the line and the event that have begun, and
// nothing else. `retry` is ignored: event_stream.ts has times of its own.

export interface ServerSentEvent {
  readonly type: string;
  readonly data: string;
  // The id that the event has itself; null: none. That of earlier ones stays valid.
  readonly id: string | null;
}

export class EventParser {
  readonly #decoder = new TextDecoder(); // drops a byte order mark at the start
  #line = ""; // what has come of a line that has not ended
  #endedByCr = false; // the next character, if it is LF, belongs to that end
  #type = "";
  #data: string | null = null;
  #id: string | null = null;

  // The events that end in these bytes.
  push(bytes: Uint8Array): readonly ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    const text = this.#decoder.decode(bytes, { stream: true });
    let start = 0;
    if (text !== "" && this.#endedByCr) {
      this.#endedByCr = false;
      start = text.startsWith("\n") ? 1 : 0;
    }
    // Each is searched again only when it has been passed: most streams have no CR.
    let lf = text.indexOf("\n", start);
    let cr = text.indexOf("\r", start);
    while (lf !== -1 || cr !== -1) {
      const end = lf === -1 || (cr !== -1 && cr < lf) ? cr : lf;
      this.#takeLine(this.#line + text.slice(start, end), events);
      this.#line = "";
      start = end + 1;
      if (end === cr) {
        this.#endedByCr = start === text.length;
        start += lf === start ? 1 : 0;
        cr = text.indexOf("\r", start);
      }
      if (lf !== -1 && lf < start) {
        lf = text.indexOf("\n", start);
      }
    }
    this.#line += text.slice(start);
    return events;
  }

  #takeLine(line: string, events: ServerSentEvent[]): void {
    if (line === "") {
      this.#dispatch(events);
      return;
    }
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1
      ? ""
      : line.slice(colon + (line.charCodeAt(colon + 1) === 0x20 ? 2 : 1));
    switch (field) {
      case "event":
        this.#type = value;
        break;
      case "data":
        this.#data = this.#data === null ? value : `${this.#data}\n${value}`;
        break;
      case "id":
        if (!value.includes("\0")) {
          this.#id = value;
        }
        break;
    }
  }

  // The standard's data buffer has an LF after each line: one that is empty makes
  // an event, but none does not. The id of such a block is that of the next event.
  #dispatch(events: ServerSentEvent[]): void {
    if (this.#data !== null) {
      events.push({ type: this.#type || "message", data: this.#data, id: this.#id });
      this.#id = null;
    }
    this.#type = "";
    this.#data = null;
  }
}
