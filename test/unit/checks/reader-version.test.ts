import { describe, expect, it } from 'vitest';
import { allowForReaders } from '../../../src/checks/reader-version.ts';
import type { Facts } from '../../../src/facts/facts.ts';
import { makeFinding } from '../../helpers/evidence.ts';

const readBy = (reader: number) => ({ reader }) as Facts;
const failed = makeFinding({ id: 'columns', status: 'failed', cause: 'backup', detail: 'shop.orders.id: missing' });

describe('facts of two versions of the reader', () => {
  it('a difference is not known to be a fault, and is no pass', () => {
    const [finding] = allowForReaders([failed], readBy(1), readBy(2));
    expect(finding).toMatchObject({
      status: 'could_not_verify',
      cause: 'tool',
      detail: 'the facts were read by version 1 and now by version 2: shop.orders.id: missing',
    });
  });

  it('numbers differ or they do not', () => {
    const count = makeFinding({ id: 'row-count', status: 'failed', cause: 'backup' });
    expect(allowForReaders([count], readBy(1), readBy(2))[0]?.status).toBe('failed');
  });

  it('equal stays equal', () => {
    expect(allowForReaders([makeFinding({ id: 'columns' })], readBy(1), readBy(2))[0]?.status).toBe('passed');
  });

  it('and of one version a difference is a failure', () => {
    expect(allowForReaders([failed], readBy(2), readBy(2))).toEqual([failed]);
  });
});
