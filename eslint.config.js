import vitest from '@vitest/eslint-plugin';
import tseslint from 'typescript-eslint';

const noAws = {
  group: ['@aws-sdk/*', '@smithy/*'],
  message: 'Only src/cloud/aws talks to AWS; ask for an interface of src/cloud instead.',
};
const noOutside = {
  regex: '^(\\.\\./)+(functions|worker|local|test)/',
  message: 'src never imports its callers.',
};

export default tseslint.config(
  { ignores: ['node_modules', '.serverless', '.esbuild', 'coverage', '.pgproof', '**/*.cjs'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingAny: true, allowThrowingUnknown: true }],
      'no-console': 'error',
      eqeqeq: 'error',
      'prefer-const': 'error',
      'no-restricted-imports': ['error', { patterns: [noAws] }],
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ImportDeclaration[source.value="zod"] ImportSpecifier[imported.name="z"]',
          message: "Write import * as z from 'zod': of a namespace the bundler keeps only what is used, half of zod.",
        },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [noAws, noOutside] }] },
  },
  {
    files: ['src/cloud/aws/**/*.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [noOutside] }] },
  },
  // Deploying asks about the account, not about a backup: that is no part of what src needs from a cloud.
  { files: ['deploy/account.ts', 'test/**/*.ts'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['src/**/*.ts', 'functions/**/*.ts', 'worker/**/*.ts', 'local/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 200 }],
      'max-lines-per-function': ['error', { max: 40 }],
    },
  },
  { files: ['functions/**/handler.ts'], rules: { 'max-lines': ['error', { max: 60 }] } },
  {
    files: ['test/**/*.ts'],
    plugins: { vitest },
    rules: {
      'vitest/no-focused-tests': 'error',
      'vitest/no-disabled-tests': 'error',
      'vitest/expect-expect': 'error',
      'max-lines': ['error', { max: 300 }],
    },
  },
);
