// SPDX-License-Identifier: Apache-2.0
//
// Starts the Swagger UI on this service's own document. Nothing is loaded
// from elsewhere: the validator's badge, which would be, is off.
"use strict";

// Swagger UI takes application/x-ndjson for JSON and would quote the lines of
// an example as one string.
function LinesAsTheyAre(system) {
  const original = system.fn.getSampleSchema;
  return {
    fn: {
      getSampleSchema: (schema, type, options, example) => {
        const sample = original(schema, type, options, example);
        return /ndjson/.test(type) ? JSON.parse(sample) : sample;
      },
    },
  };
}

window.ui = SwaggerUIBundle({
  url: "/openapi.yaml",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: false,
  validatorUrl: null,
  plugins: [LinesAsTheyAre],
});
