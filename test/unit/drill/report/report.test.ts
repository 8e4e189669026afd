import { describe, expect, test } from 'vitest';
import type { EvidenceBody } from '../../../../src/drill/evidence.ts';
import { html, name } from '../../../../src/drill/report/markup.ts';
import { renderReport } from '../../../../src/drill/report/report.ts';
import { readSeal, seal } from '../../../../src/drill/seal.ts';
import { HEALTHY_FINDINGS, makeBody } from '../../../helpers/evidence.ts';
import { bodyOf, FAILED_BODY, NOT_PROVEN_BODY } from '../../../helpers/report-bodies.ts';
import { fixedSigner, kmsLikeSigner } from '../../../helpers/signers.ts';

/** The words of a page, without its marks. */
function textOf(page: string): string {
  return page.replace(/<style>.*?<\/style>/s, '').replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');
}

function shown(body: EvidenceBody): string {
  return textOf(renderReport(body));
}

describe('markup', () => {
  test('escapes values in text and attributes, also inside lists', () => {
    const evil = `<b title="x">&'`;
    expect(html`<i title="${evil}">${[evil, [html`<u>${evil}</u>`]]}</i>`.markup).toBe(
      '<i title="&lt;b title=&quot;x&quot;&gt;&amp;&#39;">&lt;b title=&quot;x&quot;&gt;&amp;&#39;<u>&lt;b title=&quot;x&quot;&gt;&amp;&#39;</u></i>',
    );
  });

  test('leaves out what is not there', () => {
    expect(html`a${undefined}b${false}c${0}${''}`.markup).toBe('abc0');
  });

  test('spells out what cannot be seen or turns the text, and mends broken text', () => {
    expect(name('a\u0000b\u202Ec\u200Bd\u001b[31m\ud800').markup).toBe('<bdi>a[U+0000]b[U+202E]c[U+200B]d[U+001B][31m\ufffd</bdi>');
    expect(name('👩‍👧 عربي\n').markup).toBe('<bdi>👩‍👧 عربي\n</bdi>');
  });
});

describe('the first screen', () => {
  test('says everything a verdict depends on, before the first drawing', () => {
    const [first = ''] = shown(makeBody()).split(' Time 20 s');
    for (const text of [
      'PROVEN L5 content equal',
      '7 required checks passed, 4 of them comparisons with the source; 1 does not apply.',
      'Database shop',
      'Backup 20261120T020000Z-a1 dump',
      'Age when drilled 10 min taken 2026-11-20 02:00:00 UTC',
      'Size 11 bytes',
      'RTO time to recover 17 s target 1 h: met',
      'RPO data that would be lost 10 min target 1 d: met',
      'Cleanup verified instance pgproof-drill-shop-d1 is gone: no process, no file',
      'Examined schema app schema public Not examined replication slots: not restorable',
      'L5 content equal holds L6 application works not required',
    ]) {
      expect(first).toContain(text);
    }
    expect(first).not.toContain('planted');
  });

  test('says loudly that a fault was planted, and whether it was noticed', () => {
    expect(shown(FAILED_BODY)).toContain('A fault was planted on purpose: lose-rows. This drill says nothing about the backup. The drill noticed it, as it must.');
    expect(shown(makeBody({ fault: 'lose-rows' }))).toContain('The drill did NOT notice it: do not trust drills of this installation until you know why.');
    expect(shown({ ...NOT_PROVEN_BODY, fault: 'lose-rows' })).toContain('The drill could not tell: it neither noticed nor overlooked it.');
  });

  test('says what failed apart from what was only not shown', () => {
    expect(shown(FAILED_BODY)).toContain('L3 structure equal holds L4 rows equal fails L5 content equal passed, but not counted L6');
    expect(shown(NOT_PROVEN_BODY)).toContain('NOT PROVEN L0 nothing proved');
    expect(shown(bodyOf({ findings: HEALTHY_FINDINGS.map((each) => (each.id === 'row-count' ? { ...each, examined: 0, status: 'could_not_verify' } : each)) }))).toContain(
      'L4 rows equal not proved',
    );
  });

  test('says what kept a drill from proving anything', () => {
    const text = shown(NOT_PROVEN_BODY);
    for (const said of [
      'Restore ended with InstanceRefusedError: no free port. Cause: environment.',
      'Required last time and no longer: owners',
      'Cleanup failed: instance pgproof-drill-shop-d1 is still there after 600 s. A copy of the data may still be there.',
      'Backup none dump',
      'RTO time to recover unknown target 1 h: unknown',
      'RPO data that would be lost unknown no target set',
      'No stage was timed.',
      'No table was compared.',
      'L1 artefact intact passed, but not counted L2 restores not proved L3 structure equal not proved',
      'Not examined the restored database: it was never there 1 required check: row-count',
      '1 required check without an answer row-count',
      'None: the drill ended before it read any.',
    ]) {
      expect(text).toContain(said);
    }
  });

  test('names who accepted a failure, why and until when', () => {
    const acceptances = [{ check: 'grants', object: 'app.cart', reason: 'role is retired', owner: 'ops', expires: '2027-01-01' }];
    const findings = HEALTHY_FINDINGS.map((each) => (each.id === 'grants' ? { ...each, status: 'accepted' as const, acceptances } : each));
    expect(shown(bodyOf({ findings }))).toContain('Grants failed and is accepted until 2027-01-01 by ops : role is retired.');
  });
});

describe('what is said of a table', () => {
  const table = { schema: 'app', name: 'orders', bytes: 8192, content: 'not_compared' as const };

  test('that was counted in the copy alone is no difference', () => {
    const text = shown(bodyOf({ kind: 'snapshot', tables: [{ ...table, foundRows: '82000' }] }));
    expect(text).toContain('1 table: 0 different, 1 whose content was not compared. 82,000 rows found, not compared with the source.');
    expect(text).toContain('not compared 82,000 rows 8.2 kB');
  });

  test('whose rows lie in a neighbouring partition follows the check of row counts', () => {
    const moved = { ...table, expectedRows: '100', foundRows: '90' };
    expect(shown(bodyOf({ tables: [moved] }))).toContain('not compared found 90 of 100: moved between partitions');
    expect(shown(bodyOf({ tables: [moved], findings: [] }))).toContain('different found 90 of 100: 10 missing');
    const other = { ...moved, content: 'different' as const };
    expect(shown(bodyOf({ tables: [other] }))).toContain('different found 90 of 100: 10 missing');
  });

  test('that is partitioned is counted once, in its partitions', () => {
    const parts = ['1', '2'].map((number) => ({ ...table, name: `orders_${number}`, expectedRows: '50', foundRows: '50' }));
    const text = shown(bodyOf({ tables: [{ ...table, bytes: 0, expectedRows: '100', foundRows: '100', content: 'equal' }, ...parts] }));
    expect(text).toContain('Tables 3 100 rows found');
    expect(text).toContain('100 rows expected, 100 found.');
    expect(text).toContain('equal 100 rows partitioned');
  });
});

describe('the way to verify', () => {
  test('is one command on the laptop', async () => {
    const page = renderReport(makeBody(), readSeal(await seal(makeBody(), fixedSigner())));
    expect(page).toContain('<code>npx pgproof verify .pgproof/bucket/v1/shop/drills/20261120T021000Z-d1/evidence.json</code>');
    expect(textOf(page)).toContain(`ed25519 ${(await fixedSigner().key()).keyId}`);
  });

  test('fetches the public key first where it is held by KMS', async () => {
    const page = renderReport(makeBody(), readSeal(await seal(makeBody(), kmsLikeSigner())));
    expect(page).toContain(
      '<code>aws kms get-public-key --key-id arn:aws:kms:eu-central-1:111122223333:key/1234abcd --query PublicKey --output text' +
        ' | base64 -d | openssl pkey -pubin -inform DER -out evidence-key.pub.pem\n' +
        'npx pgproof verify evidence.json --key evidence-key.pub.pem</code>',
    );
  });

  test('is a command that does what it says, whatever the path', () => {
    const page = renderReport(makeBody(), undefined, "home of o'neil; rm -rf x/evidence.json");
    expect(page).toContain(String.raw`npx pgproof verify &#39;home of o&#39;\&#39;&#39;neil; rm -rf x/evidence.json&#39;`);
  });
});

describe('the page', () => {
  test('asks for nothing and runs nothing', () => {
    for (const page of [renderReport(makeBody()), renderReport(FAILED_BODY), renderReport(NOT_PROVEN_BODY)]) {
      expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`);
      expect(page).not.toMatch(/<script|<img|<iframe|@import|url\(|https?:/);
    }
  });
});
