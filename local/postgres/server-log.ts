import { readFile } from 'node:fs/promises';

/** Why a server did not start or ended, in its own words; undefined when its log says nothing. */
export async function logProblem(log: string): Promise<string | undefined> {
  const text = await readFile(log, 'utf8').catch(() => '');
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const index = lines.findLastIndex((line) => /\b(FATAL|PANIC|ERROR): /.test(line));
  const chosen = index === -1 ? lines.slice(-3) : lines.slice(index, index + 3).filter(isPartOfReason);
  return chosen.length === 0 ? undefined : chosen.map(withoutPrefix).join('; ');
}

function isPartOfReason(line: string, position: number): boolean {
  return position === 0 || /\b(DETAIL|HINT): /.test(line);
}

function withoutPrefix(line: string): string {
  return line.replace(/^\S+ \S+ \S+ \[\d+\] /, '').replaceAll(/\s+/g, ' ').trim();
}
