/** The draft of the api block to its frozen model: where it listens, and that no token crosses a network in the clear. */
import type { ApiModel, ApiTls } from '#model/api.ts';
import { ArgumentFault } from './argument.ts';
import type { HttpDraft } from './draft.ts';
import type { ApiDraft } from './draft-api.ts';
import type { Token } from './lex.ts';
import { certificatesOf, openKey } from './pem.ts';
import { resolveOidc } from './resolve-oidc.ts';
import { Scope, type Surroundings } from './scope.ts';

const DEFAULT_LISTEN = { address: '127.0.0.1', port: 8470 } as const;
const DEFAULT_AUDIT_BYTES = 16 << 20;

export function resolveApi(
  draft: ApiDraft,
  autoscales: HttpDraft['autoscales'],
  around: Surroundings,
): ApiModel {
  const tls = resolveTls(draft, around);
  if (!draft.certificate) refuseNakedListens(draft, around);
  const listens = draft.listens.map(({ address, port }) => ({ address, port }));
  return {
    listens: listens.length > 0 ? listens : [DEFAULT_LISTEN],
    tls,
    hosts: draft.hosts,
    alerts: draft.alerts,
    alertsOff: draft.alertsOff,
    notify: draft.notify,
    autoscale: autoscales.map(({ model }) => model),
    oidc: draft.oidc && resolveOidc(draft.oidc, around),
    statePath: '/var/lib/moat/api',
    console: 'on',
    auditLimitBytes: DEFAULT_AUDIT_BYTES,
    ...draft.own,
  };
}

const isLoopback = (address: string): boolean => address.startsWith('127.') || address === '::1';

function refuseNakedListens({ listens }: ApiDraft, { faults }: Surroundings): void {
  for (const { address, place } of listens)
    if (!isLoopback(address))
      faults.error(
        'certificate',
        `listen: tokens would go over the network in the clear to "${place.text}"`,
        place,
        'add ssl_certificate and ssl_certificate_key, or listen on 127.0.0.1',
      );
}

function resolveTls({ certificate, key, site }: ApiDraft, around: Surroundings): ApiTls | undefined {
  const { faults } = around;
  if (!certificate && !key) return undefined;
  if (!certificate || !key) {
    const missing = certificate ? 'ssl_certificate_key' : 'ssl_certificate';
    faults.error('incomplete', `api has no ${missing}`, certificate ?? key ?? site, `add ${missing}`);
    return undefined;
  }
  return attempt(key, around, () => pairOf(certificate, key, around));
}

/** @throws {ArgumentFault} */
function pairOf(certificate: Token, key: Token, around: Surroundings): ApiTls | undefined {
  const scope = new Scope('api', undefined, around, {}, {});
  const read = (token: Token) =>
    attempt(token, around, () => ({ path: scope.confPath(token.text), text: scope.readFile(token.text) }));
  const [certificateFile, keyFile] = [read(certificate), read(key)];
  if (!certificateFile || !keyFile) return undefined;
  const chain = attempt(certificate, around, () => certificatesOf(certificateFile));
  const opened = openKey(keyFile, []);
  if (chain && !chain[0]!.checkPrivateKey(opened.key))
    throw new ArgumentFault(
      `the key in ${keyFile.path} is not that of the certificate in ${certificateFile.path}`,
    );
  return { certificate: certificateFile.text, key: keyFile.text };
}

/** What `read` gives; a fault is told at the word, and gives nothing. */
function attempt<T>(token: Token, { faults }: Surroundings, read: () => T): T | undefined {
  try {
    return read();
  } catch (fault) {
    if (!(fault instanceof ArgumentFault)) throw fault;
    faults.error('certificate', fault.message, fault.site ?? token, fault.hint);
    return undefined;
  }
}
