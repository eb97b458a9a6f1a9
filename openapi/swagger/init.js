// SPDX-License-Identifier: Apache-2.0
//
// Starts the Swagger UI with the API document of this service. The page loads
// nothing from other hosts: the validator badge, which would, is off.
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

window.ui = SwaggerUIBundle({
  url: "openapi.yaml",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: false,
  validatorUrl: null,
  plugins: [LinesAsTheyAre],
});
