// SPDX-License-Identifier: Apache-2.0
//
// What the service sends, as openapi.yaml describes it.

export interface Rocket {
  readonly id: string;
  readonly type: string | null;
  readonly speed: number;
  readonly mission: string | null;
  readonly status: "active" | "exploded";
  readonly reason: string | null;
  readonly createdAt: string | null;
  readonly updatedAt: string;
  readonly lastMessageNumber: number;
  readonly missingMessages: number;
  readonly revision: number;
}

// Rockets whose speed is at least `from` and below `to`; null: without bound.
export interface SpeedBin {
  readonly from: number | null;
  readonly to: number | null;
  readonly rockets: number;
}

export interface Summary {
  readonly start: string;
  readonly revision: number;
  readonly rockets: {
    readonly total: number;
    readonly active: number;
    readonly exploded: number;
    readonly unlaunched: number;
    readonly incomplete: number;
  };
  readonly messages: {
    readonly missing: number;
    readonly givenUp: number;
    // Counts since the service has started.
    readonly applied: number;
    readonly duplicate: number;
    readonly stale: number;
    readonly rejected: number;
    readonly noMemory: number;
    readonly notWritten: number;
  };
  readonly memory: { readonly used: number; readonly limit: number }; // bytes
  readonly speeds: readonly SpeedBin[];
}

export interface NameCounts {
  readonly top: readonly { readonly name: string; readonly rockets: number }[];
  readonly otherNames: number;
  readonly otherRockets: number;
  readonly unknown: number;
}

export interface Fleet extends Summary {
  readonly types: NameCounts;
  readonly missions: NameCounts;
}

// Message numbers, both inclusive.
export interface Gap {
  readonly from: number;
  readonly to: number;
}

export interface Gaps {
  readonly missingMessages: number;
  readonly gaps: readonly Gap[];
  readonly givenUp: { readonly upTo: number; readonly count: number };
}

// An instance of a service whose journal is a topic of Kafka.
export interface Replica {
  readonly topic: string;
  readonly position: number; // of the last record that is applied
  readonly end: number; // of the last one there is, as far as known
  readonly lagSeconds: number;
  readonly caughtUp: boolean; // it has been, since it was started
  readonly halted: string | null; // why it applies no more records
}

export interface Health {
  readonly version: string;
  readonly store: { readonly kept: boolean };
  readonly problems: readonly string[];
  readonly replica?: Replica;
}

// Who the page is to the service.
export interface Session {
  readonly tokens: boolean; // the service asks for tokens
  readonly name: string | null; // of the token by which somebody has logged in
  readonly scopes: readonly string[]; // that the page has, with or without a login
  readonly expires: string | null; // a date-time of RFC 3339
}

// The data of `hello` and `reset`.
export interface Position {
  readonly start: string;
  readonly revision: number;
}

// The data of `launched` and `exploded`.
export interface Happening {
  readonly rockets: readonly Rocket[];
  readonly more: number;
}
