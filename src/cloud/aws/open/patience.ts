import type { Environment } from '../environment.ts';

/** Throttling of RDS lasts longer than the SDK's three attempts, and a drill must not end by it. */
export function patient({ AWS_REGION }: Environment): { readonly region: string; readonly maxAttempts: number } {
  return { region: AWS_REGION, maxAttempts: 8 };
}
