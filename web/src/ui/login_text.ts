// SPDX-License-Identifier: Apache-2.0
//
// The sentences of the login: why it is there, and why it has failed.
import type { RequestError } from "../api/client.js";
import type { LoginReason } from "../state/access.js";
import { formatNumber } from "../text/numbers.js";

// Null: there is nothing to say. `name`: of the token by which somebody has logged in.
export function reasonText(reason: LoginReason, name: string | null): string | null {
  switch (reason) {
    case "needed":
    case "asked":
      return null;
    case "loggedOut":
      return "You have logged out.";
    case "loggedOutElsewhere":
      return "You have logged out in another tab.";
    case "expired":
      return "Your session has expired. Log in to go on where you were.";
    case "ended":
      return "Your session has ended: its token was changed or removed, or the browser has lost "
        + "the session. Log in to go on where you were.";
    case "scope":
      return `You have logged in as ${name ?? "somebody"}, but that token has no scope “read”, `
        + "which this page needs. Log in with another one.";
  }
}

// A token that the service makes: "lunar_" and 256 bits.
const tokenForm = /^lunar_[\w-]{43}$/;

// What is wrong with the text of a token that the service does not know. The text
// itself is never part of it.
function hintOf(token: string): string {
  if (token.includes("sha256:")) {
    return "This is the line for the service's file of tokens. The token is the text that begins "
      + "with lunar_.";
  }
  if (/\s/.test(token)) {
    return "A token has no spaces and no line breaks.";
  }
  if (!tokenForm.test(token)) {
    return `Tokens begin with lunar_ and have 49 characters; this text has ${
      formatNumber(token.length)}. Is it complete?`;
  }
  return "It may have been removed; or it is new, and the service has not read its file of tokens "
    + "again (SIGHUP).";
}

function waitText(milliseconds: number | null): string {
  return milliseconds === null
    ? "Try again later." : `Try again in ${formatNumber(Math.ceil(milliseconds / 1000))} s.`;
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(first) ? first : `${first}.`;
}

export function failureText({ status, message, retryAfter }: RequestError, token: string): string {
  switch (status) {
    case 0:
      return `${sentence(message)} Try again when it is there.`;
    case 200:
      return "The token is valid, but the browser has not kept the session. It may block cookies "
        + "for this page; or a proxy in front of the service uses TLS, and the page does not.";
    case 401:
      return `The service does not know this token. ${hintOf(token)}`;
    case 413:
      return `The text is too long for a token. ${hintOf(token)}`;
    case 429:
      return `Too many logins have failed. ${waitText(retryAfter)}`;
    default:
      return `The service answers ${status}: ${sentence(message)}`;
  }
}

// Whether what was entered is worth a second try as it is.
export function mayRetry({ status }: RequestError): boolean {
  return status === 0 || status === 200 || status === 429 || status >= 500;
}
