// SPDX-License-Identifier: Apache-2.0
//
// How the page is connected. session.ts says when it is, and following.ts how the
// one stream of the page is.
import { signal } from "@preact/signals";

export type Connection =
  | { readonly state: "connecting" } // for the first time, or again after hidden
  | { readonly state: "live" }
  // Nothing was received, or the stream has ended. The next try is at `retryAt`
  // (Date.now()), null while it runs.
  | { readonly state: "reconnecting"; readonly reason: string; readonly retryAt: number | null }
  // The service has sent another status than 200, and says why.
  | {
    readonly state: "refused";
    readonly status: number;
    readonly reason: string;
    readonly retryAt: number | null;
  }
  // Other tabs have the connections that a browser has for a host; see tabs.ts.
  | { readonly state: "yielded" }
  | { readonly state: "paused" } // by the reader
  | { readonly state: "hidden" }
  | { readonly state: "loggedOut" }; // see access.ts

export const connection = signal<Connection>({ state: "connecting" });
