import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isIgnored, parseDockerfile } from './dockerfile.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

describe('worker/Dockerfile', () => {
  const stages = parseDockerfile(read('worker/Dockerfile'));
  const final = stages.at(-1);

  test('pins one base by digest, with the Node that this project runs', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: Record<string, string> };
    const bases = new Set(stages.map(({ base }) => base));
    expect([...bases]).toEqual([expect.stringMatching(new RegExp(`^node:${RegExp.escape(devDependencies['node'] ?? '')}-trixie-slim@sha256:[0-9a-f]{64}$`))]);
  });

  test('ends as a user without rights, who runs the bundle', () => {
    const of = (kind: string) => final?.instructions.filter((instruction) => instruction.kind === kind);
    expect(of('USER')).toEqual([{ kind: 'USER', uid: 10001, gid: 10001 }]);
    expect(of('VOLUME')).toEqual([{ kind: 'VOLUME', paths: ['/tmp'] }]);
    expect(of('ENTRYPOINT')).toEqual([
      { kind: 'ENTRYPOINT', command: ['/usr/local/bin/node', '--max-semi-space-size=1', '/opt/pgproof/main.mjs'] },
    ]);
  });

  test('copies nothing that .dockerignore keeps out', () => {
    const copies = stages.flatMap(({ instructions }) => instructions).filter((each) => each.kind === 'COPY' && each.from === undefined);
    const sources = copies.flatMap((copy) => (copy.kind === 'COPY' ? copy.sources : []));
    expect(sources.length).toBeGreaterThan(5);
    expect(sources.filter((source) => isIgnored(read('.dockerignore'), source))).toEqual([]);
  });

  test.each(['pgproof.yml', '.git', 'node_modules', '.pgproof', '.venv', 'worker/build', 'test', 'layers/pg-tools/build', '.serverless'])(
    'never sees %s',
    (path) => {
      expect(isIgnored(read('.dockerignore'), path)).toBe(true);
    },
  );
});

describe('what is not understood is refused', () => {
  test.each([
    'FROM a\nADD x y',
    'FROM a\nSHELL ["/bin/bash"]',
    'FROM a\nENV A="x y"',
    'FROM a\nENV A=$B',
    'FROM a\nCOPY --chown=1 x y',
    'FROM a\nRUN --mount=type=cache true',
    'FROM a\nRUN ["true"]',
    'FROM a\nUSER nobody',
    'FROM a\nWORKDIR here',
    'FROM a\nENTRYPOINT node',
    'FROM --platform=x a',
    'RUN true',
  ])('%j', (text) => {
    expect(() => parseDockerfile(text)).toThrow(/not understood|before FROM|JSON|is not valid/);
  });
});
