import { createHash } from 'node:crypto';
import type { Tag } from '@aws-sdk/client-rds';
import { ConfigurationError } from '../../errors.ts';
import { fromTags, type ThrowawayRequest } from './rds-requests.ts';

/** Both are asked for before anything is changed, and again by the policies of the roles. */
const THROWAWAY_ID = /^pgproof-drill-(?!-)(?!.*--)[a-z0-9-]{1,49}(?<!-)$/;
export const THROWAWAY_TAG = 'pgproof:throwaway';

/** @throws ConfigurationError for an id that no throwaway instance could have */
export function checkThrowaway(instanceId: string): void {
  if (isThrowawayId(instanceId)) return;
  throw new ConfigurationError([`instance id ${JSON.stringify(instanceId)}: expected pgproof-drill-…, at most 63 of a-z, 0-9 and single -`]);
}

/** @throws ConfigurationError when what is to be made would not be known for a throwaway instance */
export function checkRequest({ instanceId, tags }: ThrowawayRequest): void {
  checkThrowaway(instanceId);
  if (tags[THROWAWAY_TAG] !== 'true') throw new ConfigurationError([`instance ${instanceId}: expected the tag ${THROWAWAY_TAG}=true`]);
}

export function isThrowawayId(id: string): boolean {
  return THROWAWAY_ID.test(id);
}

export function isThrowaway({ TagList }: { readonly TagList?: Tag[] | undefined }): boolean {
  return fromTags(TagList)[THROWAWAY_TAG] === 'true';
}

/** The instance in a cluster: its name follows from the cluster's, so that it is found without any record. */
export function memberIdOf(clusterId: string): string {
  const digest = createHash('sha256').update(clusterId).digest('hex').slice(0, 8);
  return `${clusterId.slice(0, 54).replace(/-$/, '')}-${digest}`;
}
