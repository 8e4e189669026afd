import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../docs/checkout.ts';
import { makeHome } from '../helpers/reachable-home.ts';

const PROGRAM = join(ROOT, 'bin', 'pgproof.js');
let home: string;

beforeAll(async () => {
  home = await makeHome();
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function pgproof(...args: string[]) {
  const env = { NO_COLOR: '1', PGPROOF_SOURCE: undefined };
  const { exitCode, stdout, stderr } = await execa('node', [PROGRAM, ...args], { reject: false, env, stdin: 'ignore' });
  return { exitCode, stdout, stderr };
}

interface DrillDocument {
  verdict: string;
  assurance: string;
  backup: { id: string; kind: string; bytes: number; sha256: string };
  checks: { id: string; status: string; examined: number; required: boolean; cause?: string; detail?: string }[];
  rto: { seconds: number };
  rpo: { seconds: number };
  cleanup: string;
  evidence: string;
  report: string;
}

/** Processes that stand in the home directory, by their command lines. */
async function processesOf(directory: string): Promise<string[]> {
  const { stdout } = await execa('ps', ['-eo', 'pid=,args='], {});
  return stdout.split('\n').filter((line) => line.includes(directory) && !line.includes('ps -eo'));
}

describe('bad input ends with exit code 3 and one clear error, and nothing is made', () => {
  it.each([
    ['a verb that does not exist', ['nope'], /^pgproof: unknown command 'nope'$/m],
    ['an option that does not exist', ['run', '--bogus'], /^pgproof: unknown option '--bogus'$/m],
    ['a fault that does not exist', ['drill', '--break', 'x'], /Allowed choices are lose-rows, change-value/],
    ['a kind that does not exist', ['drill', '--kind', 'x'], /Allowed choices are dump, snapshot, pitr/],
    ['a point in time of a database without a log', ['drill', '--database', 'shop', '--kind', 'pitr'], /^pgproof: kind pitr: no log of shop is kept, so it can be recovered to no point in time$/m],
    ['a time that is none', ['drill', '--database', 'shop', '--to', 'yesterday'], /^pgproof: drill input: to: /m],
    ['a source that is no URL', ['run', '--source', 'shop'], /^pgproof: --source: expected a URL beginning with postgres/m],
    ['a port that is none', ['backup', '--source', 'postgres://u:s3cret@h:99999/d'], /^pgproof: --source: /m],
    ['a missing source', ['backup'], /^pgproof: --source: expected a postgres:\/\/ URL/m],
    ['a configuration file that is not there', ['run', '--config', '/nowhere.yml'], /^pgproof: --config \/nowhere.yml: cannot be read$/m],
    ['a drill without any backup', ['drill'], /^pgproof: there is no backup of any database$/m],
    ['a backup that does not exist', ['drill', '--database', 'shop', '--backup', 'x'], /^pgproof: shop has no dump x$/m],
    ['evidence that is not there', ['verify', '/nowhere.json'], /^pgproof: EVIDENCE: cannot read \/nowhere.json$/m],
  ])('%s', async (_case, args, message) => {
    const { exitCode, stdout, stderr } = await pgproof(...args, ...(args[0] === 'nope' ? [] : ['--home', join(home, 'bad')]));
    expect(stderr).toMatch(message);
    expect(stderr + stdout).not.toContain('s3cret');
    expect(stdout).toBe('');
    expect(exitCode).toBe(3);
    expect(existsSync(join(home, 'bad', 'bucket'))).toBe(false);
  });

  it('no verb at all prints the help', async () => {
    const { exitCode, stdout } = await pgproof();
    expect(stdout).toMatch(/^Usage: pgproof/);
    expect(exitCode).toBe(3);
  });
});

describe('the whole path on the sample shop', () => {
  let documents: DrillDocument[];

  it('run --json prints one document: the dump PROVEN L5, the snapshot and the point in time PROVEN L3', async () => {
    const { exitCode, stdout, stderr } = await pgproof('run', '--json', '--home', home);
    expect({ exitCode, tail: exitCode === 0 ? '' : stderr.slice(-3000) + stdout.slice(-3000) }).toEqual({ exitCode: 0, tail: '' });
    documents = JSON.parse(stdout) as DrillDocument[];
    expect(documents.map(({ verdict, assurance, backup }) => [backup.kind, verdict, assurance])).toEqual([
      ['dump', 'PROVEN', 'L5'],
      ['snapshot', 'PROVEN', 'L3'],
      ['pitr', 'PROVEN', 'L3'],
    ]);
    for (const { cleanup, checks, backup, rto, rpo } of documents) {
      expect(cleanup).toBe('verified');
      expect(checks.filter(({ status, examined }) => status === 'passed' && examined < 1)).toEqual([]);
      expect(checks.filter(({ status, required }) => required && !['passed', 'not_applicable'].includes(status))).toEqual([]);
      expect(backup.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(rto.seconds).toBeGreaterThan(0);
      expect(rpo.seconds).toBeGreaterThan(0);
    }
  });

  it('leaves no process, no instance and no event behind', async () => {
    expect(await processesOf(home)).toEqual([]);
    expect(readdirSync(join(home, 'instances'))).toEqual([]);
    expect(readdirSync(join(home, 'bucket', '.unfinished'))).toEqual([]);
  });

  it('tells people in the inbox', () => {
    const names = readdirSync(join(home, 'inbox')).filter((name) => name.endsWith('.json'));
    expect(names.map((name) => name.replace(/^[^-]*-|\.json$/g, ''))).toEqual(['backup.valid', 'backup.valid', 'drill.proven', 'drill.proven', 'drill.proven']);
  });

  it('verify accepts the evidence, and names what was altered in a copy of it', async () => {
    const evidence = documents[0]?.evidence ?? '';
    expect(await pgproof('verify', evidence, '--home', home)).toMatchObject({ exitCode: 0 });
    const forged = join(home, 'forged.json');
    writeFileSync(forged, readFileSync(evidence, 'utf8').replace('"verdict":"PROVEN"', '"verdict":"FAILED"'));
    const { exitCode, stdout } = await pgproof('verify', forged, '--home', home);
    expect(stdout).toMatch(/✘ evidence\.verdict: /);
    expect(exitCode).toBe(1);
  });

  it('verify without a key to trust is a matter of configuration', async () => {
    const { exitCode, stderr } = await pgproof('verify', documents[0]?.evidence ?? '', '--home', join(home, 'elsewhere'));
    expect(stderr).toMatch(/^pgproof: no public key at /);
    expect(exitCode).toBe(3);
  });

  it('the latest point in time is PROVEN as well, long after the source is gone', async () => {
    const { exitCode, stdout } = await pgproof('drill', '--json', '--kind', 'pitr', '--home', home);
    const { verdict, checks } = JSON.parse(stdout) as DrillDocument;
    expect([verdict, exitCode]).toEqual(['PROVEN', 0]);
    expect(checks.find(({ id }) => id === 'boundary')).toMatchObject({ status: 'passed', required: true });
  });

  it.each([
    ['lose-rows', 'row-count'],
    ['change-value', 'content-hash'],
    ['drop-grant', 'grants'],
    ['drop-index', 'indexes'],
    ['lose-setting', 'roles'],
    ['flip-byte', 'archive-digest'],
    ['truncate-archive', 'archive-digest'],
  ])('a drill with %s ends FAILED by %s, cleaned up, exit 1', async (fault, check) => {
    const { exitCode, stdout, stderr } = await pgproof('drill', '--json', '--break', fault, '--home', home);
    const document = JSON.parse(stdout || `{"stderr":${JSON.stringify(stderr)}}`) as DrillDocument;
    expect(document).toMatchObject({ verdict: 'FAILED', cleanup: 'verified', fault });
    expect(document.checks.find(({ id }) => id === check)).toMatchObject({ status: 'failed', cause: 'backup' });
    expect(exitCode).toBe(1);
  });

  it('status knows the proof, and does not hold planted faults against the database', async () => {
    const { exitCode, stdout } = await pgproof('status', '--home', home);
    expect(stdout).toMatch(/^shop: PROVEN \(newest proven backup is /);
    expect(stdout).toMatch(/^ {2}pitr {5}any time from \S+ to \S+, .* old; drilled to \S+: PROVEN$/m);
    expect(exitCode).toBe(0);
  });
});
