import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { EvidenceBody } from '../../src/drill/evidence.ts';
import { renderReport } from '../../src/drill/report/report.ts';
import { startChromium, type Browser, type Screen } from '../helpers/chromium.ts';
import { makeBody } from '../helpers/evidence.ts';
import { ACTIVE, boxes, LOW_CONTRAST, OPEN_ALL, SCROLL_WIDTH, texts, type Box } from '../helpers/page-probes.ts';
import { bodyOf, FAILED_BODY, HOSTILE, HOSTILE_BODY, manyTables, NOT_PROVEN_BODY } from '../helpers/report-bodies.ts';

const PHONE: Screen = { width: 390, height: 844 };
const DESKTOP: Screen = { width: 1280, height: 800 };
const SCREENS = [PHONE, DESKTOP];

let directory: string;
let browser: Browser;
let page: Page;
let requests: string[];
let complaints: string[];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pgproof-report-'));
  browser = await startChromium();
});

afterAll(async () => {
  await browser?.close();
  await rm(directory, { recursive: true, force: true });
});

afterEach(async () => {
  // Whatever else a test looks at: no page may complain or ask for anything beyond itself.
  expect(complaints).toEqual([]);
  expect(requests).toHaveLength(1);
  await page.close();
});

async function open(body: EvidenceBody, { width, height, dark = false }: Screen = DESKTOP): Promise<void> {
  const file = join(directory, 'report.html');
  await writeFile(file, renderReport(body));
  page = await browser.context.newPage();
  requests = [];
  complaints = [];
  page.on('request', (request) => requests.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => complaints.push(`dialog: ${dialog.message()}`));
  await page.setViewportSize({ width, height });
  await page.emulateMedia({ colorScheme: dark ? 'dark' : 'light' });
  await page.goto(pathToFileURL(file).href, { waitUntil: 'load' });
}

const BODIES = [
  { word: 'PROVEN', body: bodyOf() },
  { word: 'FAILED', body: FAILED_BODY },
  { word: 'NOT PROVEN', body: NOT_PROVEN_BODY },
  { word: 'FAILED', body: HOSTILE_BODY },
];

describe.each(SCREENS)('on a screen of $width by $height', (screen) => {
  test.each(BODIES)('the word $word is seen before any scrolling, and nothing scrolls sideways (%#)', async ({ word, body }) => {
    await open(body, screen);
    const verdict = await page.locator('#verdict > span').boundingBox();
    expect(await page.locator('#verdict > span').textContent()).toBe(word);
    // A database with a name of 400 characters may push it down; not out of the page.
    if (body !== HOSTILE_BODY) expect((verdict?.y ?? 9999) + (verdict?.height ?? 0)).toBeLessThan(screen.height / 2);
    await page.evaluate(OPEN_ALL);
    expect(await page.evaluate(SCROLL_WIDTH)).toBe(screen.width);
  });

  test.each([1, 15, 2000])('%i tables are as many bars, all on one scale', async (number) => {
    const tables = manyTables(number);
    await open(bodyOf({ tables }), screen);
    await page.evaluate(OPEN_ALL);
    const tracks = await page.evaluate<Box[]>(boxes('.bar'));
    const found = await page.evaluate<Box[]>(boxes('.bar .found'));
    expect(found).toHaveLength(number);
    expect(await page.evaluate<Box[]>(boxes('.bar .expected'))).toEqual(found);
    // Drawn from the largest to the smallest: the first has number × 1,000 rows.
    const [first] = tracks;
    for (const [index, box] of found.entries()) {
      expect(tracks[index]).toEqual(first);
      expect(box.left).toBeCloseTo(first?.left ?? 0, 1);
      expect(Math.abs(box.width - ((first?.width ?? 0) * (number - index)) / number)).toBeLessThan(0.1);
    }
    expect(first?.width).toBeGreaterThan(150);
    expect(await page.evaluate(SCROLL_WIDTH)).toBe(screen.width);
  });

  test('stages are drawn where and as long as they were', async () => {
    await open(makeBody(), screen);
    const [track] = await page.evaluate<Box[]>(boxes('.track'));
    const second = (track?.width ?? 0) / 20;
    expect(second).toBeGreaterThan(10);
    const spans = await page.evaluate<Box[]>(boxes('.span'));
    const seconds = spans.map(({ left, width }) => [left - (track?.left ?? 0), width].map((length) => Math.round((100 * length) / second) / 100));
    expect(seconds).toEqual([
      [0, 1],
      [1, 4],
      [5, 12],
      [17, 2],
      [19, 1],
    ]);
    expect(await page.evaluate(texts('.seconds'))).toEqual(['1.0 s', '4.0 s', '12 s', '2.0 s', '1.0 s']);
  });
});

describe('differences', () => {
  test('come first, are drawn as what is missing and say so in words', async () => {
    await open(FAILED_BODY);
    expect(await page.evaluate(texts('.tables .table'))).toEqual(['app.orders', 'app.customers']);
    expect(await page.evaluate(texts('.tables .outcome'))).toEqual(['different', 'equal']);
    expect(await page.evaluate(texts('.tables .rows'))).toEqual(['found 59,997 of 60,000: 3 missing', '20,000 rows']);
  });

  test('show a table that was lost, one that grew and an empty one at their lengths', async () => {
    const table = { schema: 'app', bytes: 8192, content: 'equal' as const };
    await open(
      bodyOf({
        findings: [],
        tables: [
          { ...table, name: 'lost', expectedRows: '400', content: 'not_compared' },
          { ...table, name: 'grown', expectedRows: '200', foundRows: '300', content: 'different' },
          { ...table, name: 'empty', expectedRows: '0', foundRows: '0' },
        ],
      }),
    );
    expect(await page.evaluate(texts('.tables .table'))).toEqual(['app.lost', 'app.grown', 'app.empty']);
    expect(await page.evaluate(texts('.tables .rows'))).toEqual([
      'expected 400 rows, not found in the copy',
      'found 300, expected 200: 100 too many',
      '0 rows',
    ]);
    const track = (await page.evaluate<Box[]>(boxes('.bar')))[0]?.width ?? 0;
    const quarters = (all: Box[]) => all.map(({ width }) => Math.round((400 * width) / track) / 100);
    expect(quarters(await page.evaluate<Box[]>(boxes('.bar .expected')))).toEqual([4, 2, 0]);
    expect(quarters(await page.evaluate<Box[]>(boxes('.bar .found')))).toEqual([0, 3, 0]);
  });

  test('are four squares among two thousand', async () => {
    const tables = manyTables(2000).map((table, index) => (index % 500 === 3 ? { ...table, content: 'different' as const } : table));
    await open(bodyOf({ tables }), PHONE);
    expect(await page.locator('.overview i').count()).toBe(2000);
    expect(await page.locator('.overview i.different').count()).toBe(4);
    expect(await page.locator('.tables').first().locator('li').count()).toBe(4);
  });

  test('are drawn by size where rows were not compared', async () => {
    const table = { schema: 'app', content: 'not_compared' as const };
    await open(bodyOf({ tables: [{ ...table, name: 'small', bytes: 250 }, { ...table, name: 'large', bytes: 1000 }] }));
    const [large, small] = await page.evaluate<Box[]>(boxes('.bar .found'));
    expect((large?.width ?? 0) / (small?.width ?? 1)).toBeCloseTo(4, 1);
    expect(await page.evaluate(texts('.tables .rows'))).toEqual(['rows not counted', 'rows not counted']);
  });
});

describe('hostile names', () => {
  test.each(SCREENS)('run nothing, load nothing and stay readable at $width px', async (screen) => {
    await open(HOSTILE_BODY, screen);
    expect(await page.evaluate(ACTIVE)).toEqual([]);
    expect(await page.evaluate('globalThis.hostile')).toBeUndefined();
    // Shown letter by letter, except for what cannot be seen or turns the text around it, which is spelled out.
    const shown = HOSTILE.map((text) => text.replace('\u202E', '[U+202E]').replace('\u2066', '[U+2066]').replace('\u0000', '[U+0000]'));
    expect(await page.evaluate<string[]>(texts('.items:first-of-type li'))).toEqual(HOSTILE.flatMap(() => shown));
    for (const text of shown) expect(await page.evaluate<string>('document.body.textContent')).toContain(text);
  });

  test('do nothing even without the policy that forbids scripts', async () => {
    const file = join(directory, 'open.html');
    const unguarded = renderReport(HOSTILE_BODY).replace(/<meta http-equiv="Content-Security-Policy"[^>]*>/, '');
    expect(unguarded).not.toContain('Content-Security-Policy');
    await writeFile(file, unguarded);
    await open(makeBody());
    requests.length = 0;
    await page.goto(pathToFileURL(file).href);
    expect(await page.evaluate('globalThis.hostile')).toBeUndefined();
  });
});

describe('readers', () => {
  test.each([false, true])('find enough contrast in every text, dark: %s', async (dark) => {
    for (const body of [FAILED_BODY, NOT_PROVEN_BODY, bodyOf()]) {
      await page?.close();
      await open(body, { ...DESKTOP, dark });
      await page.evaluate(OPEN_ALL);
      const { examined, found } = await page.evaluate<{ examined: number; found: string[] }>(LOW_CONTRAST);
      expect(found).toEqual([]);
      expect(examined).toBeGreaterThan(80);
    }
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe(dark ? 'rgb(20, 22, 26)' : 'rgb(251, 250, 248)');
  });

  test('who listen find headings in order, names for lists and no drawing read aloud', async () => {
    await open(FAILED_BODY);
    expect(await page.evaluate(texts('h1, h2'))).toEqual([
      'FAILEDL3 structure equal',
      'Examined',
      'Not examined',
      'Time',
      'Tables',
      'Checks',
      'What was drilled',
      'Verify it yourself',
    ]);
    expect(await page.locator('svg:not([aria-hidden=true])').count()).toBe(0);
    expect(await page.getByRole('list', { name: 'Assurance levels' }).count()).toBe(1);
    expect(await page.getByRole('region', { name: 'Tables' }).count()).toBe(1);
    expect(await page.evaluate('document.documentElement.lang')).toBe('en');
  });

  test('on paper see what is folded away on a screen', async () => {
    await open(bodyOf({ tables: manyTables(40) }));
    const last = page.locator('.tables li').last();
    expect(await last.isVisible()).toBe(false);
    await page.emulateMedia({ media: 'print' });
    expect((await last.boundingBox())?.height).toBeGreaterThan(5);
    await page.emulateMedia({ media: 'screen' });
  });
});
