import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // These need what a plain machine lacks: Python, root, a browser, PostgreSQL's sources. npm run test:aws, test:container, test:report, test:torture.
    exclude: ['test/aws/**', 'test/container/**', 'test/report/**', 'test/torture/**'],
    // Real clusters start inside the tests: a slow machine must not turn a pass into a failure.
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // Two cores: more files at once would only make every PostgreSQL slower.
    maxWorkers: 2,
    allowOnly: false,
  },
});
