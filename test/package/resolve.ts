import type { Packaged } from './packaging.ts';

type Template = Packaged['template'];

/**
 * What CloudFormation makes of a value, with made-up ids: Ref and GetAtt of a resource become its logical name in a
 * plausible form. Enough to see whether values fit where they go.
 */
export function resolve(template: Template, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => resolve(template, item));
  if (typeof value !== 'object' || value === null) return value;
  if ('Ref' in value) return resolveRef(template, String(value.Ref));
  if ('Fn::GetAtt' in value) return resolveAttribute(template, value['Fn::GetAtt'] as [string, string]);
  if ('Fn::Sub' in value) {
    return String(value['Fn::Sub']).replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => {
      const [logicalId = '', attribute] = name.split('.');
      return String(attribute === undefined ? resolveRef(template, logicalId) : resolveAttribute(template, [logicalId, attribute]));
    });
  }
  if ('Fn::Join' in value) {
    const [separator, parts] = value['Fn::Join'] as [string, unknown[]];
    return parts.map((part) => String(resolve(template, part))).join(separator);
  }
  const intrinsic = Object.keys(value).find((key) => key.startsWith('Fn::'));
  if (intrinsic !== undefined) throw new Error(`cannot resolve ${intrinsic}`);
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]) => [key, resolve(template, item)] as const)
      .filter(([, item]) => item !== undefined),
  );
}

const PSEUDO: Readonly<Record<string, string | undefined>> = {
  'AWS::AccountId': '123456789012',
  'AWS::Region': 'eu-central-1',
  'AWS::Partition': 'aws',
  'AWS::StackName': 'pgproof-prod',
};

function resolveRef(template: Template, name: string): string | undefined {
  if (name === 'AWS::NoValue') return undefined;
  const pseudo = PSEUDO[name];
  if (pseudo !== undefined) return pseudo;
  const resource = resourceOf(template, name);
  switch (resource.Type) {
    case 'AWS::SNS::Topic':
    case 'AWS::StepFunctions::StateMachine':
    case 'AWS::ECS::TaskDefinition':
      return arnOf(resource.Type, name);
    case 'AWS::EC2::SecurityGroup':
      return name;
    case 'AWS::ECS::Cluster':
      return String(resource.Properties['ClusterName']);
    case 'AWS::RDS::DBSubnetGroup':
      return String(resource.Properties['DBSubnetGroupName']);
    case 'AWS::Lambda::Function':
      return String(resource.Properties['FunctionName']);
    default:
      return name.toLowerCase();
  }
}

function resolveAttribute(template: Template, [name, attribute]: [string, string]): string {
  const { Type } = resourceOf(template, name);
  if (Type === 'AWS::S3::Bucket') return `arn:aws:s3:::${name.toLowerCase()}`;
  return attribute.endsWith('Arn') ? arnOf(Type, name) : `${name.toLowerCase()}.${attribute.toLowerCase()}`;
}

function resourceOf(template: Template, name: string) {
  const resource = template.Resources[name];
  if (!resource) throw new Error(`the template refers to ${name}, which is not in it`);
  return resource;
}

function arnOf(type: string, name: string): string {
  const service = { StepFunctions: 'states', Events: 'events' }[type.split('::')[1] ?? ''] ?? type.split('::')[1]?.toLowerCase();
  return `arn:aws:${service}:eu-central-1:123456789012:${service === 'kms' ? 'key/' : ''}${name}`;
}
