/** Routes by objects of Kubernetes: `kubernetes PLACE parameters` in the server whose settings they have. */
import { POD_CA, POD_TOKEN } from '#model/l7/kubernetes.ts';
import { ArgumentFault, type ArgumentValues, arg } from '../argument.ts';
import type { HttpDraft } from '../draft.ts';
import { type Directive, defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { askedWord, httpPlaceOf, refuseStrangeName } from './http-place.ts';

const STANDARD_MOST = 5000;
const MOST_OBJECTS = 50_000;
const MOST_PORT = 65_535;
const HOST = /^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const ARGUMENTS = {
  place: arg.text('a URL').optional(),
  ingress_class: arg.text('a name').param(),
  gateway_class: arg.text('a name').param(),
  controller: arg.text('a name').param(),
  namespace: arg.text('a name').param(),
  hosts: arg.text('HOST,*.HOST').param(),
  ports: arg.text('NAMED:OWN,NAMED:OWN').param(),
  token_file: arg.text('a path').param(),
  ca: arg.text('a path').param(),
  max_objects: arg.integer({ min: 1, max: MOST_OBJECTS }).param(),
  no_secrets: arg.word(),
  allow_regex: arg.word(),
  allow_empty: arg.word(),
  allow_local: arg.word(),
  share_hosts: arg.word(),
};
type Values = ArgumentValues<typeof ARGUMENTS>;

const kubernetes = defineDirective({
  name: 'kubernetes',
  context: ['server'],
  args: ARGUMENTS,
  doc: {
    summary:
      'Takes routes from Ingress and Gateway API objects of Kubernetes, and follows them without a reload. All that the server says (listen, TLS, limits, WAF, logs, headers, its locations for subrequests and error pages) holds for each host that they name; what no route takes goes to its locations, or ends with 404. An object that is faulty, or asks for what it may not have, is left out and told of; the others stay. When the API server fails, or names nothing any more, all stays as it was, over restarts, too.',
    args: {
      place: 'https://HOST:6443; absent: the API server of the cluster that moat runs in.',
      ingress_class: 'Ingresses with this spec.ingressClassName are served. Classes are not read then.',
      gateway_class: 'Gateways with this spec.gatewayClassName are served, with the routes that they accept.',
      controller:
        'Ingresses and Gateways of all classes that name this controller are served, those without a class where ours is the default one.',
      namespace: 'Only objects in this namespace are read: a Role will do then.',
      hosts:
        'Objects may name these hosts alone, `*.HOST` for all below it; absent: any that no server block has.',
      ports: 'Ports that Gateways name, and those that moat listens on for them; absent: they are the same.',
      token_file:
        'The secret to be let in with, read anew before it is used; without a place that of the pod.',
      ca: 'Certificates that that of the API server must come from; absent: the usual ones; without a place those of the pod.',
      max_objects: 'More objects of one kind are refused whole; 5000 if absent.',
      no_secrets: 'No Secret is read: the certificates of the server are shown for all hosts.',
      allow_regex:
        'Objects may have regular expressions. They run with each request, and a bad one holds up all.',
      allow_empty: 'Nothing at all is an answer like others: all routes go then.',
      allow_local: 'Endpoints may have addresses of loopback and of one link.',
      share_hosts:
        'Ingresses of several namespaces may name one host; absent: the namespace of the oldest has it.',
    },
    example: 'kubernetes ingress_class=moat gateway_class=moat hosts=*.apps.example;',
    since: '0.1',
  },
  compile(args, scope) {
    const model = modelOf(args, scope);
    if (scope.http.kubernetes.some(({ model: { label } }) => label === model.label))
      throw new ArgumentFault(
        `"${model.label}" is there already`,
        'one server is enough: it may have several listen',
      );
    scope.http.kubernetes.push({ server: scope.server, model });
  },
});

/** @throws {ArgumentFault} when the parameters do not go together */
function modelOf(args: Values, scope: Scope): HttpDraft['kubernetes'][number]['model'] {
  const { place, ingress_class: ingressClass, gateway_class: gatewayClass, controller } = args;
  if (ingressClass === undefined && gatewayClass === undefined && controller === undefined)
    throw new ArgumentFault(
      'kubernetes needs to know which objects are ours',
      'say ingress_class=, gateway_class= or controller=',
    );
  refuseStrangeName(args.namespace, 'namespace');
  const words = (['ingress_class', 'gateway_class', 'controller', 'namespace'] as const).flatMap(name =>
    askedWord(args[name], name) === undefined ? [] : [`${name}=${args[name]}`],
  );
  const inPod = place === undefined;
  return {
    label: [...(inPod ? [] : [place]), ...words].join(' '),
    place: inPod
      ? { url: 'https://kubernetes.default.svc', unixPath: undefined }
      : httpPlaceOf(place, 'kubernetes', 'https://HOST:6443'),
    tokenPath: pathOr(args.token_file, inPod ? POD_TOKEN : undefined, scope),
    caPath: pathOr(args.ca, inPod ? POD_CA : undefined, scope),
    ...{ namespace: args.namespace, ingressClass, gatewayClass, controller },
    hosts: hostsOf(args.hosts),
    ports: portsOf(args.ports),
    readsSecrets: !args.no_secrets,
    allowsRegex: args.allow_regex ?? false,
    sharesHosts: args.share_hosts ?? false,
    allowsEmpty: args.allow_empty ?? false,
    allowsLocal: args.allow_local ?? false,
    mostObjects: args.max_objects ?? STANDARD_MOST,
  };
}

const pathOr = (path: string | undefined, otherwise: string | undefined, scope: Scope) =>
  path === undefined ? otherwise : scope.confPath(path);

function hostsOf(text: string | undefined): string[] {
  const hosts = text === undefined ? [] : text.toLowerCase().split(',');
  const strange = hosts.find(host => !HOST.test(host));
  if (strange !== undefined)
    throw new ArgumentFault(`"${strange}" is no host`, 'as in hosts=shop.example,*.apps.example');
  return hosts;
}

function portsOf(text: string | undefined): (readonly [number, number])[] {
  if (text === undefined) return [];
  return text.split(',').map(pair => {
    const [, named = '', own = ''] = /^(\d{1,5}):(\d{1,5})$/.exec(pair) ?? [];
    const ports = [Number(named), Number(own)] as const;
    if (ports.some(port => port < 1 || port > MOST_PORT))
      throw new ArgumentFault(`"${pair}" is no pair of ports`, 'as in ports=80:8080,443:8443');
    return ports;
  });
}

export const KUBERNETES: readonly Directive[] = [kubernetes];
