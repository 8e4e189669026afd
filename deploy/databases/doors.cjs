/**
 * The doors between the tasks that read sources and the databases. The group of the tasks that prove has none of them, so
 * that the SQL of a drill cannot reach production even with a wrong address.
 */
const GROUP_ID = { Ref: 'SourceSecurityGroup' };

module.exports = (databases) => {
  const resources = {};
  for (const { source } of Object.values(databases)) {
    const port = portOf(source);
    if (source.securityGroup === undefined) Object.assign(resources, outside(port));
    else Object.assign(resources, door(source.securityGroup, port));
  }
  return resources;
};

/** Two databases behind one door have the same one: EC2 would refuse a second rule that says the same. */
function door(securityGroup, port) {
  const id = `${securityGroup.replace('-', '')}Port${port}`;
  const rule = { IpProtocol: 'tcp', FromPort: port, ToPort: port };
  return {
    [`SourceTo${id}`]: {
      Type: 'AWS::EC2::SecurityGroupEgress',
      Properties: { ...rule, GroupId: GROUP_ID, DestinationSecurityGroupId: securityGroup, Description: 'a database to back up' },
    },
    [`SourceFrom${id}`]: {
      Type: 'AWS::EC2::SecurityGroupIngress',
      Properties: { ...rule, GroupId: securityGroup, SourceSecurityGroupId: GROUP_ID, Description: 'backups by pgproof' },
    },
  };
}

/** A database without a security group is not in the VPC; who may connect is for its own firewall to say. */
function outside(port) {
  return {
    [`SourceToPort${port}`]: {
      Type: 'AWS::EC2::SecurityGroupEgress',
      Properties: { GroupId: GROUP_ID, CidrIp: '0.0.0.0/0', IpProtocol: 'tcp', FromPort: port, ToPort: port, Description: 'databases outside of the VPC' },
    },
  };
}

function portOf({ url, port = 5432 }) {
  const named = url === undefined ? '' : new URL(url).port;
  return named === '' ? port : Number(named);
}
