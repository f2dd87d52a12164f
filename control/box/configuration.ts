/** The moat.conf of the box's nodes. */
import { type ClusterSite, clusterBlock } from './cluster.ts';
import { inUrl, nodesOf, type Plan, type PlannedNode } from './plan.ts';

/** Where servers listen. */
export const SERVER_PORT = 80;

/** Proxies wait so long for a server; the client has more patience, so there is time to ask another one. */
export const SERVER_PATIENCE_S = 3;

/** A real server is out after `fall` of these. */
export const CHECK = { intervalMs: 200, fall: 2 } as const;

/** SYN a second that one source may send: more than the client needs, far less than a flood. */
export const synLimitOf = ({ perSecond }: Plan): number => Math.max(500, 2 * perSecond);

/** The secret has at least 16 characters; directors that have the same choose alike. */
export interface DirectorSite extends ClusterSite {
  /** In a bpffs. */
  readonly pinPath: string;
}

export function directorConfiguration(plan: Plan, node: PlannedNode, site: DirectorSite): string {
  const { mode, sources, virtual } = plan;
  const { pinPath, secret } = site;
  const pools = sources.map(address => `    source_pool ${address};\n`).join('');
  // Said and not guessed: inside a namespace the drivers of interfaces are not seen.
  const attach = (mode === 'nat' ? ['eth0', 'eth1'] : ['eth0'])
    .map(name => `    attach ${name} tc;\n`)
    .join('');
  return `# Made by "moat demo"; gone when it ends.
pid moat.pid;
error_log error.log notice;
events { }

${clusterBlock(plan, node, site)}
l4 {
${attach}    pin_path ${pinPath};
    hash_secret ${secret};
${pools}
${virtual.map((address, at) => virtualServer(plan, address, at)).join('\n')}}
`;
}

/** @param at which address of each proxy belongs to it */
function virtualServer(plan: Plan, address: string, at: number): string {
  const { mode, http, https } = plan;
  const reals = nodesOf(plan, 'proxy').map(proxy => `        real_server ${proxy.addresses[at]};\n`);
  const check = `interval=${CHECK.intervalMs}ms timeout=1s fall=${CHECK.fall} rise=1`;
  return `    virtual_server ${inUrl(address)}:${http} ${inUrl(address)}:${https} tcp {
        mode ${mode};
        scheduler mh port;
        drain 10m;
        limit source syn=${synLimitOf(plan)};
${reals.join('')}        health_check http port=${http} uri=/healthz status=200 ${check};
    }
`;
}

/** What a proxy has in its http block beside the demo's site. */
export function proxyLines({ name }: PlannedNode, secret: string): string[] {
  return [
    'access_log off;',
    `proxy_read_timeout ${SERVER_PATIENCE_S}s;`,
    `add_header X-Proxy ${name} always;`,
    '# Both proxies know the cookies of each other.',
    `sticky_secret ${secret};`,
  ];
}

export const membersOf = (plan: Plan): string[] =>
  nodesOf(plan, 'server').map(({ addresses }) => `${addresses[0]}:${SERVER_PORT}`);
