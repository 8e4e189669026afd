import { ConfigurationError } from '../errors.ts';
import { addressEnvironment, withFreshLogin, type Address } from '../postgres/address.ts';
import { streamProgram } from '../postgres/subprocess.ts';

export type Compression = 'zstd' | 'gzip' | 'none';

/**
 * zstd where pg_dump knows it (16), else gzip at level 1: measured, gzip's default levels cost a multiple of the time
 * for a few per cent of the size.
 */
export function chooseCompression(wanted: 'auto' | Compression, pgDumpMajor: number): Compression {
  if (wanted === 'auto') return pgDumpMajor >= 16 ? 'zstd' : 'gzip';
  if (wanted === 'zstd' && pgDumpMajor < 16) {
    throw new ConfigurationError([`dump.compression: zstd needs pg_dump 16 or newer, found ${pgDumpMajor}`]);
  }
  return wanted;
}

function compressionArgument(compression: Compression, pgDumpMajor: number): string {
  if (compression === 'none') return '--compress=0';
  if (compression === 'zstd') return '--compress=zstd:3';
  return pgDumpMajor >= 16 ? '--compress=gzip:1' : '--compress=1';
}

export interface PgDumpRequest {
  readonly address: Address;
  readonly program: string;
  readonly major: number;
  readonly compression: Compression;
  /** Id of the exported snapshot whose moment the archive must hold. */
  readonly snapshot: string;
  readonly lockTimeoutSeconds: number;
  readonly signal: AbortSignal;
}

/** The archive as it leaves pg_dump; ends normally only after pg_dump exited 0 with everything read. */
export async function* pgDump(request: PgDumpRequest): AsyncGenerator<Uint8Array, void> {
  yield* streamProgram({
    path: request.program,
    args: [
      '--format=custom',
      compressionArgument(request.compression, request.major),
      `--snapshot=${request.snapshot}`,
      `--lock-wait-timeout=${request.lockTimeoutSeconds * 1000}`,
      '--no-password',
    ],
    env: addressEnvironment(await withFreshLogin(request.address)),
    signal: request.signal,
  });
}

const MIB = 1024 * 1024;

/**
 * Bytes per part for a database of `databaseBytes`: 8 MiB until that would need more than 8,000 parts (a store takes
 * 10,000, and an archive is normally smaller than its database).
 */
export function choosePartBytes(databaseBytes: number): number {
  return Math.max(8 * MIB, Math.ceil(databaseBytes / 8000 / MIB) * MIB);
}
