/** Where a pool finds members beside its lines. */
import type { MemberModel } from './upstream.ts';

/** What a source is asked over HTTP. */
export interface HttpPlace {
  /** `http://host:8500`, with what stands before the paths of the API; no slash at its end. */
  readonly url: string;
  /** The socket to connect to in place of the host of the URL. */
  readonly unixPath: string | undefined;
}

interface CommonDiscovery {
  /** Kind and words that tell it apart from all others: its name in logs, metrics and lists. No secret is in it. */
  readonly label: string;
  /** What members are like of whom the source says nothing else. */
  readonly member: Omit<MemberModel, 'name' | 'host' | 'port' | 'unixPath'>;
  /** An answer with more is refused. */
  readonly mostMembers: number;
  /** Whether no members are an answer like others: the pool is empty then. */
  readonly allowEmpty: boolean;
  /** Whether members may be at this host, or at addresses that mean something on one link only. */
  readonly allowLocal: boolean;
}

export interface FileDiscovery extends CommonDiscovery {
  readonly kind: 'file';
  readonly path: string;
  /** Of lines without one. */
  readonly port: number;
}

export interface ConsulDiscovery extends CommonDiscovery {
  readonly kind: 'consul';
  readonly place: HttpPlace;
  readonly service: string;
  readonly tag: string | undefined;
  readonly datacenter: string | undefined;
  readonly namespace: string | undefined;
  readonly tokenPath: string | undefined;
  readonly caPath: string | undefined;
}

export interface KubernetesDiscovery extends CommonDiscovery {
  readonly kind: 'kubernetes';
  readonly place: HttpPlace;
  /** Undefined: that of the pod that moat runs in. */
  readonly namespace: string | undefined;
  readonly service: string;
  /** A name or a number; undefined: the only one that there is. */
  readonly port: string | undefined;
  readonly tokenPath: string | undefined;
  readonly caPath: string | undefined;
}

export interface DockerDiscovery extends CommonDiscovery {
  readonly kind: 'docker';
  readonly place: HttpPlace;
  /** `name`, or `name=value`. */
  readonly containerLabel: string;
  /** Undefined: the only TCP port that a container has. */
  readonly port: number | undefined;
  /** Undefined: the only network that a container is in. */
  readonly network: string | undefined;
  readonly caPath: string | undefined;
}

export type DiscoveryModel = FileDiscovery | ConsulDiscovery | KubernetesDiscovery | DockerDiscovery;

/** Where Kubernetes puts what a pod needs to speak to the API server. */
export const POD_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The files that a source is read from, or needs to be let in. */
export function filesOfDiscovery(model: DiscoveryModel): string[] {
  const paths =
    model.kind === 'file'
      ? [model.path]
      : [
          model.caPath,
          model.kind === 'docker' ? undefined : model.tokenPath,
          model.kind === 'kubernetes' && model.namespace === undefined
            ? `${POD_FOLDER}/namespace`
            : undefined,
        ];
  return paths.filter(path => path !== undefined);
}
