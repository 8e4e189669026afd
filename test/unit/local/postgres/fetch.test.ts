import { describe, expect, test } from 'vitest';
import { librariesOf } from '../../../../local/postgres/fetch/apt.ts';
import { suitesFor } from '../../../../local/postgres/fetch/suites.ts';

const BOOKWORM = 'ID=debian\nVERSION_CODENAME=bookworm\n';
const URIS = `
'http://mirror.example/debian/dists/bookworm/InRelease' mirror.example_debian_dists_bookworm_InRelease 0
'http://mirror.example/debian/dists/bookworm-updates/InRelease' x 0
'http://mirror.example/debian-security/dists/bookworm-security/InRelease' x 0
'https://packages.example/apt/dists/cloud-sdk-bookworm/InRelease' x 0
'http://mirror.example/debian/dists/bookworm/main/binary-amd64/Packages.xz' x 0
`;
const KEYRING = '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]';

describe('where to look', () => {
  test('the own release comes first, from the mirrors of this machine and with its keys', () => {
    const suites = suitesFor({ osRelease: BOOKWORM, uris: URIS, hasFile: () => true });
    expect(suites.map(({ name }) => name)).toEqual(['bookworm', 'trixie', 'forky']);
    expect(suites[0]?.lines).toEqual([
      `deb ${KEYRING} http://mirror.example/debian bookworm main`,
      `deb ${KEYRING} http://mirror.example/debian-security bookworm-security main`,
    ]);
    expect(suites[1]?.lines).toEqual([
      `deb ${KEYRING} http://mirror.example/debian trixie main`,
      `deb ${KEYRING} http://mirror.example/debian-security trixie-security main`,
    ]);
  });

  test('a machine that is set up for no archive has nowhere to look', () => {
    expect(suitesFor({ osRelease: BOOKWORM, uris: '', hasFile: () => false })).toEqual([]);
  });

  test('trixie is not looked at twice', () => {
    const suites = suitesFor({
      osRelease: 'ID=debian\nVERSION_CODENAME=trixie\n',
      uris: URIS.replaceAll('bookworm', 'trixie'),
      hasFile: () => false,
    });
    expect(suites.map(({ name }) => name)).toEqual(['trixie', 'bookworm', 'forky']);
  });

  test('what is made of Ubuntu uses Ubuntu’s release and nothing else', () => {
    const osRelease = 'ID=linuxmint\nID_LIKE="ubuntu debian"\nVERSION_CODENAME=wilma\nUBUNTU_CODENAME=noble\n';
    const uris = `'http://archive.example/ubuntu/dists/noble/InRelease' x 0\n'http://mint.example/dists/wilma/InRelease' x 0`;
    const suites = suitesFor({ osRelease, uris, hasFile: () => true });
    const keyring = '[signed-by=/usr/share/keyrings/ubuntu-archive-keyring.gpg]';
    expect(suites).toEqual([{ name: 'noble', lines: [`deb ${keyring} http://archive.example/ubuntu noble main`] }]);
  });

  test('other systems have nowhere to look', () => {
    expect(suitesFor({ osRelease: 'ID=fedora\nVERSION_CODENAME=x\n', uris: URIS, hasFile: () => true })).toEqual([]);
    expect(suitesFor({ osRelease: '', uris: URIS, hasFile: () => true })).toEqual([]);
  });
});

describe('what to unpack', () => {
  const DEPENDS = `postgresql-15
 |Depends: locales
  Depends: locales-all
  Depends: postgresql-common
 |Depends: liba1
  Depends: libb1
  Depends: libllvm14
  Depends: <libvirtual1>
    libprovider1
    libother1
  PreDepends: libc6
liba1
  Depends: libdeep1:any
libdeep1
  Depends: libc6
  Depends: perl
libb1
libprovider1
  Depends: zlib1g
postgresql-common
  Depends: libjson-perl
libc6
zlib1g
`;

  test('libraries are followed to the end, programs, alternatives and the JIT compiler are not', () => {
    expect(librariesOf(DEPENDS, ['postgresql-15'])).toEqual([
      'liba1',
      'libc6',
      'libdeep1',
      'libprovider1',
      'postgresql-15',
      'zlib1g',
    ]);
  });
});
