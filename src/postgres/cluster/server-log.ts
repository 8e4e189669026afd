import { readFile } from 'node:fs/promises';

/** Why a server did not start or ended, in its own words; undefined when its log says nothing. */
export async function logProblem(log: string): Promise<string | undefined> {
  const text = await readFile(log, 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const index = lines.findLastIndex((line) => /\b(FATAL|PANIC|ERROR): /.test(line));
  // Faults of the configuration are told first, each in a line of its own.
  const faults = lines[index]?.includes('contains errors') ? lines.slice(0, index).filter(isFault) : [];
  const reason = index === -1 ? lines.slice(-3) : lines.slice(index, index + 3).filter(isPartOfReason);
  const chosen = [...faults.slice(-5), ...reason];
  return chosen.length === 0 ? undefined : chosen.map(withoutPrefix).join('; ');
}

function isFault(line: string): boolean {
  return /\bLOG: .*(parameter|syntax error|setting)/.test(line);
}

function isPartOfReason(line: string, position: number): boolean {
  return position === 0 || /\b(DETAIL|HINT): /.test(line);
}

function withoutPrefix(line: string): string {
  return line.replace(/^\S+ \S+ \S+ \[\d+\] /, '').replaceAll(/\s+/g, ' ').trim();
}
