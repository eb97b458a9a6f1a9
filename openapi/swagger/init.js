// SPDX-License-Identifier: Apache-2.0
//
// Starts the Swagger UI with the API document of this service, and follows the
// reader's colour scheme. The page loads nothing from other hosts: the validator
// badge, which would, is off.
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

// Swagger UI's dark scheme is a class of the root element.
function followColourScheme() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () =>
    document.documentElement.classList.toggle("dark-mode", dark.matches);
  dark.addEventListener("change", apply);
  apply();
}

followColourScheme();
window.ui = SwaggerUIBundle({
  url: "openapi.yaml",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0, // the section "Schemas" is closed at first
  tryItOutEnabled: false, // it would hide the schema of a body
  validatorUrl: null,
  plugins: [LinesAsTheyAre, ExampleOfTheContentType],
});
