import * as z from 'zod';

/** The instructions of worker/Dockerfile, and no others: what this does not understand, it refuses. */
export type Instruction =
  | { readonly kind: 'COPY'; readonly from: string | undefined; readonly sources: readonly string[]; readonly to: string }
  | { readonly kind: 'ENV'; readonly variables: Readonly<Record<string, string>> }
  | { readonly kind: 'ENTRYPOINT'; readonly command: readonly string[] }
  | { readonly kind: 'RUN'; readonly script: string }
  | { readonly kind: 'USER'; readonly uid: number; readonly gid: number }
  | { readonly kind: 'VOLUME'; readonly paths: readonly string[] }
  | { readonly kind: 'WORKDIR'; readonly path: string };

export interface Stage {
  readonly name: string | undefined;
  readonly base: string;
  readonly instructions: readonly Instruction[];
}

/** @throws Error naming the line that is not understood */
export function parseDockerfile(text: string): Stage[] {
  const stages: { name: string | undefined; base: string; instructions: Instruction[] }[] = [];
  for (const line of logicalLines(text)) {
    const [, keyword = '', rest = ''] = /^(\S+)\s+(.*)$/s.exec(line) ?? [];
    const from = keyword === 'FROM' ? /^(\S+)(?: AS (\S+))?$/.exec(rest) : undefined;
    if (from) stages.push({ base: from[1] ?? '', name: from[2], instructions: [] });
    else {
      const stage = stages.at(-1);
      if (!stage) throw new Error(`before FROM: ${line}`);
      stage.instructions.push(parseInstruction(keyword, rest, line));
    }
  }
  return stages;
}

/** Without comments, and with continued lines joined as the shell will see them. */
function logicalLines(text: string): string[] {
  const lines = text.split('\n').filter((line) => !/^\s*#/.test(line) && line.trim() !== '');
  return lines.join('\n').replaceAll(/\\\n/g, '').split('\n');
}

const words = z.array(z.string().min(1)).min(1);

function parseInstruction(kind: string, rest: string, line: string): Instruction {
  const refuse = (): never => {
    throw new Error(`not understood: ${line}`);
  };
  switch (kind) {
    case 'COPY': {
      const [, from, list = ''] = /^(?:--from=(\S+) )?([^-].*)$/.exec(rest) ?? refuse();
      const names = list.split(/\s+/);
      return { kind, from, sources: names.slice(0, -1), to: names.at(-1) ?? '' };
    }
    case 'ENV': {
      if (!/^[A-Z_]+=[^\s"'$]+( [A-Z_]+=[^\s"'$]+)*$/.test(rest)) refuse();
      return { kind, variables: Object.fromEntries(rest.split(' ').map((pair) => pair.split(/=(.*)/s).slice(0, 2) as [string, string])) };
    }
    case 'ENTRYPOINT':
      return { kind, command: words.parse(JSON.parse(rest)) };
    case 'RUN':
      return rest.startsWith('[') || rest.startsWith('--') ? refuse() : { kind, script: rest };
    case 'USER': {
      const [, uid, gid] = /^(\d+):(\d+)$/.exec(rest) ?? refuse();
      return { kind, uid: Number(uid), gid: Number(gid) };
    }
    case 'VOLUME':
      return { kind, paths: words.parse(JSON.parse(rest)) };
    case 'WORKDIR':
      return rest.startsWith('/') ? { kind, path: rest } : refuse();
    default:
      return refuse();
  }
}

/** What .dockerignore keeps out of the build: the last rule that fits decides, `!` takes back. */
export function isIgnored(rules: string, path: string): boolean {
  let ignored = false;
  for (const rule of rules.split('\n').map((line) => line.trim())) {
    if (rule === '' || rule.startsWith('#')) continue;
    const name = rule.replace(/^!/, '');
    if (/[*?[]/.test(name) && name !== '*') throw new Error(`not understood: ${rule}`);
    if (name === '*' || path === name || path.startsWith(`${name}/`)) ignored = !rule.startsWith('!');
  }
  return ignored;
}
