/** Members that a pool finds by itself: `discover KIND PLACE parameters`. */
import {
  type ConsulDiscovery,
  type DiscoveryModel,
  type DockerDiscovery,
  type FileDiscovery,
  type HttpPlace,
  type KubernetesDiscovery,
  POD_FOLDER,
} from '#model/l7/discovery.ts';
import { ArgumentFault, type ArgumentValues, arg } from '../argument.ts';
import { defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { askedWord, httpPlaceOf, refuseStrangeName } from './http-place.ts';

const KINDS = ['file', 'consul', 'kubernetes', 'docker'] as const;
type Kind = (typeof KINDS)[number];

const STANDARD_MOST = 1000;
/** Each change of a pool is sent to all threads, and kept on the disk. */
const MOST_MEMBERS = 10_000;

const ARGUMENTS = {
  kind: arg.oneOf(KINDS),
  place: arg.text('a path or a URL').optional(),
  service: arg.text('a name').param(),
  tag: arg.text('a tag').param(),
  datacenter: arg.text('a name').param(),
  namespace: arg.text('a name').param(),
  label: arg.text('NAME or NAME=VALUE').param(),
  port: arg.text('a port').param(),
  network: arg.text('a name').param(),
  token_file: arg.text('a path').param(),
  ca: arg.text('a path').param(),
  max_members: arg.integer({ min: 1, max: MOST_MEMBERS }).param(),
  allow_empty: arg.word(),
  allow_local: arg.word(),
  weight: arg.integer({ min: 1, max: 65535 }).param(),
  max_fails: arg.integer().param(),
  fail_timeout: arg.durationMs().param(),
  max_conns: arg.integer().param(),
  slow_start: arg.durationMs().param(),
  backup: arg.word(),
};
type Values = ArgumentValues<typeof ARGUMENTS>;

/** Parameters that not all kinds have. */
const OWN = {
  file: ['port'],
  consul: ['service', 'tag', 'datacenter', 'namespace', 'token_file', 'ca'],
  kubernetes: ['service', 'namespace', 'port', 'token_file', 'ca'],
  docker: ['label', 'port', 'network', 'ca'],
} as const satisfies Record<Kind, readonly (keyof Values)[]>;
type Own = (typeof OWN)[Kind][number];
const SPECIAL = [...new Set<Own>(Object.values(OWN).flat())];
/** What tells sources of a kind apart. */
const IDENTITY: readonly Own[] = ['service', 'namespace', 'tag', 'datacenter', 'label', 'port', 'network'];

export const discover = defineDirective({
  name: 'discover',
  context: ['upstream'],
  repeats: true,
  args: ARGUMENTS,
  doc: {
    summary:
      'Finds members of the pool and follows them without a reload, beside server lines and other sources: all of them together are the pool. A source that fails or names nobody leaves the members that it named last, over restarts, too. Who goes gets nothing new, and finishes what it has.',
    args: {
      kind: 'file: a list on the disk. consul: the healthy instances of a service, by the HTTP API of Consul. kubernetes: the endpoints of a Service, by its EndpointSlices. docker: running containers, by the Engine API.',
      place:
        'file: the path. consul: http://HOST:8500, https:// or unix:/path. kubernetes: https://HOST:6443; absent: that of the pod. docker: unix:/var/run/docker.sock, or the http:// or tcp:// address of a proxy that lets reading requests pass only.',
      service: 'consul, kubernetes: the name of the service.',
      tag: 'consul: instances with this tag only.',
      datacenter: 'consul: another one than that of the agent.',
      namespace: 'kubernetes: absent: that of the pod. consul: of Consul Enterprise.',
      label: 'docker: containers that have it. Their labels moat.port and moat.weight are heeded.',
      port: 'kubernetes: name or number of a port of the Service; needed where it has several. docker: the port in the container; needed where it has several. file: of lines without one; 80 if absent.',
      network: 'docker: the network whose address is meant; needed where a container is in several.',
      token_file:
        'consul, kubernetes: the secret to be let in with, read anew before it is used. kubernetes without a place: that of the pod.',
      ca: 'Certificates that that of an https:// place must come from; absent: the usual ones; kubernetes without a place: that of the pod.',
      max_members: 'An answer with more is refused; 1000 if absent.',
      allow_empty: 'Nobody is an answer like others: the pool is empty then.',
      allow_local:
        'Members may have addresses of loopback and of one link; otherwise only files may name such.',
      weight: 'Of members to whom the source gives none; 1 if absent.',
      max_fails: 'As on a server line.',
      fail_timeout: 'As on a server line.',
      max_conns: 'As on a server line.',
      slow_start: 'As on a server line.',
      backup: 'As on a server line, for all that the source names.',
    },
    example: 'discover consul http://127.0.0.1:8500 service=web tag=blue token_file=consul.token;',
    since: '0.1',
  },
  compile(args, scope) {
    refuseStrange(args);
    const model = READERS[args.kind](args, scope);
    if (scope.pool.discovery.some(({ label }) => label === model.label))
      throw new ArgumentFault(`"${model.label}" is there already`, 'one line is enough');
    scope.pool.discovery.push(model);
  },
});

function refuseStrange(args: Values): void {
  const own: readonly string[] = OWN[args.kind];
  const strange = SPECIAL.find(name => args[name] !== undefined && !own.includes(name));
  if (strange !== undefined)
    throw new ArgumentFault(`${args.kind} has no parameter "${strange}"`, `it has ${own.join(', ')}`);
}

const READERS: { readonly [K in Kind]: (args: Values, scope: Scope) => DiscoveryModel } = {
  file: fileOf,
  consul: consulOf,
  kubernetes: kubernetesOf,
  docker: dockerOf,
};

function commonOf(args: Values, place: string | undefined) {
  const words = IDENTITY.flatMap(name => (args[name] === undefined ? [] : [`${name}=${args[name]}`]));
  return {
    label: [args.kind, ...(place === undefined ? [] : [place]), ...words].join(' '),
    member: {
      weight: args.weight ?? 1,
      maxFails: args.max_fails ?? 1,
      failTimeoutMs: args.fail_timeout ?? 10_000,
      maxConns: args.max_conns ?? 0,
      backup: args.backup ?? false,
      down: false,
      drain: false,
      resolve: false,
      service: undefined,
      route: undefined,
      slowStartMs: args.slow_start ?? 0,
    },
    mostMembers: args.max_members ?? STANDARD_MOST,
    allowEmpty: args.allow_empty ?? false,
    allowLocal: args.kind === 'file' || (args.allow_local ?? false),
  };
}

function fileOf(args: Values, scope: Scope): FileDiscovery {
  if (args.place === undefined) throw new ArgumentFault('file needs a path', 'as in discover file web.json;');
  const path = scope.confPath(args.place);
  return { kind: 'file', ...commonOf(args, path), path, port: portOf(args.port) ?? 80 };
}

function consulOf(args: Values, scope: Scope): ConsulDiscovery {
  const place = placeOf(args, 'http://127.0.0.1:8500');
  return {
    kind: 'consul',
    ...commonOf(args, args.place),
    place,
    service: needed(args, 'service', 'web'),
    tag: named(args, 'tag'),
    datacenter: named(args, 'datacenter'),
    namespace: named(args, 'namespace'),
    ...entryOf(args, scope),
  };
}

function kubernetesOf(args: Values, scope: Scope): KubernetesDiscovery {
  const inPod = args.place === undefined;
  const place = inPod
    ? { url: 'https://kubernetes.default.svc', unixPath: undefined }
    : placeOf(args, 'https://HOST:6443');
  const { tokenPath, caPath } = entryOf(args, scope);
  const service = needed(args, 'service', 'web');
  refuseStrangeName(service, 'service');
  refuseStrangeName(args.namespace, 'namespace');
  if (!inPod && args.namespace === undefined)
    throw new ArgumentFault('kubernetes needs namespace=', 'without a place it is that of the pod');
  return {
    kind: 'kubernetes',
    ...commonOf(args, args.place),
    place,
    namespace: args.namespace,
    service,
    port: named(args, 'port'),
    tokenPath: tokenPath ?? (inPod ? `${POD_FOLDER}/token` : undefined),
    caPath: caPath ?? (inPod ? `${POD_FOLDER}/ca.crt` : undefined),
  };
}

function dockerOf(args: Values, scope: Scope): DockerDiscovery {
  const place = placeOf(args, 'unix:/var/run/docker.sock');
  return {
    kind: 'docker',
    ...commonOf(args, args.place),
    place,
    containerLabel: needed(args, 'label', 'moat.pool=web'),
    port: portOf(args.port),
    network: named(args, 'network'),
    caPath: entryOf(args, scope).caPath,
  };
}

const named = (args: Values, name: Own): string | undefined => askedWord(args[name], name);

function needed(args: Values, name: Own, sample: string): string {
  const value = named(args, name);
  if (value !== undefined) return value;
  throw new ArgumentFault(`${args.kind} needs ${name}=`, `as in ${name}=${sample}`);
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new ArgumentFault(`"${text}" is not a port`, 'take 1 to 65535');
  return port;
}

/** @throws {ArgumentFault} */
function placeOf({ kind, place }: Values, sample: string): HttpPlace {
  if (place === undefined) throw new ArgumentFault(`${kind} needs a place`, `as in ${sample}`);
  return httpPlaceOf(place, kind, sample);
}

const entryOf = ({ token_file: token, ca }: Values, scope: Scope) => ({
  tokenPath: token === undefined ? undefined : scope.confPath(token),
  caPath: ca === undefined ? undefined : scope.confPath(ca),
});
