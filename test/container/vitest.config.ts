import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: `${import.meta.dirname}/../..`,
    include: ['test/container/**/*.test.ts'],
    globalSetup: ['test/aws/environment.ts'],
    testTimeout: 120_000,
    // A root file system is made and the image built in it.
    hookTimeout: 900_000,
    maxWorkers: 1,
    allowOnly: false,
  },
});
