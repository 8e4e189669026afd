import { RDSClient } from '@aws-sdk/client-rds';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { RdsDatabaseService } from '../../src/cloud/aws/rds-database-service.ts';

export const NOW = new Date('2026-11-20T02:00:00Z');

/** Answers to commands by their name without `Command`; what is not there must not be asked. */
export type Answers = Record<string, (input: Record<string, unknown>) => object>;

export interface ScriptedRds {
  readonly service: RdsDatabaseService;
  /** What was asked since the last time. */
  readonly asked: () => { readonly name: string; readonly input: Record<string, unknown> }[];
}

/** The service over clients that answer as a test says: at the SDK's edge, for what an emulator never shows. */
export function scriptRds(answers: Answers): ScriptedRds {
  const asked: { name: string; input: Record<string, unknown> }[] = [];
  const settings = { region: 'eu-central-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
  const [rds, secrets] = [new RDSClient(settings), new SecretsManagerClient(settings)];
  const answer = (_next: unknown, context: { commandName?: string }) => async (args: { input: object }) => {
    const name = (context.commandName ?? '').replace(/Command$/, '');
    const input = { ...args.input };
    asked.push({ name, input });
    const given = answers[name];
    if (!given) throw new TypeError(`unexpected ${name}`);
    return { response: {}, output: { ...given(input), $metadata: {} } as never };
  };
  rds.middlewareStack.add(answer, { step: 'initialize', priority: 'high' });
  secrets.middlewareStack.add(answer, { step: 'initialize', priority: 'high' });
  const instances = { instanceClass: 'db.t4g.medium', storageGib: 20, subnetGroup: 'drills', securityGroupIds: ['sg-1'], parameterGroup: 'own' };
  return { service: new RdsDatabaseService({ rds, secrets, clock: { now: () => NOW }, instances }), asked: () => asked.splice(0) };
}

/** An answer that is an error of this name. */
export function refuse(name: string): () => never {
  return () => {
    throw Object.assign(new Error('refused'), { name });
  };
}
