import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** The architecture's walls, as import restrictions. Each says why, because the message is all one sees. */
const noVscode = {
  name: 'vscode',
  message: 'Only extension.ts, commands/ and panel/ know VS Code; everything else also runs in the CLI and in tests.',
};
const noNative = ['sharp', 'onnxruntime-node'].map((name) => ({
  name,
  message: 'Native code runs in the engine process only: extension/engine and extension/image/decode.',
}));
const noNativePatterns = [
  { regex: '\\.node$', message: 'The addon is loaded in the engine process only: extension/engine.' },
];
const noNodePatterns = [
  { regex: '^node:', message: 'The webview is a web page: no Node.' },
  { regex: '^(fs|path|os|child_process|crypto|util|events|stream)$', message: 'The webview is a web page: no Node.' },
  {
    regex: '/extension/(engine|panel|commands)/',
    allowTypeImports: true,
    message: 'The webview shares only types with the host and the engine.',
  },
];
const restrict = (paths, patterns) => ({ '@typescript-eslint/no-restricted-imports': ['error', { paths, patterns }] });

export default defineConfig(
  globalIgnores(['dist/', 'build/', 'node_modules/', '.workbench/', '.vscode-test/', 'test-output/', 'native/**/*.js']),
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // numbers and booleans in messages are what messages are for
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `array[i]!` says that the index was just checked; noUncheckedIndexedAccess would ask for it in every loop
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      // a tuple's or a wire format's shape is often clearer as a type, and classes without state do not occur
      '@typescript-eslint/consistent-type-definitions': 'off',
      // more noise than bugs: `() => setState(x)`, an async method without await behind an interface, flags set while awaiting
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unnecessary-condition': 'off',
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    files: ['extension/**/*.ts'],
    ignores: [
      'extension/extension.ts',
      'extension/commands/**',
      'extension/panel/**',
      'extension/engine/**',
      'extension/image/decode*',
    ],
    rules: restrict([noVscode, ...noNative], noNativePatterns),
  },
  {
    files: ['extension/extension.ts', 'extension/commands/**/*.ts', 'extension/panel/**/*.ts'],
    rules: restrict(noNative, noNativePatterns),
  },
  { files: ['extension/engine/**/*.ts', 'extension/image/decode*'], rules: restrict([noVscode], []) },
  { files: ['webview/**/*.ts'], rules: restrict([noVscode, ...noNative], [...noNativePatterns, ...noNodePatterns]) },
  { files: ['extension/cli.ts', 'extension/cli/**/*.ts', 'test/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['test/**/*.ts'],
    rules: {
      // node:test's test() returns a promise that the runner waits for
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: ['test', 'it', 'describe', 'suite'], package: 'node:test' },
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: Object.fromEntries(
        ['process', 'console', 'Buffer', 'setTimeout', 'clearTimeout', 'fetch', 'URL', 'performance'].map((name) => [
          name,
          'readonly',
        ]),
      ),
    },
    rules: { 'no-empty': ['error', { allowEmptyCatch: true }] },
  },
);
