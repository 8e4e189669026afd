import { ECSClient } from '@aws-sdk/client-ecs';
import { ConfigurationError } from '../../../errors.ts';
import type { TaskLauncher } from '../../task-launcher.ts';
import { EcsTaskLauncher } from '../ecs-task-launcher.ts';
import type { Environment } from '../environment.ts';
import { patient } from './patience.ts';

/** Where nothing says where tasks run, as in a task itself, none can be begun: that is said by whoever tries. */
export function openLauncher(settings: Environment): TaskLauncher {
  const placement = {
    clusterArn: settings.PGPROOF_CLUSTER_ARN,
    prefix: settings.PGPROOF_TASK_PREFIX,
    subnetIds: settings.PGPROOF_SUBNET_IDS,
    sourceSecurityGroupIds: settings.PGPROOF_SOURCE_SECURITY_GROUP_IDS,
    proveSecurityGroupIds: settings.PGPROOF_PROVE_SECURITY_GROUP_IDS,
    publicIp: settings.PGPROOF_PUBLIC_IP,
  };
  const isComplete = (found: Partial<typeof placement>): found is { [Name in keyof typeof placement]: NonNullable<(typeof placement)[Name]> } =>
    Object.values(found).every((value) => value !== undefined);
  if (isComplete(placement)) return new EcsTaskLauncher({ client: new ECSClient(patient(settings)), placement });
  const missing = VARIABLES.filter((name) => settings[name] === undefined);
  return {
    launch: async () => {
      throw new ConfigurationError(missing.map((name) => `environment variable ${name}: is not set: no task can be begun without it`), {
        hint: 'deploy/environment.yml sets them: npm run deploy',
      });
    },
  };
}

const VARIABLES = [
  'PGPROOF_CLUSTER_ARN',
  'PGPROOF_TASK_PREFIX',
  'PGPROOF_SUBNET_IDS',
  'PGPROOF_SOURCE_SECURITY_GROUP_IDS',
  'PGPROOF_PROVE_SECURITY_GROUP_IDS',
  'PGPROOF_PUBLIC_IP',
] as const;
