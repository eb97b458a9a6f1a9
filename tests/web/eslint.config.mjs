// SPDX-License-Identifier: Apache-2.0
//
// The lint of the dashboard and of its unit tests: the strict rules that know
// types, the layers of web/src, what a screen reader needs, and the form of a
// file.
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

// Each file begins with its licence and says what it is for.
const head = {
  meta: { type: "suggestion", schema: [] },
  create: (context) => ({
    Program(node) {
      const [licence, purpose] = context.sourceCode.lines;
      if (licence !== "// SPDX-License-Identifier: Apache-2.0" || purpose !== "//") {
        context.report({
          node,
          message: "begin with the line of the licence and a comment that says what this is for",
        });
      }
    },
  }),
};

// layer(NAME, PATTERN, MESSAGE, ...): files in web/src/NAME must not import what
// the regular expressions match. Types may cross where `types` says so.
function layer(name, ...patterns) {
  return {
    files: [`web/src/${name}/**`],
    rules: { "@typescript-eslint/no-restricted-imports": ["error", { patterns }] },
  };
}

function above(...layers) {
  return {
    regex: `^\\.\\./(${layers.join("|")})/`,
    message: "this layer is above: text, api < state < charts < ui",
  };
}

const beside = { regex: "^\\.\\./(text|api)/", message: "text and api do not use each other" };
const preact = { regex: "^(preact|@preact)(/|$)", message: "this layer knows no components" };

const layers = [
  layer("text", above("state", "charts", "ui"), beside, preact),
  layer("api", above("state", "charts", "ui"), beside, preact),
  layer("state", above("charts", "ui"), { ...preact, regex: "^preact(/|$)" }),
  layer("charts", above("ui"), {
    regex: "^\\.\\./state/(?!settings\\.)",
    allowTypeImports: true,
    message: "a chart shows its props, not the state",
  }),
];

const forms = {
  "local/head": "error",
  "comma-dangle": ["error", "always-multiline"],
  "eol-last": "error",
  "max-len": ["error", { code: 100, ignoreUrls: true }],
  "max-lines": ["error", 300],
  "no-tabs": "error",
  "no-trailing-spaces": "error",
  quotes: ["error", "double", { avoidEscape: true }],
  semi: "error",
};

const code = {
  curly: "error",
  eqeqeq: "error",
  "max-lines-per-function": ["error", { max: 60, skipComments: true, skipBlankLines: true }],
  "no-console": "error",
  "no-param-reassign": "error",
  "no-restricted-properties": ["error", ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map(
    (property) => ({ property, message: "text from messages must not become markup" }))],
  "no-restricted-syntax": ["error",
    {
      selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']",
      message: "text from messages must not become markup",
    },
    {
      selector: "JSXAttribute[name.name='style'][value.type='Literal']",
      message: "the Content-Security-Policy forbids styles in HTML",
    },
  ],
  "@typescript-eslint/consistent-type-imports": "error",
  // A function that only calls another one may pass its result on.
  "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
  "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
  "@typescript-eslint/switch-exhaustiveness-check": ["error", {
    considerDefaultExhaustiveForUnions: true,
  }],
};

// A table on a phone and a picture that arrow keys read need what these rules
// forbid for others.
const tableRoles = {
  table: ["table"], thead: ["rowgroup"], tbody: ["rowgroup"], tr: ["row"],
  th: ["columnheader", "rowheader"], td: ["cell"],
};
const accessibility = {
  ...jsxA11y.flatConfigs.strict.rules,
  "jsx-a11y/no-redundant-roles": ["error", { ...tableRoles, ul: ["list"], ol: ["list"] }],
  "jsx-a11y/no-interactive-element-to-noninteractive-role": ["error", {
    ...tableRoles, canvas: ["img"],
  }],
  "jsx-a11y/no-noninteractive-tabindex": ["error", { tags: [], roles: ["img", "tabpanel"] }],
  "jsx-a11y/no-noninteractive-element-interactions": ["error", {
    handlers: ["onClick", "onMouseDown", "onMouseUp", "onKeyPress"],
  }],
};

export default tseslint.config(
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    plugins: { local: { rules: { head } } },
    rules: forms,
  },
  {
    files: ["**/*.ts", "**/*.tsx"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    plugins: { "react-hooks": reactHooks, "jsx-a11y": jsxA11y },
    // Preact's names of attributes.
    settings: { "jsx-a11y": { attributes: { for: ["for", "htmlFor"] } } },
    rules: {
      ...code,
      ...accessibility,
      "react-hooks/rules-of-hooks": "error",
      "react-hooks/exhaustive-deps": "error",
    },
  },
  {
    files: ["tests/web/**/*.ts"],
    rules: {
      // node:test waits for its tests by itself.
      "@typescript-eslint/no-floating-promises": ["error", {
        allowForKnownSafeCalls: [
          { from: "package", name: ["test", "describe", "it", "suite"], package: "node:test" },
        ],
      }],
      // One function holds the cases of a test, and a file those of a module.
      "max-lines-per-function": "off",
      "max-lines": ["error", 400],
    },
  },
  ...layers,
);
