/**
 * An ECDSA signature (r, s) is as valid as (r, n - s), so anyone could alter the bytes of a seal without breaking it.
 * pgproof seals with the smaller of the two and accepts no other. Curve P-256, signatures in DER.
 */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

/** The one form of a signature that evidence may carry. */
export function canonicalEcdsaSignature(der: Uint8Array): Uint8Array {
  const { r, s } = readSignature(der);
  return writeSignature(r, s > ORDER / 2n ? ORDER - s : s);
}

/** @throws RangeError when the bytes are no DER sequence of two integers */
function readSignature(der: Uint8Array): { r: bigint; s: bigint } {
  const bytes = Buffer.from(der);
  const rLength = bytes[3] ?? 0;
  const sLength = bytes[5 + rLength] ?? 0;
  const sane = bytes[0] === 0x30 && bytes[2] === 0x02 && bytes[4 + rLength] === 0x02;
  if (!sane || bytes.length !== 6 + rLength + sLength || bytes[1] !== bytes.length - 2) {
    throw new RangeError('not a DER signature over P-256');
  }
  const integer = (at: number, length: number) => BigInt(`0x${bytes.toString('hex', at, at + length) || '0'}`);
  return { r: integer(4, rLength), s: integer(6 + rLength, sLength) };
}

function writeSignature(r: bigint, s: bigint): Uint8Array {
  const body = Buffer.concat([writeInteger(r), writeInteger(s)]);
  return Buffer.concat([Buffer.from([0x30, body.length]), body]);
}

function writeInteger(value: bigint): Buffer {
  const hex = value.toString(16);
  const digits = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  // DER integers are signed: a leading bit of one needs a zero byte before it.
  const bytes = (digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), digits]) : digits;
  return Buffer.concat([Buffer.from([0x02, bytes.length]), bytes]);
}
