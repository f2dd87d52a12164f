/** Routes by the API server of Kubernetes: who is asked for which objects, and what is made of them. */
import { type HttpPlace, POD_FOLDER } from './discovery.ts';
import type { RouteMatch } from './route.ts';

/** A host that objects may name: `*.example.org` for all below it. */
export type HostPattern = string;

export interface KubernetesModel {
  /** Tells it apart from all others, in logs, metrics and lists. No secret is in it. */
  readonly label: string;
  /** The index of the server that it stands in: what objects bring is added to that one, and to copies of it with other names. */
  readonly server: number;
  readonly place: HttpPlace;
  readonly tokenPath: string | undefined;
  readonly caPath: string | undefined;
  /** Objects of this one alone; undefined: of all. */
  readonly namespace: string | undefined;
  /** `spec.ingressClassName` of the Ingresses that are ours. */
  readonly ingressClass: string | undefined;
  /** `spec.gatewayClassName` of the Gateways that are ours. */
  readonly gatewayClass: string | undefined;
  /** Classes of either kind that name this controller are ours. */
  readonly controller: string | undefined;
  /** None: any. */
  readonly hosts: readonly HostPattern[];
  /** Ports that objects name, with those that moat listens on for them. */
  readonly ports: readonly (readonly [named: number, own: number])[];
  readonly readsSecrets: boolean;
  readonly allowsRegex: boolean;
  /** Whether Ingresses of several namespaces may name one host. */
  readonly sharesHosts: boolean;
  readonly allowsEmpty: boolean;
  readonly allowsLocal: boolean;
  readonly mostObjects: number;
}

/** A set or add, in the order in which they are done; undefined removes. */
export interface HeaderChange {
  readonly name: string;
  readonly value: string | undefined;
  readonly adds: boolean;
}

export type PathChange =
  | { readonly kind: 'full'; readonly path: string }
  /** `from` is the prefix that matched, both without a slash at the end. */
  | { readonly kind: 'prefix'; readonly from: string; readonly to: string };

export interface PlannedProxy {
  readonly kind: 'proxy';
  /** A key of RoutePlan.services; undefined: there is none, and requests end with 500. */
  readonly service: string | undefined;
  /** It is spoken to by HTTP/2 without TLS. */
  readonly http2: boolean;
  readonly requestHeaders: readonly HeaderChange[];
  readonly responseHeaders: readonly HeaderChange[];
  readonly host: string | undefined;
  readonly path: PathChange | undefined;
  /** Keys of services that get copies. */
  readonly mirrors: readonly string[];
}

export interface PlannedRedirect {
  readonly kind: 'redirect';
  readonly status: number;
  readonly scheme: 'http' | 'https' | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly path: PathChange | undefined;
  readonly responseHeaders: readonly HeaderChange[];
}

export type PlannedAnswer =
  | { readonly kind: 'status'; readonly status: number }
  | PlannedRedirect
  | PlannedProxy;

export interface PlannedRoute {
  /** `HTTPRoute shop/web 1`: for logs, metrics and lists. */
  readonly label: string;
  readonly match: RouteMatch;
  /** By weight; those of weight 0 are not among them. */
  readonly answers: readonly { readonly weight: number; readonly answer: PlannedAnswer }[];
}

/** PEM. Key material: never to be printed. */
export interface PlannedCertificate {
  /** `shop/web-tls`. */
  readonly name: string;
  readonly certificate: string;
  readonly key: string;
}

export interface PlannedHost {
  /** '' for all that nobody names, `a.example`, `*.example`; lower case. */
  readonly host: string;
  /** Which listeners it is for; undefined: all of the server. */
  readonly listen: { readonly port: number; readonly tls: boolean } | undefined;
  /** Names among RoutePlan.certificates; none: those of the server. */
  readonly certificates: readonly string[];
  /** Who comes first goes first, where paths are equally good. */
  readonly routes: readonly PlannedRoute[];
}

/** A port of a Service: a pool. */
export interface PlannedService {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  /** As its EndpointSlices have it; undefined: the only one. */
  readonly port: string | undefined;
}

/** Something that is left out, and why. */
export interface RouteProblem {
  readonly object: string;
  readonly reason: string;
}

/** What all objects together come to. Plain data, as it is kept on the disk, too. */
export interface RoutePlan {
  readonly hosts: readonly PlannedHost[];
  readonly services: readonly PlannedService[];
  readonly certificates: readonly PlannedCertificate[];
  readonly problems: readonly RouteProblem[];
}

/** The files that are needed to be let in. */
export const filesOfKubernetes = ({ tokenPath, caPath }: KubernetesModel): string[] =>
  [tokenPath, caPath].filter(path => path !== undefined);

export const POD_TOKEN = `${POD_FOLDER}/token`;
export const POD_CA = `${POD_FOLDER}/ca.crt`;
