import { expect, test } from 'vitest';
import { splitScript } from '../../../src/postgres/sql-script.ts';

const SCRIPT = `--
-- a comment; with a semicolon
--
\\restrict aBc;
SET client_encoding = 'UTF8';
CREATE ROLE "a ""b"";--c";
COMMENT ON ROLE x IS 'it''s; not -- over
yet';
COMMENT ON ROLE y IS E'a\\\\'';b\\'c;';
ALTER ROLE Ünder_score1 WITH LOGIN VALID UNTIL 'infinity'
`;

test('a script falls apart at the semicolons that are none of a literal, a name or a comment', () => {
  expect(splitScript(SCRIPT).map(({ text }) => text)).toEqual([
    '\\restrict aBc;',
    `SET client_encoding = 'UTF8';`,
    'CREATE ROLE "a ""b"";--c";',
    `COMMENT ON ROLE x IS 'it''s; not -- over\nyet';`,
    `COMMENT ON ROLE y IS E'a\\\\'';b\\'c;';`,
    `ALTER ROLE Ünder_score1 WITH LOGIN VALID UNTIL 'infinity'`,
  ]);
});

test('words say what they mean and where they stand', () => {
  const [statement] = splitScript(' CREATE ROLE "a ""b";');
  expect(statement?.words).toEqual([
    { kind: 'bare', value: 'create', begin: 0, end: 6 },
    { kind: 'bare', value: 'role', begin: 7, end: 11 },
    { kind: 'quoted', value: 'a "b', begin: 12, end: 19 },
    { kind: 'sign', value: ';', begin: 19, end: 20 },
  ]);
});

test('a command of psql has no words', () => {
  expect(splitScript('\\unrestrict x\n')).toEqual([{ text: '\\unrestrict x', words: [] }]);
});
