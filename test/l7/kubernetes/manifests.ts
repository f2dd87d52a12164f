/** Objects of Kubernetes as users write them. */
export interface Manifest {
  readonly apiVersion?: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly creationTimestamp?: string;
    readonly resourceVersion?: string;
  };
  readonly [field: string]: unknown;
}

/** `shop/web`, or the name of an object of the cluster; day: it was made on that one of January. */
export const object = (kind: string, id: string, fields: object, day = 1): Manifest => {
  const [first = '', second] = id.split('/');
  const place = second === undefined ? { name: first } : { namespace: first, name: second };
  return {
    kind,
    metadata: { ...place, creationTimestamp: `2026-01-${String(day).padStart(2, '0')}T00:00:00Z` },
    ...fields,
  };
};

export const ingress = (id: string, spec: object, day = 1): Manifest =>
  object('Ingress', id, { spec: { ingressClassName: 'moat', ...spec } }, day);

/** A rule of an Ingress: `Prefix /a web:80`. */
export const rule = (host: string | undefined, ...paths: string[]) => ({
  ...(host !== undefined && { host }),
  http: {
    paths: paths.map(text => {
      const [pathType, path, backend = ''] = text.split(' ');
      return { pathType, path, backend: backendOf(backend) };
    }),
  },
});

export const backendOf = (text: string) => {
  const [name, port = ''] = text.split(':');
  return { service: { name, port: /^\d+$/.test(port) ? { number: Number(port) } : { name: port } } };
};

export const service = (
  id: string,
  ports: readonly object[] = [{ name: 'http', port: 80 }],
  more: object = {},
): Manifest => object('Service', id, { spec: { type: 'ClusterIP', ports, ...more } });

export const endpoints = (
  id: string,
  port: number,
  addresses: readonly string[] = ['127.0.0.1'],
  portName = 'http',
): Manifest => {
  const [namespace, name = ''] = id.split('/');
  return {
    kind: 'EndpointSlice',
    metadata: { namespace: namespace!, name: `${name}-x1`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: addresses.map(address => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: portName, port, protocol: 'TCP' }],
  };
};

export const gateway = (id: string, listeners: readonly object[], day = 1): Manifest =>
  object('Gateway', id, { spec: { gatewayClassName: 'moat', listeners } }, day);

export const httpRoute = (id: string, spec: object, day = 1): Manifest =>
  object('HTTPRoute', id, { spec }, day);

export const grant = (id: string, from: object, to: object): Manifest =>
  object('ReferenceGrant', id, {
    spec: {
      from: [{ group: 'gateway.networking.k8s.io', ...from }],
      to: [{ group: '', ...to }],
    },
  });

export const secret = (id: string, pair: { readonly cert: string; readonly key: string }): Manifest =>
  object('Secret', id, {
    type: 'kubernetes.io/tls',
    data: {
      'tls.crt': Buffer.from(pair.cert).toString('base64'),
      'tls.key': Buffer.from(pair.key).toString('base64'),
    },
  });
