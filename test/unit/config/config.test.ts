import { describe, expect, it } from 'vitest';
import { databaseConfig, loadConfig, parseConfig } from '../../../src/config/config.ts';
import { formatDuration, parseDuration } from '../../../src/config/duration.ts';
import { ConfigurationError } from '../../../src/errors.ts';

function faultsOf(text: string): readonly string[] {
  try {
    parseConfig(text, 'pgproof.yml');
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults;
    throw error;
  }
  return [];
}

describe('pgproof.yml', () => {
  it('may be empty', () => {
    expect(parseConfig('', 'pgproof.yml')).toEqual({ databases: {} });
  });

  it('fills in what a database leaves out', () => {
    const config = parseConfig('databases: { shop: { source: { env: SHOP_URL } } }', 'pgproof.yml');
    expect(databaseConfig(config, 'shop')).toEqual({
      source: { env: 'SHOP_URL', port: 5432 },
      schedules: {},
      alerts: { backupAge: 93_600, provenAge: 691_200 },
      dump: { compression: 'auto', readers: 2, facts: 'content', lockTimeout: 60 },
      drill: { kinds: ['dump'], target: 'rds', instance: {}, instanceTimeout: 3600, queries: [], accept: [] },
    });
  });

  it('gives the same defaults to a database that it does not mention', () => {
    expect(databaseConfig(parseConfig('', 'pgproof.yml'), 'other').dump.readers).toBe(2);
  });

  it('is frozen to the bottom', () => {
    const config = parseConfig('databases: { shop: {} }', 'pgproof.yml');
    expect(() => Object.assign(config.databases.shop?.dump ?? {}, { readers: 9 })).toThrow(TypeError);
  });

  it('reports every fault at once, each with its path', () => {
    const text = `
databases:
  shop:
    source: { url: postgres://h/d, env: X }
    dump: { readers: 0, compresion: gzip }
    drill: { rtoTarget: 30 minutes, queries: [{ name: n, sql: ' ', expect: {} }] }
  UPPER: {}`;
    expect(faultsOf(text)).toEqual([
      'pgproof.yml: databases.shop.source: expected exactly one of url, env, rds and aurora',
      'pgproof.yml: databases.shop.dump.readers: Too small: expected number to be >=1',
      'pgproof.yml: databases.shop.dump.compresion: unknown key',
      'pgproof.yml: databases.shop.drill.rtoTarget: expected a duration such as 90s, 30m, 25h or 7d',
      'pgproof.yml: databases.shop.drill.queries.0.sql: expected a query',
      'pgproof.yml: databases.shop.drill.queries.0.expect: expected at least one of value, min, max, rows, minRows, maxRows',
      'pgproof.yml: databases.UPPER: Invalid key in record',
    ]);
  });

  it('refuses a password in the file and does not repeat it', () => {
    const faults = faultsOf('databases: { shop: { source: { url: "postgres://u:hunter2@h/d" } } }');
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^pgproof.yml: databases.shop.source.url: holds a password/);
    expect(faults.join()).not.toContain('hunter2');
  });

  it('refuses YAML that is none, and a key that stands twice', () => {
    expect(faultsOf('a: [')[0]).toMatch(/^pgproof.yml: /);
    expect(faultsOf('databases: {}\ndatabases: {}')[0]).toMatch(/^pgproof.yml: Map keys must be unique/);
  });

  it('names the file that cannot be read', () => {
    expect(() => loadConfig('/nowhere/pgproof.yml')).toThrow('--config /nowhere/pgproof.yml: cannot be read');
  });
});

describe('durations', () => {
  it.each([['90s', 90], ['30m', 1800], ['25h', 90_000], ['7d', 604_800]])('reads %s', (text, seconds) => {
    expect(parseDuration(text)).toBe(seconds);
  });

  it.each(['', '5', 'm', '1.5h', '-3m', '30 m'])('does not read %j', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it.each([[0.412, '412 ms'], [3.29, '3.2 s'], [59.99, '59.9 s'], [60, '1 min'], [250, '4 min 10 s'], [7500, '2 h 5 min'], [273_600, '3 d 4 h']])(
    'says %d seconds as %s',
    (seconds, text) => {
      expect(formatDuration(seconds)).toBe(text);
    },
  );
});
