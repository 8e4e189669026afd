import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DescribeImagesCommand, DescribeRepositoriesCommand, ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import { ECSClient, ListTasksCommand } from '@aws-sdk/client-ecs';
import { DescribeDBInstancesCommand, RDSClient } from '@aws-sdk/client-rds';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { DeploymentError } from '../src/errors.ts';

/** What deploying asks of the account before and after CloudFormation, with the credentials that CloudFormation gets too. */
export interface Account {
  /** @throws whatever the SDK says of credentials that are missing, expired or refused */
  identity(): Promise<{ readonly account: string; readonly arn: string }>;
  /** The stack's outputs by name; undefined when there is no such stack. */
  outputs(stack: string): Promise<Readonly<Record<string, string>> | undefined>;
  hasRepository(name: string): Promise<boolean>;
  hasImage(repository: string, tag: string): Promise<boolean>;
  /** For `docker login`. The password is good for twelve hours. */
  registryLogin(): Promise<{ readonly user: string; readonly password: string }>;
  /** Identifiers of throwaway instances that are there. */
  throwaways(): Promise<string[]>;
  /** ARNs of tasks that run in a cluster; none when there is no such cluster. */
  tasks(cluster: string): Promise<string[]>;
}

/** As pgproof names them and tags them; the same two marks that its own functions go by. */
const isThrowaway = ({ DBInstanceIdentifier: id = '', TagList = [] }: Instance): boolean =>
  id.startsWith('pgproof-drill-') && TagList.some(({ Key, Value }) => Key === 'pgproof:throwaway' && Value === 'true');
interface Instance {
  DBInstanceIdentifier?: string | undefined;
  TagList?: { Key?: string | undefined; Value?: string | undefined }[] | undefined;
}

export function openAccount(region: string): Account {
  return { ...openIdentity(region), ...openStacks(region), ...openRegistry(region), ...openRunning(region) };
}

function openIdentity(region: string): Pick<Account, 'identity'> {
  return {
    identity: async () => {
      const { Account = '', Arn = '' } = await new STSClient({ region }).send(new GetCallerIdentityCommand({}));
      return { account: Account, arn: Arn };
    },
  };
}

function openStacks(region: string): Pick<Account, 'outputs'> {
  const client = new CloudFormationClient({ region });
  return {
    outputs: async (stack) => {
      try {
        const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stack }));
        return Object.fromEntries((Stacks[0]?.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]));
      } catch (error) {
        // CloudFormation has no error of its own for it.
        if (error instanceof Error && /does not exist/.test(error.message)) return undefined;
        throw refused(`read the outputs of stack ${stack}`, 'cloudformation:DescribeStacks', error);
      }
    },
  };
}

function openRegistry(region: string): Pick<Account, 'hasRepository' | 'hasImage' | 'registryLogin'> {
  const client = new ECRClient({ region });
  const exists = async (question: Promise<unknown>, absence: string, what: string, permission: string): Promise<boolean> => {
    try {
      await question;
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === absence) return false;
      throw refused(what, permission, error);
    }
  };
  return {
    hasRepository: (name) =>
      exists(client.send(new DescribeRepositoriesCommand({ repositoryNames: [name] })), 'RepositoryNotFoundException', `look for repository ${name}`, 'ecr:DescribeRepositories'),
    hasImage: (repositoryName, imageTag) =>
      exists(client.send(new DescribeImagesCommand({ repositoryName, imageIds: [{ imageTag }] })), 'ImageNotFoundException', `look for image ${repositoryName}:${imageTag}`, 'ecr:DescribeImages'),
    registryLogin: async () => {
      const { authorizationData = [] } = await client.send(new GetAuthorizationTokenCommand({})).catch((error: unknown) => {
        throw refused('get a password for the registry', 'ecr:GetAuthorizationToken', error);
      });
      const [user = '', password = ''] = Buffer.from(authorizationData[0]?.authorizationToken ?? '', 'base64').toString().split(':');
      return { user, password };
    },
  };
}

function openRunning(region: string): Pick<Account, 'throwaways' | 'tasks'> {
  return {
    throwaways: async () => {
      const client = new RDSClient({ region });
      const found: string[] = [];
      let Marker: string | undefined;
      do {
        const page = await client.send(new DescribeDBInstancesCommand({ Marker })).catch((error: unknown) => {
          throw refused('look for throwaway instances', 'rds:DescribeDBInstances', error);
        });
        found.push(...(page.DBInstances ?? []).filter(isThrowaway).map(({ DBInstanceIdentifier = '' }) => DBInstanceIdentifier));
        Marker = page.Marker;
      } while (Marker);
      return found;
    },
    tasks: async (cluster) => {
      try {
        return (await new ECSClient({ region }).send(new ListTasksCommand({ cluster }))).taskArns ?? [];
      } catch (error) {
        if (error instanceof Error && error.name === 'ClusterNotFoundException') return [];
        throw refused(`look for tasks in cluster ${cluster}`, 'ecs:ListTasks', error);
      }
    },
  };
}

function refused(what: string, permission: string, cause: unknown): DeploymentError {
  const said = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new DeploymentError(`could not ${what}: ${said}`, { cause, hint: `it needs ${permission}; aws sts get-caller-identity says who you are` });
}
