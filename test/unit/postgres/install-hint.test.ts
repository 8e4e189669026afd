import { expect, test } from 'vitest';
import { installHint } from '../../../src/postgres/install-hint.ts';

const DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n';
const MINT = 'ID=linuxmint\nID_LIKE="ubuntu debian"\n';
const ROCKY = 'ID="rocky"\nID_LIKE="rhel centos fedora"\n';

test.each([
  ['linux', DEBIAN, { major: 17, needServer: true }, 'sudo apt-get install postgresql-17 '],
  ['linux', MINT, { needServer: false }, 'sudo apt-get install postgresql-client '],
  ['linux', ROCKY, { major: 16, needServer: true }, 'sudo dnf install postgresql16-server postgresql16-contrib '],
  ['linux', ROCKY, { major: 16, needServer: false }, 'sudo dnf install postgresql16 '],
  ['linux', 'ID=alpine\n', { major: 16, needServer: true }, 'sudo apk add postgresql16 postgresql16-contrib'],
  ['linux', 'ID=arch\n', { needServer: true }, 'sudo pacman -S postgresql'],
  ['linux', '', { major: 15, needServer: true }, 'install PostgreSQL 15 from https://www.postgresql.org/download/'],
  ['darwin', '', { major: 16, needServer: true }, 'brew install postgresql@16'],
])('on %s with %j the command for %j is right', (platform, osRelease, need, command) => {
  expect(`${installHint(need, { platform, osRelease })} `).toMatch(command);
});
