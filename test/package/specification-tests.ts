import { expect, test } from 'vitest';
import type { Packaged, Resource } from './packaging.ts';
import { specificationFaults } from './specification.ts';

/** Every property against AWS's published specification of its resource. */
export function testSpecification(packaged: () => Packaged): void {
  const changed = (name: string, change: (resource: Resource) => Resource): Packaged['template'] => {
    const { Resources, ...template } = packaged().template;
    const resource = Resources[name];
    if (!resource) throw new Error(`the template has no ${name}`);
    return { ...template, Resources: { ...Resources, [name]: change(resource) } };
  };
  const withProperty = (name: string, key: string, value: unknown) =>
    changed(name, (resource) => ({ ...resource, Properties: { ...resource.Properties, [key]: value } }));

  test('has only properties that AWS knows, every one that it requires, and each of its type', async () => {
    expect(Object.keys(packaged().template.Resources).length).toBeGreaterThan(70);
    expect(await specificationFaults(packaged().template)).toEqual([]);
  });

  test('would be found out with a type, a property or a value that AWS does not know', async () => {
    const nested = [{ AbortIncompleteMultipartUpload: { DaysAfterInitiation: 'two' }, Status: 'Enabled' }];
    const faults = await Promise.all(
      [
        changed('PeopleTopic', (resource) => ({ ...resource, Type: 'AWS::SNS::Subject' })),
        withProperty('PeopleTopic', 'Colour', 'red'),
        withProperty('BackupBucket', 'LifecycleConfiguration', { Rules: nested }),
        withProperty('BackupBucket', 'VersioningConfiguration', { State: 'Enabled' }),
        withProperty('UndeliveredQueueAlarm', 'Dimensions', { QueueName: 'q' }),
        withProperty('WorkerCluster', 'CapacityProviders', 'FARGATE'),
      ].map(specificationFaults),
    );
    expect(faults).toEqual([
      ['PeopleTopic: there is no resource of the type AWS::SNS::Subject'],
      ['PeopleTopic.Colour: there is no such property'],
      ['BackupBucket.LifecycleConfiguration.Rules.0.AbortIncompleteMultipartUpload.DaysAfterInitiation: "two" is no integer'],
      ['BackupBucket.VersioningConfiguration.Status: is required', 'BackupBucket.VersioningConfiguration.State: there is no such property'],
      ['UndeliveredQueueAlarm.Dimensions: is no list'],
      ['WorkerCluster.CapacityProviders: is no list'],
    ]);
  });
}
