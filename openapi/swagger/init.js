// SPDX-License-Identifier: Apache-2.0
//
// Starts the Swagger UI on this service's own document. Nothing is loaded
// from elsewhere: the validator's badge, which would be, is off.
"use strict";

window.ui = SwaggerUIBundle({
  url: "/openapi.yaml",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: false,
  validatorUrl: null,
});
