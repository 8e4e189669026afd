import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceSection } from './readme-blocks.ts';

/**
 * What a month costs, from unit prices and assumptions that stand here and nowhere else: `node docs/costs.ts` prints the
 * section of docs/deploy.md, `node docs/costs.ts --write` puts it there.
 */

/** US dollars in us-east-1, as of 2026-11-20. `sure: false`: remembered, not looked up. */
const PRICES = {
  vcpuHour: { price: 0.03238, per: 'vCPU-hour of Fargate, arm64', sure: true },
  memoryHour: { price: 0.00356, per: 'GB-hour of Fargate, arm64', sure: true },
  instanceHour: { price: 0.065, per: 'hour of db.t4g.medium', sure: true },
  instanceStorage: { price: 0.115, per: 'GB-month of gp3 in RDS', sure: true },
  snapshotStorage: { price: 0.095, per: 'GB-month of snapshots beyond the free part', sure: true },
  objectStorage: { price: 0.023, per: 'GB-month of S3 Standard', sure: false },
  transition: { price: 0.025 / 1000, per: 'transition of Step Functions', sure: false },
  secret: { price: 0.4, per: 'secret and month', sure: false },
} as const;
type Unit = keyof typeof PRICES;

/** Speeds are guesses for a small worker and a small instance; your own first night replaces them. */
const ASSUMED = {
  nights: 365 / 12,
  weeks: 52 / 12,
  monthHours: 730,
  /** Backups kept: pgproof deletes none, so somebody else does after a month. */
  kept: 30,
  /** Size of a dump, as part of the database's. */
  compressed: 1 / 4,
  /** What changes from one snapshot to the next, as part of the database's size. */
  changed: 0.02,
  /** Storage of an instance, for each GB of database. */
  allocated: 1.25,
  vcpus: 2,
  memoryGb: 8,
  /** GB of database per hour. */
  dumpPerHour: 200 / 3,
  validatePerHour: 400,
  restorePerHour: 25,
  readPerHour: 100,
  /** Hours until an instance is there, and until it is gone again. */
  instanceOverhead: 1,
  transitions: 150,
  /** The longest that the state Prove may take. */
  drillHours: 23,
} as const;

export interface Cost {
  readonly item: string;
  /** Dollars a month; undefined when it cannot be done. */
  readonly dollars: number | undefined;
}

/** @param gigabytes size of the database */
export function monthlyCosts(gigabytes: number): Cost[] {
  const restoreHours = gigabytes / ASSUMED.restorePerHour;
  const dumpDrill = drill(restoreHours, Math.max(100, gigabytes * ASSUMED.allocated));
  const snapshotDrill = drill(gigabytes / ASSUMED.readPerHour, gigabytes * ASSUMED.allocated);
  const snapshots = gigabytes * (1 + ASSUMED.kept * ASSUMED.changed);
  return [
    { item: 'nightly dump, its worker', dollars: ASSUMED.nights * task(gigabytes / ASSUMED.dumpPerHour) },
    { item: 'validation of each dump', dollars: ASSUMED.nights * task(gigabytes / ASSUMED.validatePerHour) },
    { item: `${ASSUMED.kept} dumps in S3`, dollars: ASSUMED.kept * gigabytes * ASSUMED.compressed * cost('objectStorage') },
    { item: `${ASSUMED.kept} snapshots in RDS`, dollars: snapshots * cost('snapshotStorage') },
    { item: 'weekly drill of a snapshot', dollars: ASSUMED.weeks * snapshotDrill },
    { item: 'weekly drill of a dump', dollars: restoreHours > ASSUMED.drillHours ? undefined : ASSUMED.weeks * dumpDrill },
    { item: "the secret of the database's role", dollars: cost('secret') },
  ];
}

const cost = (unit: Unit): number => PRICES[unit].price;

function task(hours: number): number {
  return hours * (ASSUMED.vcpus * cost('vcpuHour') + ASSUMED.memoryGb * cost('memoryHour'));
}

function drill(proveHours: number, storageGb: number): number {
  const instanceHours = proveHours + ASSUMED.instanceOverhead;
  const storage = (storageGb * cost('instanceStorage') * instanceHours) / ASSUMED.monthHours;
  return task(proveHours) + instanceHours * cost('instanceHour') + storage + ASSUMED.transitions * cost('transition');
}

const SIZES = [10, 100, 1000];

/** The section as it stands in docs/deploy.md. */
export function describeCosts(): string {
  const columns = SIZES.map(monthlyCosts);
  const rows = (columns[0] ?? []).map(({ item }, row) => [item, ...columns.map((column) => dollars(column[row]?.dollars))]);
  const total = ['**together**', ...columns.map((column) => `**${dollars(column.reduce((sum, each) => sum + (each.dollars ?? 0), 0))}**`)];
  return [
    `| a month, in us-east-1 | ${SIZES.map((size) => `${size} GB`).join(' | ')} |`,
    `|---|${SIZES.map(() => '---:|').join('')}`,
    ...[...rows, total].map((cells) => `| ${cells.join(' | ')} |`),
    '',
    ...assumptions(),
  ].join('\n');
}

function dollars(amount: number | undefined): string {
  return amount === undefined ? '–' : `$${amount.toFixed(2)}`;
}

function assumptions(): string[] {
  const price = (sure: boolean): string =>
    Object.values(PRICES)
      .filter((each) => each.sure === sure)
      .map((each) => `$${Number(each.price.toPrecision(4))} per ${each.per}`)
      .join(', ');
  return [
    `- Unit prices of 2026-11-20, from publications about them: ${price(true)}. **Remembered and not looked up: ${price(false)}.**`,
    `- Assumed, not measured on AWS: worker of ${ASSUMED.vcpus} vCPU and ${ASSUMED.memoryGb} GB; ${Math.round(ASSUMED.dumpPerHour)} GB of database dumped, ${ASSUMED.validatePerHour} validated, ${ASSUMED.restorePerHour} restored, ${ASSUMED.readPerHour} read through per hour; a dump is a quarter of its database; ${ASSUMED.changed * 100} % of the database changes from night to night; RDS's free backup storage is used up by its own automated backups; dumps are drilled on an instance (with \`drill.target: task\` only the task is paid for).`,
    `- pgproof deletes no backup: that ${ASSUMED.kept} of each are kept is your doing. Without it the two lines grow every month.`,
    `- –: at that speed the restore takes longer than the ${ASSUMED.drillHours} hours a drill may. A larger class restores faster and costs more; a snapshot's drill does not depend on it.`,
    '- Not counted, because no price was checked: keys in KMS, alarms, metrics, dashboard and logs of CloudWatch, functions, requests, public addresses. Not counted, because it depends on your network: a NAT gateway, about $32 a month and $0.045 per GB; with a gateway endpoint for S3, which is free, backups do not go through it.',
  ];
}

if (import.meta.main) {
  if (process.argv[2] === '--write') {
    const path = join(import.meta.dirname, 'deploy.md');
    await writeFile(path, replaceSection(await readFile(path, 'utf8'), 'made by docs/costs.ts', describeCosts()));
  } else {
    process.stdout.write(`${describeCosts()}\n`);
  }
}
