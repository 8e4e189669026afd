import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { schemaText } from '../../../deploy/schema-text.ts';
import { parseConfig } from '../../../src/config/config.ts';

const ROOT = join(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const validate = new Ajv2020({ validateFormats: false }).compile(JSON.parse(schemaText()) as object);
const EXAMPLE = read('pgproof.yml');

interface Described {
  readonly description?: string;
  readonly properties?: Record<string, Described>;
}

describe('pgproof.schema.json', () => {
  test('is what `npm run schema` would write now', () => {
    expect(read('pgproof.schema.json')).toBe(schemaText());
  });

  test('says of a key what the rules say of it', () => {
    const { properties } = JSON.parse(schemaText()) as { properties: { aws: { properties: Record<string, Described> } } };
    const { instance, network, tracing } = properties.aws.properties;
    expect(tracing?.description).toBe('X-Ray traces of functions and state machine.');
    expect(network?.properties?.['vpc']?.description).toBe('The VPC that the worker and the throwaway instances are placed in.');
    expect(instance?.properties?.['class']?.description).toBe('Class of throwaway instances.');
    expect(schemaText().match(/"description"/g)?.length).toBeGreaterThanOrEqual(35);
  });

  test('is named by the example, and takes it as the rules themselves do', () => {
    expect(EXAMPLE.split('\n')[0]).toBe('# yaml-language-server: $schema=./pgproof.schema.json');
    expect([validate(parse(EXAMPLE)), validate.errors]).toEqual([true, null]);
    expect(Object.keys(parseConfig(EXAMPLE, 'pgproof.yml').databases)).toEqual(['shop']);
  });

  test.each([
    ['an unknown key', '    schedules:', '    shedules:'],
    ['an id of another kind', /vpc: \S+/, 'vpc: sg-0123456789abcdef0'],
    ['one subnet', ', subnet-0123456789abcdef1', ''],
    ['a duration without a unit', 'rtoTarget: 2h', 'rtoTarget: "2"'],
    ['a schedule in words', 'cron(17 1 * * ? *)', 'every night'],
    ['a kind of drill that there is not', '[dump, snapshot]', '[dumps]'],
    ['a secret that is none', /secret: \S+/, 'secret: hunter2'],
    ['two sources at once', '      database: shop', '      aurora: shop\n      database: shop'],
    ['no source at all', /rds: \S+/, 'port: 5432'],
    ['a name with capitals', '  shop: #', '  Shop: #'],
    ['no network', '  network: #', '  net: #'],
  ])('refuses %s, as the rules do', (_, from, to) => {
    const faulty = EXAMPLE.replace(from, to);
    expect(faulty).not.toBe(EXAMPLE);
    expect(validate(parse(faulty))).toBe(false);
    expect(() => parseConfig(faulty, 'pgproof.yml')).toThrow('pgproof.yml: ');
  });
});
