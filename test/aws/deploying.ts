import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { execa } from 'execa';
import { inject } from 'vitest';
import { copyService } from '../package/packaging.ts';

const ROOT = join(import.meta.dirname, '../..');

/** How a command ended, and how it called docker. */
export interface Typed {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Its arguments, call by call. */
  readonly docker: readonly string[][];
  /** What `docker login` read. */
  readonly password: string;
}

export interface DeployingCheckout {
  readonly directory: string;
  /** Runs a line as typed into a shell there, in the emulator's account. */
  type(line: string, given?: { readonly env?: Readonly<Record<string, string>>; readonly input?: string }): Promise<Typed>;
  /** Replaces pgproof.yml. */
  configure(yaml: string): Promise<void>;
  /** A pgproof.yml for the emulator's own network, with lines added under `aws`. */
  configuration(more?: string): Promise<string>;
  remove(): Promise<void>;
}

async function configurationFor(region: string, more: string): Promise<string> {
  const [vpc] = await askNetwork(region, 'DescribeVpcs', 'vpcId');
  const subnets = (await askNetwork(region, 'DescribeSubnets', 'subnetId')).slice(0, 2).join(', ');
  return [
    'databases:',
    '  shop:',
    '    source:',
    '      url: postgres://backup@db.example.com/shop',
    `      secret: arn:aws:secretsmanager:${region}:123456789012:secret:shop-AbCdEf`,
    '    schedules: { dump: cron(17 3 * * ? *) }',
    'aws:',
    `  region: ${region}`,
    `  network: { vpc: ${vpc}, subnets: [${subnets}] }`,
    more,
  ].join('\n');
}

/** The emulator knows by the credential of which Region it is asked, and looks at nothing else of it. */
async function askNetwork(region: string, action: string, element: string): Promise<string[]> {
  const authorization = `AWS4-HMAC-SHA256 Credential=test/20261120/${region}/ec2/aws4_request, SignedHeaders=host, Signature=0`;
  const headers = { 'content-type': 'application/x-www-form-urlencoded', authorization };
  const answer = await fetch(inject('moto'), { method: 'POST', headers, body: `Action=${action}&Version=2016-11-15` });
  return [...(await answer.text()).matchAll(new RegExp(`<${element}>([^<]+)<`, 'g'))].map(([, id]) => id ?? '');
}

/**
 * With a docker that only notes its calls first on PATH, and a layer that holds one empty program.
 * @param region of its own for each test file: they share the emulator, and a stack's name is the same everywhere
 */
export async function makeDeployingCheckout(region: string): Promise<DeployingCheckout> {
  const copy = await copyService(() => '');
  const { directory } = copy;
  await cp(join(ROOT, 'worker'), join(directory, 'worker'), { recursive: true });
  await mkdir(join(directory, 'layers/pg-tools/build/arm64/bin'), { recursive: true });
  await writeFile(join(directory, 'layers/pg-tools/build/arm64/bin/pg_restore'), '#!/bin/sh\n');
  // The emulator forgets a stack's outputs where the stack is changed by a change set.
  const service = join(directory, 'serverless.yml');
  await writeFile(service, (await readFile(service, 'utf8')).replace('  name: aws\n', '  name: aws\n  deploymentMethod: direct\n'));
  const configure = (yaml: string) => writeFile(join(directory, 'pgproof.yml'), yaml);
  const configuration = (more = '') => configurationFor(region, more);
  await configure(await configuration());
  const type: DeployingCheckout['type'] = async (line, { env = {}, input } = {}) => {
    const calls = await mkdtemp(join(tmpdir(), 'pgproof-docker-'));
    try {
      const options = { cwd: directory, env: { ...environment(directory, calls), ...env }, extendEnv: false, reject: false, input: input ?? '' };
      const { exitCode = -1, stdout, stderr } = await execa('/bin/bash', ['-c', line], options);
      return { exitCode, stdout, stderr, ...(await callsIn(calls)) };
    } finally {
      await rm(calls, { recursive: true });
    }
  };
  return { directory, configure, configuration, type, remove: copy.remove };
}

function environment(directory: string, calls: string): Record<string, string> {
  const path = [join(ROOT, 'test/fixtures/engine'), dirname(process.execPath), join(ROOT, 'node_modules/.bin'), process.env['PATH'] ?? ''];
  return {
    PATH: path.join(delimiter),
    HOME: join(directory, 'home'),
    DOCKER_CALLS: calls,
    AWS_ENDPOINT_URL: inject('moto'),
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_EC2_METADATA_DISABLED: 'true',
    NO_COLOR: '1',
    npm_config_update_notifier: 'false',
  };
}

async function callsIn(directory: string): Promise<Pick<Typed, 'docker' | 'password'>> {
  const docker: string[][] = [];
  let password = '';
  for (const name of (await readdir(directory)).toSorted()) {
    const text = await readFile(join(directory, name), 'utf8');
    if (name.endsWith('.argv')) docker.push(text.trimEnd().split('\n'));
    else password += text;
  }
  return { docker, password };
}
