import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../docs/checkout.ts';
import { describeCosts, monthlyCosts } from '../../docs/costs.ts';
import { readBlock } from '../../docs/readme-blocks.ts';
import { parseConfig } from '../../src/config/config.ts';
import { needDeployable } from '../../src/config/deployment.ts';
import { DrillInput } from '../../src/drill/contract.ts';
import { ConfigurationError } from '../../src/errors.ts';

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const deploy = read('docs/deploy.md');
const runbook = read('docs/runbook.md');

describe('docs/deploy.md', () => {
  it.each(['the newest', 'a named backup', 'a point in time'])('shows an input that the drill takes whole: %s', (name) => {
    const input: unknown = JSON.parse(readBlock(deploy, `input: ${name}`) ?? 'missing');
    // Unknown keys are left out without a word, so a misspelt one would be missing here.
    expect(DrillInput.parse(input)).toEqual(input);
  });

  it('shows a pgproof.yml that can be deployed', () => {
    const { databases } = needDeployable(parseConfig(readBlock(deploy, 'example: pgproof.yml') ?? '', 'docs/deploy.md'));
    expect(Object.keys(databases)).toEqual(['orders']);
    expect(databases['orders']?.drill.kinds).toEqual(['dump', 'snapshot', 'pitr']);
  });

  it('would notice an example that cannot', () => {
    const yaml = (readBlock(deploy, 'example: pgproof.yml') ?? '').replace(/^ +securityGroup:.*\n/m, '');
    expect(() => needDeployable(parseConfig(yaml, 'docs/deploy.md'))).toThrow(ConfigurationError);
  });

  it('shows the costs that the script computes', () => {
    expect(deploy).toContain(`<!-- made by docs/costs.ts -->\n${describeCosts()}\n<!-- /made by docs/costs.ts -->`);
  });

  it('names only functions that are deployed', async () => {
    const names = new Set([...`${deploy}${runbook}`.matchAll(/pgproof-prod-([a-zA-Z]+)/g)].map((match) => match[1]));
    const deployed = (await fromDeploy<{ name: string }[]>('functions.cjs')).map(({ name }) => name);
    expect([...names].filter((name) => !deployed.includes(name ?? '') && name !== 'worker')).toEqual([]);
  });
});

describe('the costs of a month', () => {
  // By hand: 30.4167 nights × 1.5 h × (2 × 0.03238 + 8 × 0.00356); 30 × 25 GB × 0.023; 160 GB × 0.095;
  // 4.3333 weeks × (4 h of that task + 5 h × 0.065 + 125 GB × 0.115 × 5 / 730 + 150 × 0.000025).
  it.each([
    ['nightly dump, its worker', 4.254],
    ['30 dumps in S3', 17.25],
    ['30 snapshots in RDS', 15.2],
    ['weekly drill of a dump', 3.467],
  ])('of 100 GB are right by hand: %s', (item, dollars) => {
    expect(monthlyCosts(100).find((each) => each.item === item)?.dollars).toBeCloseTo(dollars, 2);
  });

  it('name no price for a drill that cannot be done', () => {
    expect(monthlyCosts(1000).find(({ item }) => item === 'weekly drill of a dump')?.dollars).toBeUndefined();
  });
});

/** What each template of an event's name can become. */
const SPELT: Readonly<Record<string, readonly string[]>> = {
  'drill.${result.verdict.toLowerCase().replace(\' \', \'-\')}': ['drill.proven', 'drill.failed', 'drill.not-proven'],
  'backup.${status}': ['backup.valid', 'backup.invalid'],
  '${kind}.refused': ['dump.refused', 'snapshot.refused'],
  '${task.verb}.died': ['dump.died', 'snapshot-facts.died', 'reading.died', 'validate.died'],
};

/** Every event that people can be told of, as the code names them. */
function eventsInCode(): string[] {
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const texts = files.map((file) => read(join('src', file))).filter((text) => text.includes('Notification'));
  return texts.flatMap((text) => [...text.matchAll(/^\s+event: (.+),$/gm)]).flatMap(([, spelling = '']) => {
    const names = [...spelling.matchAll(/'([a-z-]+\.[a-z-]+)'|`([^`]+)`/g)].map(([, plain, template]) => plain ?? template ?? '');
    return names.flatMap((name) => SPELT[name] ?? [name]);
  });
}

describe('docs/runbook.md', () => {
  const headings = runbook.split('\n').filter((line) => line.startsWith('### ')).join('\n');

  it('has a section for every notification, and for none that does not exist', () => {
    const explained = [...headings.matchAll(/`([a-z-]+\.[a-z-]+)`/g)].map((match) => match[1]);
    expect(explained.toSorted()).toEqual([...new Set(eventsInCode())].toSorted());
    expect(explained.length).toBeGreaterThan(15);
  });

  it('has a section for every alarm', async () => {
    const inFiles = readdirSync(join(ROOT, 'deploy')).filter((file) => file.endsWith('.yml'));
    // One that has no name of its own gets one that holds its id.
    const written = inFiles.flatMap((file) => [...read(`deploy/${file}`).matchAll(/^ {2}(\w+Alarm):$/gm)].map((match) => match[1] ?? ''));
    const { Resources } = await fromDeploy<{ Resources: Record<string, { Properties: { AlarmName: string } }> }>('alarms.cjs');
    const named = Object.values(Resources).map(({ Properties }) => Properties.AlarmName.replace('${self:service}-${sls:stage}-', ''));
    const explained = [...headings.matchAll(/`([\w-]+)(…?)`/g)].map(([, name = '', more]) => ({ name, isBeginning: more !== '' }));
    const all = [...written, ...named];
    expect(all.filter((alarm) => !explained.some(({ name, isBeginning }) => (isBeginning ? alarm.startsWith(name) : alarm === name)))).toEqual([]);
    const unused = explained.filter(({ name, isBeginning }) => !all.some((alarm) => (isBeginning ? alarm.startsWith(name) : alarm === name)));
    expect(unused).toEqual([]);
    expect(all.length).toBeGreaterThan(8);
  });
});

describe('docs/architecture.md', () => {
  it('names every function, and none that is not there', () => {
    const handlers = readdirSync(join(ROOT, 'functions'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('handler.ts'));
    const section = /\| function \| begun by[\s\S]*?\n\n/.exec(read('docs/architecture.md'))?.[0] ?? '';
    const named = [...section.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap(([, cell = '']) => [...cell.matchAll(/`([a-z-]+)`/g)].map((match) => match[1]));
    expect(named.toSorted()).toEqual(handlers.map((file) => file.split('/').at(-2)).toSorted());
  });
});

describe.each(['docs/deploy.md', 'docs/runbook.md', 'docs/architecture.md'])('%s', (file) => {
  it('links only to files and headings that exist', () => {
    const links = [...read(file).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '').filter((link) => !/^https?:/.test(link));
    const broken = links.filter((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? file : join(file, '..', path);
      if (!existsSync(join(ROOT, target))) return true;
      return anchor !== undefined && !anchorsOf(read(target)).includes(anchor);
    });
    expect(broken).toEqual([]);
  });
});

/** As GitHub makes them of headings. */
function anchorsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? '');
  return headings.map((heading) => heading.toLowerCase().replaceAll(/[^a-z0-9 _-]/g, '').replaceAll(' ', '-'));
}

/** What a file under deploy/ gives the template, for this checkout's pgproof.yml. */
async function fromDeploy<T>(file: string): Promise<T> {
  const program = `process.stdout.write(JSON.stringify(require('./deploy/${file}')()))`;
  const { stdout } = await execa(process.execPath, ['-e', program], { cwd: ROOT });
  return JSON.parse(stdout) as T;
}
