import { loadAwsServiceSpec } from '@aws-cdk/aws-service-spec';
import type { PropertyType, SpecDatabase } from '@aws-cdk/service-spec-types';
import type { Packaged, Resource } from './packaging.ts';

type Properties = Readonly<Record<string, { readonly type: PropertyType; readonly required?: boolean }>>;

/**
 * Holds a template to the resource types that AWS publishes: unknown types and properties, missing ones and values of
 * another primitive type, one line each. Values that only a deployment knows are taken on trust.
 */
export async function specificationFaults(template: Packaged['template']): Promise<string[]> {
  const database = await loadAwsServiceSpec();
  return Object.entries(template.Resources).flatMap(([name, resource]) => resourceFaults(database, name, resource));
}

function resourceFaults(database: SpecDatabase, name: string, { Type, Properties = {} }: Resource): string[] {
  const [known] = database.lookup('resource', 'cloudFormationType', 'equals', Type);
  if (!known) return [`${name}: there is no resource of the type ${Type}`];
  return objectFaults(database, name, known.properties, Properties);
}

function objectFaults(database: SpecDatabase, path: string, properties: Properties, value: object): string[] {
  const missing = Object.entries(properties)
    .filter(([key, { required }]) => required === true && !(key in value))
    .map(([key]) => `${path}.${key}: is required`);
  const wrong = Object.entries(value).flatMap(([key, item]) => {
    const property = properties[key];
    return property ? typeFaults(database, `${path}.${key}`, property.type, item) : [`${path}.${key}: there is no such property`];
  });
  return [...missing, ...wrong];
}

function typeFaults(database: SpecDatabase, path: string, type: PropertyType, value: unknown): string[] {
  if (isIntrinsic(value) || value === undefined) return [];
  switch (type.type) {
    case 'union': {
      const faults = type.types.map((each) => typeFaults(database, path, each, value));
      return faults.find((each) => each.length === 0) ?? faults[0] ?? [];
    }
    case 'array':
      if (!Array.isArray(value)) return [`${path}: is no list`];
      return value.flatMap((item, index) => typeFaults(database, `${path}.${index}`, type.element, item));
    case 'map':
      if (!isObject(value)) return [`${path}: is no object`];
      return Object.entries(value).flatMap(([key, item]) => typeFaults(database, `${path}.${key}`, type.element, item));
    case 'ref':
      if (!isObject(value)) return [`${path}: is no object`];
      return objectFaults(database, path, database.get('typeDefinition', type.reference.$ref).properties, value);
    case 'json':
    case 'tag':
    case 'null':
      return [];
    case 'string':
    case 'number':
    case 'integer':
    case 'boolean':
    case 'date-time':
      return isPrimitive(type.type, value) ? [] : [`${path}: ${JSON.stringify(value)} is no ${type.type}`];
  }
}

/** CloudFormation turns the text "5" into the number and the number 5 into the text, so either will do. */
function isPrimitive(type: string, value: unknown): boolean {
  switch (type) {
    case 'integer':
      return typeof value !== 'boolean' && Number.isInteger(Number(value));
    case 'number':
      return typeof value !== 'boolean' && Number.isFinite(Number(value));
    case 'boolean':
      return [true, false, 'true', 'false'].includes(value as string);
    default:
      return ['string', 'number'].includes(typeof value);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isIntrinsic(value: unknown): boolean {
  return isObject(value) && Object.keys(value).some((key) => key === 'Ref' || key.startsWith('Fn::'));
}
