/** Drafts that nobody keeps, for reading the inside of a block whose head is faulty. */
import { newHttp, newLocation, newPool, newServer } from './draft.ts';
import { newAcmeIssuer } from './draft-acme.ts';
import { newApi, newOidc } from './draft-api.ts';
import {
  newCluster,
  newFlowSync,
  newInstance,
  newScript,
  newSessionStore,
  newSyncGroup,
} from './draft-cluster.ts';
import { newGslb, newRecord, newZone } from './draft-gslb.ts';
import { newHeartbeat } from './draft-heartbeat.ts';
import { newL4, newVirtualServer } from './draft-l4.ts';
import type { Site, Token } from './lex.ts';
import type { Context } from './registry.ts';
import type { Drafts, Scope } from './scope.ts';

type Make = (around: Drafts, site: Site) => Drafts;

const http: Make = around => ({ http: around.http ?? newHttp() });

const server: Make = (around, site) => {
  const draft = newServer(site);
  return { ...http(around, site), server: draft, location: draft.root };
};

const location: Make = (around, site) => ({
  ...(around.server ? around : server(around, site)),
  location: newLocation({ kind: 'none' }, 'location', site),
});

const cluster = (around: Drafts): Drafts => ({ cluster: around.cluster ?? newCluster() });

/** Undefined: the inside is not looked at. */
const SCRATCH: Readonly<Record<Context, Make | undefined>> = {
  main: undefined,
  events: () => ({}),
  http,
  server,
  location,
  'server-if': location,
  'location-if': location,
  limit_except: location,
  upstream: (around, site) => ({ ...http(around, site), pool: newPool('') }),
  match: around => ({ ...around, match: { name: '', tests: [] } }),
  l4: () => ({ l4: newL4() }),
  virtual_server: (around, site) => ({
    l4: around.l4 ?? newL4(),
    virtualServer: newVirtualServer({ name: '', protocol: 'tcp', addresses: [] }, site),
  }),
  cluster: () => ({ cluster: newCluster() }),
  vrrp_instance: (around, site) => ({ ...cluster(around), instance: newInstance('', site) }),
  vrrp_script: (around, site) => ({ ...cluster(around), script: newScript('', site) }),
  sync_group: (around, site) => ({ ...cluster(around), syncGroup: newSyncGroup('', site) }),
  flow_sync: (around, site) => ({ ...cluster(around), flowSync: newFlowSync(site) }),
  session_store: (around, site) => ({ ...cluster(around), sessionStore: newSessionStore(site) }),
  heartbeat: (around, site) => ({ ...cluster(around), heartbeat: newHeartbeat(site) }),
  gslb: (_, site) => ({ gslb: newGslb(site) }),
  zone: (around, site) => ({ gslb: around.gslb ?? newGslb(site), gslbZone: newZone('', site) }),
  record: (around, site) => ({
    gslb: around.gslb ?? newGslb(site),
    gslbZone: around.gslbZone ?? newZone('', site),
    gslbRecord: newRecord('', site),
  }),
  api: (_, site) => ({ api: newApi(site) }),
  otel_exporter: (around, site) => ({ ...http(around, site), exporter: { own: {}, headers: [], site } }),
  oidc: (around, site) => ({ api: around.api ?? newApi(site), oidc: newOidc('', site) }),
  acme_issuer: (around, site) => ({
    ...http(around, site),
    acmeIssuer: newAcmeIssuer({ ...site, text: '' } as Token, site),
  }),
};

/** @returns a scope of `context` whose drafts are thrown away, or undefined when there is none for it */
export function scratchScope(context: Context, around: Scope, site: Site): Scope | undefined {
  const make = SCRATCH[context];
  return make && around.child(context, make(around.drafts, site));
}
