/** The worker's task definitions: one image, and for each kind of work a role of its own. */
const configuration = require('./configuration.cjs');
const readYaml = require('./cloudformation-yaml.cjs');
const settings = require('./settings.cjs');
const { PREFIX, arnOf, ref } = require('./names.cjs');
const serviceRole = require('./service-role.cjs');

/** @param encoded the worker's configuration as base64 */
function taskDefinition(name, role, encoded) {
  const { worker, image } = settings();
  return {
    Type: 'AWS::ECS::TaskDefinition',
    Properties: {
      Family: `${PREFIX}-${name}`,
      RequiresCompatibilities: ['FARGATE'],
      NetworkMode: 'awsvpc',
      RuntimePlatform: { CpuArchitecture: 'ARM64', OperatingSystemFamily: 'LINUX' },
      Cpu: String(worker.cpu),
      Memory: String(worker.memoryMib),
      EphemeralStorage: { SizeInGiB: worker.ephemeralStorageGib },
      ExecutionRoleArn: arnOf('WorkerExecutionRole'),
      TaskRoleArn: arnOf(role),
      Volumes: [{ Name: 'scratch' }],
      ContainerDefinitions: [container(name, image, encoded)],
    },
  };
}

function container(name, Image, encoded) {
  return {
    Name: 'worker',
    Image,
    Essential: true,
    User: '10001:10001',
    ReadonlyRootFilesystem: true,
    LinuxParameters: { InitProcessEnabled: true, Capabilities: { Drop: ['ALL'] } },
    MountPoints: [{ SourceVolume: 'scratch', ContainerPath: '/tmp', ReadOnly: false }],
    // As long as Fargate allows: time to abort an upload and to say why.
    StopTimeout: 120,
    Environment: environment(encoded),
    LogConfiguration: {
      LogDriver: 'awslogs',
      Options: {
        'awslogs-group': ref('WorkerLogGroup'),
        'awslogs-region': ref('AWS::Region'),
        'awslogs-stream-prefix': name,
        // The default drops lines when they come too fast; the last lines of a failed dump are those that count.
        mode: 'blocking',
      },
    },
  };
}

/** What functions are told, and here too the configuration, which they find beside their code. */
function environment(encoded) {
  const { NODE_OPTIONS: _, PGPROOF_CONFIG: __, ...variables } = readYaml('environment.yml');
  const own = { PGPROOF_RDS_CERTIFICATES: '/opt/pgproof/rds-certificates.pem', PGPROOF_CONFIG_BASE64: encoded };
  return Object.entries({ ...variables, ...own }).map(([Name, value]) => ({ Name, Value: withSetting(value) }));
}

/** ECS wants text where the packager would put a number. */
function withSetting(value) {
  const path = typeof value === 'string' && /^\$\{file\(deploy\/settings\.cjs\):([\w.]+)\}$/.exec(value)?.[1];
  return path ? String(path.split('.').reduce((part, key) => part[key], settings())) : value;
}

/** A role that only tasks of this account can take. */
const taskRole = (name, Statement) => serviceRole('ecs-tasks', name, Statement);

/** The two that are there once; the roles are in roles/worker.yml. */
function sharedTasks() {
  const { all } = configuration().encoded;
  return {
    Resources: {
      ProveTaskDefinition: taskDefinition('prove', 'ProveTaskRole', all),
      ValidateTaskDefinition: taskDefinition('validate', 'ValidateTaskRole', all),
    },
  };
}

module.exports = Object.assign(sharedTasks, { taskDefinition, taskRole });
