/** Which objects are read, and by which paths of the API. */
import type { KubernetesModel } from '#model/l7/kubernetes.ts';

const NETWORKING = '/apis/networking.k8s.io/v1';
const GATEWAY = '/apis/gateway.networking.k8s.io/v1';

/**
 * `isOfCluster`: it lies in no namespace.
 * `maybeAbsent`: a cluster whose API server does not know the kind (404) has none of them.
 */
const RESOURCES = {
  ingressclasses: { path: NETWORKING, isOfCluster: true, maybeAbsent: false },
  ingresses: { path: NETWORKING, isOfCluster: false, maybeAbsent: false },
  gatewayclasses: { path: GATEWAY, isOfCluster: true, maybeAbsent: true },
  gateways: { path: GATEWAY, isOfCluster: false, maybeAbsent: true },
  httproutes: { path: GATEWAY, isOfCluster: false, maybeAbsent: true },
  grpcroutes: { path: GATEWAY, isOfCluster: false, maybeAbsent: true },
  referencegrants: {
    path: '/apis/gateway.networking.k8s.io/v1beta1',
    isOfCluster: false,
    maybeAbsent: true,
  },
  namespaces: { path: '/api/v1', isOfCluster: true, maybeAbsent: false },
  services: { path: '/api/v1', isOfCluster: false, maybeAbsent: false },
  secrets: { path: '/api/v1', isOfCluster: false, maybeAbsent: false },
} as const;

export type Kind = keyof typeof RESOURCES;
export const KINDS = Object.keys(RESOURCES) as Kind[];

export interface Resource {
  readonly kind: Kind;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly maybeAbsent: boolean;
}

/** What has to be read for a configuration, and nothing else: each kind is a right that moat must be given. */
export function resourcesOf(model: KubernetesModel): Resource[] {
  const { ingressClass, gatewayClass, controller, namespace, readsSecrets } = model;
  const hasIngress = ingressClass !== undefined || controller !== undefined;
  const hasGateway = gatewayClass !== undefined || controller !== undefined;
  const wanted: Readonly<Record<Kind, boolean>> = {
    ingressclasses: controller !== undefined,
    ingresses: hasIngress,
    gatewayclasses: controller !== undefined,
    gateways: hasGateway,
    httproutes: hasGateway,
    grpcroutes: hasGateway,
    referencegrants: hasGateway,
    namespaces: hasGateway && namespace === undefined,
    services: true,
    secrets: readsSecrets,
  };
  return KINDS.filter(kind => wanted[kind]).map(kind => {
    const { path, isOfCluster, maybeAbsent } = RESOURCES[kind];
    const within = namespace === undefined || isOfCluster ? '' : `/namespaces/${namespace}`;
    const query: Record<string, string> =
      kind === 'secrets' ? { fieldSelector: 'type=kubernetes.io/tls' } : {};
    return { kind, path: `${path}${within}/${kind}`, query, maybeAbsent };
  });
}
