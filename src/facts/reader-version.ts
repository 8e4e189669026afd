/**
 * Version of what facts look like. A backup carries the version that read it; where a drill reads with another one, a
 * difference may be a matter of spelling and fails nothing (see src/checks/reader-version.ts). Raise it with every change
 * under src/facts after which the same database could give other facts; a test notices such changes.
 */
export const FACTS_READER = 1;
