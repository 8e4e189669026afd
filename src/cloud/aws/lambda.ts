import { injectLambdaContext } from '@aws-lambda-powertools/logger/middleware';
import { Logger } from '@aws-lambda-powertools/logger';
import middy, { type MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';
import { originOf, PgproofError } from '../../errors.ts';
import type { Cloud } from '../cloud.ts';

/** What a function of ours is: an event and the cloud in, a small result out, errors fly. */
export type Core<Event, Result> = (event: Event, cloud: Cloud) => Promise<Result>;

/** In Lambda the cloud is loaded while the function starts, when time is free; elsewhere not at all: it brings the SDK. */
const loaded = process.env['AWS_LAMBDA_FUNCTION_NAME'] === undefined ? undefined : import('./cloud.ts');
// A failed import is reported by the invocation that awaits it, with its context.
loaded?.catch(() => undefined);
let opened: Cloud | undefined;

async function openFromEnvironment(): Promise<Cloud> {
  const { openCloud } = await (loaded ?? import('./cloud.ts'));
  return (opened ??= openCloud(process.env));
}

/**
 * Wraps a core function into what Lambda calls. Every log line carries the request's id; the end of each invocation is
 * one line with its outcome. Events and results are never logged: they may name what only the owner should see.
 *
 * @param open where the cloud comes from; by default from the environment variables, once per function instance
 */
export function lambda<Event, Result>(
  core: Core<Event, Result>,
  open: () => Promise<Cloud> = openFromEnvironment,
): (event: Event, context: Context) => Promise<Result> {
  const logger = new Logger();
  const handle = async (event: Event): Promise<Result> => core(event, await open());
  return middy(handle)
    .use(injectLambdaContext(logger, { logEvent: false, resetKeys: true }))
    .use(logOutcome(logger));
}

function logOutcome(logger: Logger): MiddlewareObj {
  let began = 0;
  const milliseconds = (): number => Math.round(performance.now() - began);
  return {
    before: () => {
      began = performance.now();
    },
    after: () => {
      logger.info('succeeded', { milliseconds: milliseconds() });
    },
    // Answers nothing, so middy throws the error on: its name is what the state machine matches.
    onError: ({ error }) => {
      const hint = error instanceof PgproofError ? error.hint : undefined;
      logger.error('failed', { error: error ?? new Error('unknown'), milliseconds: milliseconds(), origin: originOf(error), hint });
    },
  };
}
