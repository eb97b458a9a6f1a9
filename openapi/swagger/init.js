// SPDX-License-Identifier: Apache-2.0
//
// Starts the Swagger UI with the API document of this service, shows who has logged
// in, and follows the reader's colour scheme. The page loads nothing from other
// hosts: the validator badge, which would, is off.
"use strict";

// Swagger UI treats application/x-ndjson and the like as JSON, and so would quote
// the lines of an example as one string. This plugin keeps the lines.
function LinesAsTheyAre(system) {
  const original = system.fn.getSampleSchema;
  return {
    fn: {
      getSampleSchema: (schema, type, options, example) => {
        const sample = original(schema, type, options, example);
        return /ndjson|jsonl/.test(type) ? JSON.parse(sample) : sample;
      },
    },
  };
}

// Swagger UI remembers which example of a request body is chosen, but not of
// which content type, so after a change of the type the body would be neither of
// the examples that are then listed. This plugin chooses the first one of the
// new type, and a body that the reader has not edited becomes that example.
function ExampleOfTheContentType() {
  const setRequestContentType = (original, system) => (change) => {
    const { value, pathMethod } = change;
    const { oas3Actions, oas3Selectors, specSelectors } = system;
    const edited = oas3Selectors.hasUserEditedBody(...pathMethod);
    const examples = specSelectors.specResolvedSubtree([
      "paths", ...pathMethod, "requestBody", "content", value, "examples",
    ]);

    original(change);
    oas3Actions.setActiveExamplesMember({
      name: examples?.keySeq().first(),
      pathMethod,
      contextType: "requestBody",
      contextName: "requestBody",
    });
    if (!edited) {
      oas3Actions.setRequestBodyValue({ value: undefined, pathMethod });
    }
  };
  return { statePlugins: { oas3: { wrapActions: { setRequestContentType } } } };
}

// "Authorize" would have a field for the cookie of a session, which no script can set.
function NoFieldForTheSession() {
  const definitionsToAuthorize = (original) => (...values) =>
    original(...values).filter((definition) => !definition.has("session"));
  return { statePlugins: { auth: { wrapSelectors: { definitionsToAuthorize } } } };
}

// Swagger UI's dark scheme is a class of the root element.
function followColourScheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () =>
    document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", apply);
  apply();
}

// Requests of this page have the cookie of the session by themselves. It begins on
// the dashboard, which comes back here; a build without it has only "Authorize",
// whose token the page forgets when it is left.
const sessionBar = document.getElementById("session");

function element(name, properties) {
  return Object.assign(document.createElement(name), properties);
}

// Without a dashboard its address leads to this page. The browser calls a response
// that is not read to its end aborted, even one without content.
const hasDashboard = fetch("./", { method: "HEAD" })
  .then((response) => response.text().then(() => response.ok && !response.redirected))
  .catch(() => false);

async function loginLink() {
  if (!await hasDashboard) {
    return element("span", { textContent: "Use “Authorize” with a token." });
  }
  const link = element("a", { textContent: "Log in" });
  const update = () => { link.href = `./?login=swagger${location.hash}`; };
  link.addEventListener("pointerdown", update); // the operation that is open changes
  link.addEventListener("focus", update);
  link.addEventListener("click", update);
  update();
  return link;
}

// As those in other tabs tell each other. Kept open, it would keep this page from the
// back/forward cache.
function tellDashboards() {
  const channel = new BroadcastChannel("lunar-session");
  channel.postMessage("loggedOut");
  channel.close();
}

function logoutButton() {
  const button = element("button", { type: "button", textContent: "Log out" });
  button.addEventListener("click", async () => {
    const response = await fetch("logout", { method: "POST" }).catch(() => null);
    if (response?.ok) {
      tellDashboards();
      await showSession();
    } else {
      button.textContent = "Log out: failed, try again";
    }
  });
  return button;
}

// A service that is too old, or does not answer, shows nothing.
async function showSession() {
  const response = await fetch("session", { cache: "no-store" }).catch(() => null);
  const session = response?.ok ? await response.json().catch(() => null) : null;
  const tokens = session?.tokens === true;
  document.body.classList.toggle("with-tokens", tokens);
  if (!tokens) {
    sessionBar.hidden = true;
    return;
  }
  const who = session.name === null ? "Not logged in" : `Logged in as ${session.name}`;
  const may = session.scopes.length === 0 ? "no scopes" : session.scopes.join(", ");
  const action = session.name === null ? await loginLink() : logoutButton();
  sessionBar.replaceChildren(element("span", { textContent: `${who} (${may})` }), action);
  sessionBar.hidden = false;
}

// It may have ended, or have begun in another tab.
function followSession() {
  showSession();
  addEventListener("focus", () => {
    if (!sessionBar.hidden) {
      showSession();
    }
  });
}

function noticeRefusal(response) {
  if (response.status === 401) {
    showSession();
  }
  return response;
}

async function showWayToDashboard() {
  document.getElementById("dashboard").hidden = !await hasDashboard;
}

followColourScheme();
followSession();
showWayToDashboard();
window.ui = SwaggerUIBundle({
  url: "openapi.yaml",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0, // the section "Schemas" is closed at first
  tryItOutEnabled: false, // it would hide the schema of a body
  validatorUrl: null,
  responseInterceptor: noticeRefusal,
  plugins: [LinesAsTheyAre, ExampleOfTheContentType, NoFieldForTheSession],
});
