import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { publicCertificates, rdsCertificates } from '../../../worker/certificates.ts';

const NOW = new Date('2026-11-20T00:00:00Z');

function parse(pem: string): X509Certificate[] {
  const blocks = pem.split(/(?<=-----END CERTIFICATE-----\n)/);
  return blocks.map((block) => new X509Certificate(block));
}
const nameOf = ({ subject }: X509Certificate) => /^CN=(.*)$/m.exec(subject)?.[1];

describe('the certificate authorities of RDS', () => {
  const certificates = parse(rdsCertificates(NOW));

  it('are authorities, every one, and have not expired', () => {
    expect(certificates.length).toBeGreaterThan(60);
    expect(certificates.filter(({ ca }) => !ca)).toEqual([]);
    const end = Date.parse('2027-11-20T00:00:00Z');
    expect(certificates.filter(({ validToDate }) => validToDate.getTime() < end).map(nameOf)).toEqual([]);
    expect(certificates.filter(({ issuer }) => !/Amazon|Starfield Services/.test(issuer)).map(nameOf)).toEqual([]);
  });

  it.each(['eu-central-1', 'us-east-1', 'ap-southeast-2', 'sa-east-1'])('include the three roots of %s, each signed by itself', (region) => {
    for (const kind of ['RSA2048', 'RSA4096', 'ECC384']) {
      const root = certificates.find((certificate) => nameOf(certificate) === `Amazon RDS ${region} Root CA ${kind} G1`);
      expect([kind, root?.verify(root.publicKey)]).toEqual([kind, true]);
    }
  });

  it('leave out those that have expired by then', () => {
    const names = (now: string) => parse(rdsCertificates(new Date(now))).map(nameOf);
    expect(names('2024-08-01T00:00:00Z')).toContain('Amazon RDS Root 2019 CA');
    expect(names('2026-11-20T00:00:00Z')).not.toContain('Amazon RDS Root 2019 CA');
  });
});

describe('the certificate authorities of the public', () => {
  it('are those of Node, every one an authority', () => {
    const certificates = parse(publicCertificates(NOW));
    expect(certificates.length).toBeGreaterThan(100);
    expect(certificates.map(nameOf)).toContain('Amazon Root CA 1');
    expect(certificates.filter(({ validToDate }) => validToDate < NOW).map(nameOf)).toEqual([]);
  });
});
