import { expect, test } from 'vitest';
import { orderContents } from '../../../src/drill/restore-order.ts';

// As pg_restore --list prints them.
const FIRST = [
  '6; 2615 16388 SCHEMA - shop shop_owner',
  '4; 0 0 DATABASE - shop owner_of_all',
  '5; 0 0 DATABASE PROPERTIES - shop owner_of_all',
  '3500; 0 0 COMMENT - DATABASE shop owner_of_all',
  '3501; 0 0 ACL - SCHEMA shop shop_owner',
  '3502; 0 0 ACL - SCHEMA public pg_database_owner',
  '3503; 0 0 ACL - DATABASE shop owner_of_all',
];
const REST = [
  '2; 3079 16400 EXTENSION - hstore ',
  '3504; 0 0 ACL - SCHEMA of_an_extension owner_of_all',
  '215; 1259 16390 TABLE shop SCHEMA shop_owner',
  '3505; 0 0 ACL shop TABLE DATABASE shop_owner',
  '3400; 0 16390 TABLE DATA shop SCHEMA shop_owner',
  '3506; 0 0 DEFAULT ACL shop DEFAULT PRIVILEGES FOR TABLES shop_owner',
];

test('what the service granted of PostgreSQL’s own objects is left to it, and nothing else', () => {
  const own = ['3600; 0 0 ACL pg_catalog FUNCTION pg_ls_logdir() rdsadmin', '3601; 0 0 ACL - SCHEMA pg_catalog rdsadmin'];
  const other = ['3602; 0 0 ACL pg_catalog FUNCTION pg_ls_logdir() postgres', '3603; 0 0 ACL shop TABLE pg_catalog rdsadmin'];
  expect(orderContents([...own, ...other])).toEqual({ first: [], rest: other });
});

test('the database and its schemas come first with what was granted on them, the rest keeps its order', () => {
  const lines = [...REST.slice(0, 3), ...FIRST, ...REST.slice(3)];
  expect(orderContents(lines)).toEqual({ first: FIRST, rest: REST });
});
