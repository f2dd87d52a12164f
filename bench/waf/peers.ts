/** The proxies that are compared: nginx with Debian's ModSecurity and moat with its WAF, on the same rules, and both without. */
import { existsSync } from 'node:fs';
import { PEERS, type Peer } from '../l7/peers.ts';

/** Debian: libnginx-mod-http-modsecurity, modsecurity-crs. */
const MODULE = '/usr/lib/nginx/modules/ngx_http_modsecurity_module.so';
const RULES = '/usr/share/modsecurity-crs/rules';

/** Why it cannot be measured here, or undefined. */
export const missing = (): string | undefined =>
  [MODULE, RULES, '/etc/nginx/modsecurity.conf'].find(path => !existsSync(path));

const plain = (name: string): Peer => PEERS.find(peer => peer.name === name)!;

/**
 * Debian's own settings for ModSecurity, and its rules. Neither side looks at answers, and neither writes an audit log; moat
 * keeps its store of events, which ModSecurity has no counterpart of.
 */
const MODSECURITY = `modsecurity on;
  modsecurity_rules '
    Include /etc/nginx/modsecurity.conf
    SecRuleEngine On
    SecResponseBodyAccess Off
    SecAuditEngine Off
    Include /etc/modsecurity/crs/crs-setup.conf
    Include ${RULES}/*.conf
  ';`;

/** A peer of the benchmark of proxies with more in its `http` block, and perhaps a module. */
function extended(base: Peer, name: string, http: string, top = ''): Peer {
  return {
    ...base,
    name,
    configure(plan, moat) {
      const { text, argv } = base.configure(plan, moat);
      return { argv, text: top + text.replace('http {', `http {\n  ${http}`) };
    },
  };
}

const WITH_WAF = ['moat waf', 'nginx modsec'] as const;

/** Whether the peer has a WAF. */
export const inspects = ({ name }: Peer): boolean => WITH_WAF.some(known => known === name);

/** In the order of the tables. */
export const WAF_PEERS: readonly Peer[] = [
  extended(plain('moat'), WITH_WAF[0], 'waf block; waf_rules crs;'),
  plain('moat'),
  extended(plain('nginx'), WITH_WAF[1], MODSECURITY, `load_module ${MODULE};\n`),
  plain('nginx'),
];
