import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Buffer;
  /** Of Unix; 0 where the archive says nothing. */
  readonly mode: number;
}

/** The files in a zip archive by name. */
export function readZip(path: string): Map<string, Buffer> {
  return new Map(readZipEntries(path).map(({ name, bytes }) => [name, bytes]));
}

/** Understands what the packager writes and nothing more. */
export function readZipEntries(path: string): ZipEntry[] {
  const zip = readFileSync(path);
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0) throw new Error(`${path} is no zip archive`);
  const files: ZipEntry[] = [];
  let entry = zip.readUInt32LE(end + 16);
  for (let count = zip.readUInt16LE(end + 10); count > 0; count -= 1) {
    const [method, size] = [zip.readUInt16LE(entry + 10), zip.readUInt32LE(entry + 20)];
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) => zip.readUInt16LE(entry + offset));
    const name = zip.toString('utf8', entry + 46, entry + 46 + (nameBytes ?? 0));
    const local = zip.readUInt32LE(entry + 42);
    const begin = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const stored = zip.subarray(begin, begin + size);
    const mode = zip.readUInt32LE(entry + 38) >>> 16;
    files.push({ name, bytes: method === 0 ? stored : inflateRawSync(stored), mode });
    entry += 46 + (nameBytes ?? 0) + (extraBytes ?? 0) + (commentBytes ?? 0);
  }
  return files;
}
