import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createConsole } from '../../../local/console.ts';
import { exitCodeOf, exitCodeOfError } from '../../../local/exit-code.ts';
import { formatBytes, formatCount } from '../../../local/format.ts';
import { renderVerdict } from '../../../local/verdict-table.ts';
import { CleanupFailedError, ConfigurationError, InterruptedError, StoreWriteError } from '../../../src/errors.ts';
import type { EvidenceBody } from '../../../src/drill/evidence.ts';
import { makeBody, makeFinding } from '../../helpers/evidence.ts';

function sink(isTTY = false) {
  const chunks: string[] = [];
  const stream = new Writable({ write: (chunk: Buffer, _encoding, done) => (chunks.push(chunk.toString()), done()) });
  return Object.assign(stream, { isTTY, columns: 60, text: () => chunks.join('') });
}

function show(overrides: Partial<EvidenceBody>): string {
  const report = { body: makeBody(overrides), evidenceFile: '/home/e/evidence.json', reportFile: '/home/e/report.html', machineError: '' };
  return renderVerdict(report, false);
}

describe('sizes and counts', () => {
  it.each([[0, '0 B'], [999, '999 B'], [1000, '1.0 kB'], [999_949, '999.9 kB'], [999_999, '1.0 MB'], [12_400_000, '12.4 MB'], [3_100_000_000_000, '3.1 TB']])(
    '%d bytes are %s',
    (bytes, text) => {
      expect(formatBytes(bytes)).toBe(text);
    },
  );

  it('groups digits, of numbers beyond what a double holds too', () => {
    expect(formatCount(371_220)).toBe('371,220');
    expect(formatCount('12345678901234567890')).toBe('12,345,678,901,234,567,890');
    expect(formatCount(12)).toBe('12');
  });
});

describe('exit codes', () => {
  const code = (overrides: Partial<EvidenceBody>) => exitCodeOf([makeBody(overrides)]);

  it('0 for PROVEN and clean', () => {
    expect(code({ verdict: 'PROVEN' })).toBe(0);
  });

  it('1 for FAILED, 2 for NOT PROVEN', () => {
    expect(code({ verdict: 'FAILED' })).toBe(1);
    expect(code({ verdict: 'NOT PROVEN' })).toBe(2);
  });

  it('4 when cleanup failed, which wins over 0 and over nothing else', () => {
    const cleanup = { status: 'failed', detail: 'still there' } as const;
    expect(code({ verdict: 'PROVEN', cleanup })).toBe(4);
    expect(code({ verdict: 'FAILED', cleanup })).toBe(1);
    expect(code({ verdict: 'NOT PROVEN', cleanup })).toBe(2);
  });

  it('the worst of several', () => {
    expect(exitCodeOf([makeBody({ verdict: 'PROVEN' }), makeBody({ verdict: 'NOT PROVEN' }), makeBody({ verdict: 'FAILED' })])).toBe(1);
    expect(exitCodeOf([makeBody({ verdict: 'PROVEN' }), makeBody({ verdict: 'NOT PROVEN' })])).toBe(2);
  });

  it('3 when a drill could not be planned for its input', () => {
    const errors = [{ state: 'Plan', name: 'ConfigurationError', origin: 'configuration', message: 'x' }] as const;
    expect(code({ verdict: 'NOT PROVEN', errors })).toBe(3);
  });

  it('of errors: 3 for usage, 130 for a stop, 1 for the rest', () => {
    expect(exitCodeOfError(new ConfigurationError(['x']))).toBe(3);
    expect(exitCodeOfError(new InterruptedError('x'))).toBe(130);
    expect(exitCodeOfError(new StoreWriteError('k', 'x'))).toBe(1);
    expect(exitCodeOfError(new CleanupFailedError('i', 'x'))).toBe(4);
    expect(exitCodeOfError('not even an error')).toBe(1);
  });
});

describe('the verdict on a terminal', () => {
  it('says the word first, and what it rests on', () => {
    const text = show({ verdict: 'PROVEN', assurance: 'L5', fault: null });
    expect(text.split('\n')[1]).toMatch(/^PROVEN L5 {2}dump of /);
    expect(text).toMatch(/✔ L3 structure equal/);
  });

  it('names what differs, and cuts a long list', () => {
    const items = Array.from({ length: 7 }, (_, index) => `shop.t${index}: 1 row, expected 2`);
    const finding = makeFinding({ status: 'failed', cause: 'backup', detail: '7 tables of 9', items, differences: 70 });
    const text = show({ verdict: 'FAILED', findings: [finding] });
    expect(text).toContain('✘ Row counts: 7 tables of 9');
    expect(text).toContain('        shop.t4: 1 row, expected 2\n        … and 65 more');
    expect(text).not.toContain('shop.t5');
  });

  it('shows a defect of the source as such', () => {
    const finding = makeFinding({ status: 'failed', cause: 'source', required: false, detail: 'app.s will collide' });
    expect(show({ findings: [finding] })).toContain('! Row counts: app.s will collide (the source is so itself; reproduced as it is)');
  });

  it('says loudly that an instance is still there', () => {
    expect(show({ cleanup: { status: 'failed', detail: 'pgproof-drill-x: access denied' } })).toMatch(/✘ NOT destroyed: pgproof-drill-x: access denied[\s\S]*instance NOT gone/);
  });

  it('says that a fault was planted', () => {
    expect(show({ verdict: 'FAILED', fault: 'lose-rows' })).toContain('FAILED  (fault planted on purpose: lose-rows)');
  });
});

describe('the console', () => {
  const now = () => new Date(0);

  it('keeps results on stdout and the way there on stderr', () => {
    const [stdout, stderr] = [sink(), sink()];
    const console = createConsole({ stdout, stderr, now });
    console.say('begin');
    console.progress('half-way');
    console.print('{"verdict":"PROVEN"}');
    expect(stdout.text()).toBe('{"verdict":"PROVEN"}\n');
    expect(stderr.text()).toBe('   0.0 s  begin\n');
  });

  it('overwrites progress on a terminal and never wraps it', () => {
    const [stdout, stderr] = [sink(true), sink(true)];
    const console = createConsole({ stdout, stderr, now, color: false });
    console.progress('x'.repeat(100));
    console.say('done');
    expect(stderr.text()).toBe(`   0.0 s  ${'x'.repeat(49)}\r\u001B[2K   0.0 s  done\n`);
  });
});
