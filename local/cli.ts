import { Command, CommanderError, Option } from 'commander';
import { DRILL_KINDS } from '../src/config/config.ts';
import { FAULTS, type DrillKind, type Fault } from '../src/drill/contract.ts';
import { PGPROOF_VERSION } from '../src/version.ts';
import type { Console } from './console.ts';
import { exitCodeOf, type ExitCode } from './exit-code.ts';
import { openLaptop } from './laptop.ts';
import { drillJson } from './report-json.ts';
import { openSession, type Session } from './session.ts';
import { renderVerdict } from './verdict-table.ts';
import { backUpDump, chooseSource } from './verbs/backup.ts';
import { drill, type DrillReport } from './verbs/drill.ts';
import { run, runSample, SAMPLE_CONFIG } from './verbs/run.ts';
import { readStatus, renderStatus, statusExitCode } from './verbs/status.ts';
import { renderVerification, verificationExitCode, verify } from './verbs/verify.ts';

interface CommonOptions {
  readonly home: string;
  readonly config?: string;
  readonly json?: boolean;
  readonly source?: string;
  readonly database?: string;
  readonly break?: Fault;
}

interface Context {
  readonly console: Console;
  readonly signal: AbortSignal;
  readonly finish: (code: ExitCode) => void;
}

/** Understands the command line and does what it says. Usage faults are thrown as CommanderError. */
export async function runCommandLine(argv: readonly string[], console: Console, signal: AbortSignal): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const context: Context = { console, signal, finish: (code) => void (exitCode = code) };
  const program = new Command('pgproof')
    .description('PostgreSQL backups that are proven to restore.')
    .version(PGPROOF_VERSION)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, writeOut: (text) => console.print(text.trimEnd()) })
    .addHelpText('after', `\nExit codes: 0 proven or done · 1 failed · 2 not proven · 3 configuration or usage · 4 cleanup failed`);
  addRun(program, context);
  addBackup(program, context);
  addDrill(program, context);
  addStatus(program, context);
  addVerify(program, context);
  if (argv.length === 0) {
    console.print(program.helpInformation());
    return 3;
  }
  await program.parseAsync([...argv], { from: 'user' });
  return exitCode;
}

export { CommanderError };

function common(command: Command): Command {
  return command
    .option('--home <dir>', 'where everything is kept; the bucket is <dir>/bucket', '.pgproof')
    .option('--config <file>', 'pgproof.yml')
    .option('--json', 'one JSON document on stdout; progress goes to stderr')
    .allowExcessArguments(false)
    .exitOverride();
}

function source(command: Command): Command {
  return command
    .addOption(new Option('--source <url>', 'postgres:// URL of the database').env('PGPROOF_SOURCE'))
    .option('--database <name>', 'a database of pgproof.yml, or the name to keep the source under');
}

function breakOption(): Option {
  return new Option('--break <fault>', 'plant a fault in the drill’s own copy, to see the drill fail').choices(FAULTS);
}

/** Whatever happens in `work`, no cluster of this process outlives it. */
async function inSession(options: CommonOptions, { console, signal }: Context, work: (session: Session) => Promise<void>): Promise<void> {
  const session = await openSession({ home: options.home, configFile: options.config, console, signal });
  try {
    await work(session);
  } finally {
    await session.laptop.databases.destroyOwn();
  }
}

function addRun(program: Command, context: Context): void {
  const command = common(source(program.command('run')))
    .description('back up, validate, drill, report; without a source on a sample shop')
    .addOption(breakOption());
  command.action(async (options: CommonOptions) => {
    const { source: url, database, config } = options;
    const isSample = url === undefined && database === undefined && config === undefined;
    await inSession(isSample ? { ...options, config: SAMPLE_CONFIG } : options, context, async (session) => {
      const reports = isSample ? await runSample(session, options.break) : await run(session, options);
      showDrills(reports, options, context);
    });
  });
}

function addBackup(program: Command, context: Context): void {
  const command = common(source(program.command('backup'))).description('dump a database into the bucket');
  command.action(async (options: CommonOptions) => {
    await inSession(options, context, async (session) => {
      const { database } = chooseSource(session, options);
      const report = await backUpDump(session, database);
      const { backup, validation } = report;
      context.console.print(options.json ? JSON.stringify(report) : `${validation.status} dump ${backup.id} of ${database}`);
      context.finish(validation.status === 'valid' ? 0 : 1);
    });
  });
}

function addDrill(program: Command, context: Context): void {
  const command = common(program.command('drill'))
    .description('restore a backup to a throwaway instance and prove it equal to its source')
    .option('--database <name>', 'whose backup; may be left out when there is only one database')
    .option('--backup <id>', 'which backup; without it the newest validated one')
    .addOption(new Option('--kind <kind>', 'what is restored; with --to a point in time, else a dump').choices(DRILL_KINDS))
    .option('--to <time>', 'with --kind pitr: a time such as 2026-11-20T12:00:00Z, or latest')
    .addOption(breakOption());
  command.action(async (options: CommonOptions & { kind?: DrillKind; backup?: string; to?: string }) => {
    const { database, kind, backup, to, break: fault } = options;
    const input = Object.entries({ database, kind, backup, to, break: fault }).filter(([, value]) => value !== undefined);
    await inSession(options, context, async (session) => {
      showDrills([await drill(session, Object.fromEntries(input))], options, context);
    });
  });
}

function addStatus(program: Command, context: Context): void {
  const command = common(program.command('status')).description('what is backed up, validated and proven, and how old');
  command.action(async (options: CommonOptions) => {
    const laptop = openLaptop({ home: options.home, configFile: options.config });
    const statuses = await readStatus(laptop);
    context.console.print(options.json ? JSON.stringify(statuses) : renderStatus(statuses, laptop.clock.now()));
    context.finish(statusExitCode(statuses));
  });
}

function addVerify(program: Command, context: Context): void {
  const command = common(program.command('verify'))
    .description('check sealed evidence offline')
    .argument('<evidence>', 'the file evidence.json')
    .option('--key <file>', 'public key in PEM; by default that of the home directory');
  command.action(async (file: string, options: CommonOptions & { key?: string }) => {
    const verification = await verify(file, options);
    context.console.print(options.json ? JSON.stringify(verification) : renderVerification(file, verification));
    context.finish(verificationExitCode(verification));
  });
}

function showDrills(reports: readonly DrillReport[], options: CommonOptions, { console, finish }: Context): void {
  if (options.json) {
    const documents = reports.map(drillJson);
    console.print(JSON.stringify(documents.length > 1 ? documents : documents[0]));
  } else {
    for (const report of reports) console.print(renderVerdict(report, console.color));
  }
  finish(exitCodeOf(reports.map(({ body }) => body)));
}
