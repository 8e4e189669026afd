import * as z from 'zod';

/**
 * The event EventBridge delivers when an object has landed in the bucket. Unknown fields pass: AWS adds some now and
 * then. The address may be IPv6 (dual-stack endpoints) or the name of a service.
 */
export const ObjectCreatedEvent = z.looseObject({
  version: z.string(),
  id: z.string().min(1),
  'detail-type': z.literal('Object Created'),
  source: z.literal('aws.s3'),
  account: z.string(),
  time: z.iso.datetime(),
  region: z.string(),
  resources: z.array(z.string()),
  detail: z.looseObject({
    version: z.string(),
    bucket: z.looseObject({ name: z.string().min(1) }),
    object: z.looseObject({
      key: z.string().min(1),
      size: z.int().nonnegative(),
      etag: z.string().optional(),
      'version-id': z.string().optional(),
      /** Hexadecimal; orders the events of one key and says nothing about two keys. */
      sequencer: z.string().optional(),
    }),
    'request-id': z.string().optional(),
    requester: z.string().optional(),
    'source-ip-address': z.string().optional(),
    /** PutObject, POST Object, CopyObject or CompleteMultipartUpload. */
    reason: z.string().optional(),
  }),
});
export type ObjectCreatedEvent = z.infer<typeof ObjectCreatedEvent>;
