/** Answers in the forms that Consul, Kubernetes and Docker document, written by us. */

/** An entry of `/v1/health/service/…`. */
export const instance = (
  address: string,
  port: number,
  { checks = ['passing'], node = '10.9.9.9', weights = { Passing: 1, Warning: 1 } as object | null } = {},
) => ({
  Node: { ID: 'n1', Node: 'one', Address: node, Datacenter: 'east', Meta: {} },
  Service: { ID: `web-${port}`, Service: 'web', Tags: [], Address: address, Port: port, Weights: weights },
  Checks: checks.map((Status, n) => ({ Node: 'one', CheckID: `c${n}`, Name: 'a check', Status })),
});

type Conditions = {
  readonly ready?: boolean | null;
  readonly serving?: boolean;
  readonly terminating?: boolean;
};

/** An EndpointSlice. @param endpoints address and conditions of each */
export const slice = (
  name: string,
  endpoints: readonly (readonly [address: string, conditions?: Conditions])[] | null,
  {
    version = '1',
    ports = [{ name: 'http', port: 8080, protocol: 'TCP' }] as readonly object[] | null,
    type = 'IPv4',
  } = {},
) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    name,
    namespace: 'shop',
    resourceVersion: version,
    labels: { 'kubernetes.io/service-name': 'web' },
  },
  addressType: type,
  endpoints:
    endpoints?.map(([address, conditions = { ready: true, serving: true, terminating: false }]) => ({
      addresses: [address],
      conditions,
      nodeName: 'node-1',
    })) ?? null,
  ports,
});

export const sliceList = (items: readonly object[], version: string, more?: string) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSliceList',
  metadata: {
    resourceVersion: version,
    ...(more !== undefined && { continue: more, remainingItemCount: 1 }),
  },
  items,
});

/** An entry of `/containers/json`. @param networks name and address of each */
export const container = (
  name: string,
  networks: Readonly<Record<string, string>>,
  {
    ports = [8080] as readonly number[],
    labels = {} as Readonly<Record<string, string>>,
    status = 'Up 2 minutes',
    state = 'running',
  } = {},
) => ({
  Id: name.padEnd(64, '0'),
  Names: [`/${name}`],
  Image: 'web',
  Labels: { 'moat.pool': 'web', ...labels },
  State: state,
  Status: status,
  Ports: ports.map(PrivatePort => ({ PrivatePort, Type: 'tcp' })),
  NetworkSettings: {
    Networks: Object.fromEntries(
      Object.entries(networks).map(([network, IPAddress]) => [network, { IPAddress, GlobalIPv6Address: '' }]),
    ),
  },
});
