import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Logger } from '@aws-lambda-powertools/logger';
import middy, { type MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';
import { originOf, PgproofError } from '../../errors.ts';
import type { Clock } from '../clock.ts';
import type { About, Metric } from '../metric.ts';
import { systemClock } from '../system-clock.ts';
import { readEnvironment } from './environment.ts';
import { publishMetrics } from './metrics.ts';
import type { Part } from './parts.ts';

/** What a function of ours is: an event and the parts of the cloud that it needs in, a small result out, errors fly. */
export type Core<Event, Result, Needed> = (event: Event, cloud: Needed) => Promise<Result>;

/** One part of src/cloud/aws/parts.ts for each thing that the core function asks of its cloud; the clock is always there. */
export type Parts<Needed> = { readonly [Name in Exclude<keyof Needed, 'clock'>]: Part<Needed[Name]> };

export interface LambdaOptions<Event, Result, Needed> {
  readonly needs: Parts<Needed>;
  /** What a run was about; of a run that failed there is no result. */
  readonly about?: (event: Event, result: Result | undefined) => About;
  /** What a run that succeeded has measured. */
  readonly metrics?: (result: Result, event: Event) => readonly Metric[];
  /** Where the cloud comes from; by default from the environment variables, once per function instance. */
  readonly open?: () => Promise<Needed>;
}

/**
 * Wraps a core function into what Lambda calls. The end of each invocation is one line, the run record: which function,
 * how it ended, how long it took and what it was about. Events and results are never logged: they may name what only the
 * owner should see.
 */
export function lambda<Event, Result, Needed extends { readonly clock?: Clock }>(
  core: Core<Event, Result, Needed>,
  options: LambdaOptions<Event, Result, Needed>,
): (event: Event, context: Context) => Promise<Result> {
  const logger = new Logger({ serviceName: 'pgproof' });
  const open = options.open ?? opener(options.needs);
  const handle = async (event: Event): Promise<Result> => core(event, await open());
  return middy(handle)
    .use(injectLambdaContext(logger, { logEvent: false, resetKeys: true }))
    .use(keepRecord(logger, options));
}

/** In Lambda the parts are loaded while the function starts, when time is free; elsewhere not at all: they bring the SDK. */
function opener<Needed extends { readonly clock?: Clock }>(needs: Parts<Needed>): () => Promise<Needed> {
  const load = async () =>
    Promise.all(Object.entries<Part<unknown>>(needs).map(async ([name, part]) => [name, await part()] as const));
  const loading = process.env['AWS_LAMBDA_FUNCTION_NAME'] === undefined ? undefined : load();
  // A failed import is reported by the invocation that awaits it, with its context.
  loading?.catch(() => undefined);
  let opened: Needed | undefined;
  return async () => {
    if (opened) return opened;
    const settings = readEnvironment(process.env);
    const parts = (await (loading ?? load())).map(([name, openPart]) => [name, openPart(settings)] as const);
    opened = { clock: systemClock, ...Object.fromEntries(parts) } as unknown as Needed;
    return opened;
  };
}

function keepRecord<Event, Result, Needed>(
  logger: Logger,
  { about = () => ({}), metrics = () => [] }: LambdaOptions<Event, Result, Needed>,
): MiddlewareObj<Event, Result> {
  let began = 0;
  const outcome = (name: string, context: Context) => ({
    function: context.functionName,
    outcome: name,
    milliseconds: Math.round(performance.now() - began),
  });
  return {
    before: () => {
      began = performance.now();
    },
    after: ({ event, response, context }) => {
      const result = response as Result;
      publishMetrics(metrics(result, event), logger);
      logger.info('run', { ...outcome('succeeded', context), about: about(event, result) });
    },
    // Answers nothing, so middy throws the error on: its name is what the state machine matches.
    onError: ({ event, error, context }) => {
      const hint = error instanceof PgproofError ? error.hint : undefined;
      const blame = { error: error ?? new Error('unknown'), origin: originOf(error), hint };
      logger.error('run', { ...outcome('failed', context), ...blame, about: aboutFailed(about, event) });
    },
  };
}

/** Of an event that is not what it should be there may be nothing to say; the error that it led to is the one to report. */
function aboutFailed<Event, Result>(about: (event: Event, result: Result | undefined) => About, event: Event): About {
  try {
    return about(event, undefined);
  } catch {
    return { readable: false };
  }
}
