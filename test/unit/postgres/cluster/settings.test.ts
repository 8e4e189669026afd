import { expect, test } from 'vitest';
import { librariesOf } from '../../../../src/postgres/cluster/creation.ts';
import { disarm, scramVerifier } from '../../../../local/database-service/restoration.ts';
import { ownSettings, renderSettings } from '../../../../src/postgres/cluster/settings.ts';

test('values are written so that the server reads them back unchanged', () => {
  const text = renderSettings({ timezone: 'Europe/Vienna', search_path: '"$user", public', 'app.note': "it's \\n\n" });
  expect(text).toBe(
    ["timezone = 'Europe/Vienna'", `search_path = '"$user", public'`, "app.note = 'it''s \\\\n\\n'", ''].join('\n'),
  );
});

test.each(["a = 'b'\nport", 'include /etc/passwd', '', '1a', 'a.'])('%j is no name of a setting', (name) => {
  expect(() => renderSettings({ [name]: 'x' })).toThrow('is not the name of a server setting');
});

test('a cluster of ours listens on this machine alone', () => {
  const own = ownSettings({ port: 5433, socketDirectory: '/tmp/s', hba: '/h', ident: '/i' });
  expect(own).toMatchObject({ listen_addresses: '127.0.0.1', unix_socket_directories: '/tmp/s', hba_file: '/h' });
});

test('a copy is disarmed whatever its source was set to', () => {
  const settings = disarm({ timezone: 'UTC', archive_mode: 'always', archive_command: 'cp %p /nas', fsync: 'on' });
  expect(settings).toMatchObject({
    timezone: 'UTC',
    archive_mode: 'off',
    archive_command: '',
    max_logical_replication_workers: '0',
    max_wal_senders: '0',
    primary_conninfo: '',
  });
  expect(settings).not.toHaveProperty('max_worker_processes');
});

test.each(['pg_cron', '"pg_net", pg_stat_statements', 'unheard_of'])('the workers of %s never start', (libraries) => {
  expect(disarm({ shared_preload_libraries: libraries })).toMatchObject({ max_worker_processes: '0' });
});

test('the libraries of a list are read as the server reads them', () => {
  expect(librariesOf('pg_stat_statements, "$libdir/x", auto_explain,')).toEqual([
    'pg_stat_statements',
    '$libdir/x',
    'auto_explain',
  ]);
  expect(librariesOf('')).toEqual([]);
});

test('the verifier of a password is the one that PostgreSQL computes', () => {
  // From pg_authid of a server that was given this password, with the salt it chose.
  const salt = Buffer.from('JZPjFKuKeoPNDeluI8PBQw==', 'base64');
  expect(scramVerifier('pencil', salt)).toBe('SCRAM-SHA-256$4096:JZPjFKuKeoPNDeluI8PBQw==$KgzBnvLbnE4V4jpU6CKYQUvkGG+Bu4W7/QzCly7pgkc=:BZxhPQnUxtJqvDPAcDQAugArSVAnNfz0tPhNnW+0q58=');
});
