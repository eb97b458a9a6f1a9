// SPDX-License-Identifier: Apache-2.0
//
// The login, in the place of what the page shows otherwise; the address stays, so
// that the page goes on there. The token is nowhere but in the field, until it is
// sent.
import "./login.css";
import { useSignal } from "@preact/signals";
import type { TargetedSubmitEvent } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { RequestError } from "../api/client.js";
import { cancelLogin, loginReason, logIn, session } from "../state/access.js";
import { Alert } from "./icons.js";
import { pageOfLogin } from "./login_address.js";
import { failureText, mayRetry, reasonText } from "./login_text.js";
import { helpIsOpen } from "./shown.js";

function Explanation() {
  return (
    <div class="login-notes note">
      <p>
        Whoever runs this service gives you a token. This line makes one, and the one to add to
        the service’s file of tokens:
      </p>
      <code class="code-line">lunar.service -new-token NAME read</code>
      <p>
        The page does not keep the token: the browser gets a session, which ends by itself, or
        when you log out.
      </p>
    </div>
  );
}

// Where to go without a login.
function Others() {
  const page = pageOfLogin(location.search, location.hash);
  if (page !== null) {
    return <a href={page}>Back to the API</a>;
  }
  return loginReason.value === "asked"
    ? <button type="button" class="link-button" onClick={cancelLogin}>Back to the fleet</button>
    : <a href="swagger">The API, to read and to try</a>;
}

// The focus goes to the field when the login appears and when it has failed, but
// not out of a dialog.
function focusField(field: HTMLInputElement | null): void {
  if (!helpIsOpen.peek()) {
    field?.focus({ preventScroll: true });
  }
}

function Form({ hasReason }: { readonly hasReason: boolean }) {
  const field = useRef<HTMLInputElement>(null);
  const isBusy = useSignal(false);
  const problem = useSignal<string | null>(null);
  useLayoutEffect(() => focusField(field.current), []);

  const send = async (input: HTMLInputElement) => {
    const token = input.value.trim();
    if (token === "") {
      problem.value = "Enter a token.";
      return;
    }
    isBusy.value = true;
    problem.value = null;
    const failure = await logIn(token).then(() => null, (error: unknown) => {
      if (error instanceof RequestError) {
        return error;
      }
      throw error;
    }).finally(() => { isBusy.value = false; });
    if (failure === null || !mayRetry(failure)) {
      input.value = "";
    }
    problem.value = failure && failureText(failure, token);
  };

  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const input = field.current;
    if (input !== null && !isBusy.value) {
      void send(input).finally(() => focusField(field.current));
    }
  };

  const describedBy = `${problem.value === null ? "" : "login-problem "}${
    hasReason ? "login-reason" : ""}`;
  return (
    <form class="stack" onSubmit={submit}>
      <div class="field">
        <label for="login-token">Token</label>
        <input ref={field} id="login-token" class="input login-token" type="password"
          name="token" autocomplete="current-password" autocapitalize="none" spellcheck={false}
          aria-invalid={problem.value !== null} aria-describedby={describedBy || undefined} />
      </div>
      <p class="login-problem breakable" id="login-problem" role="alert">
        {problem.value !== null && <><Alert /><span>{problem}</span></>}
      </p>
      <div class="row">
        <button type="submit" class="button button-primary" aria-disabled={isBusy}>
          {isBusy.value ? "Logging in" : "Log in"}
        </button>
        <span class="spacer" />
        <Others />
      </div>
    </form>
  );
}

export function Login() {
  const reason = reasonText(loginReason.value ?? "needed", session.value?.name ?? null);
  return (
    <section class="panel login" aria-labelledby="login-title">
      <h1 id="login-title">Log in</h1>
      {reason !== null && <p class="login-reason breakable" id="login-reason">{reason}</p>}
      <Form hasReason={reason !== null} />
      <Explanation />
    </section>
  );
}
