import { KMSClient } from '@aws-sdk/client-kms';
import type { Signer } from '../../signer.ts';
import type { Environment } from '../environment.ts';
import { KmsSigner } from '../kms-signer.ts';
import { patient } from './patience.ts';

export function openSigner(settings: Environment): Signer {
  return new KmsSigner({ client: new KMSClient(patient(settings)), keyArn: settings.PGPROOF_SIGNING_KEY_ARN });
}
