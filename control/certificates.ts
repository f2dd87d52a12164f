/** The certificates that a configuration serves by, with how much of their lives is left. Keys are not looked at. */
import { X509Certificate } from 'node:crypto';
import type { Model } from '#model/main.ts';
import type { ShownIssued } from './acme/issued.ts';
import type { AcmeKeeper } from './acme/keeper.ts';

/** By the part of its life that is left: a certificate of six days is not near its end when five are left. */
export type CertificateState = 'good' | 'soon' | 'expired' | 'not-yet' | 'unreadable';

export interface ShownCertificate {
  readonly names: readonly string[];
  readonly issuer: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly state: CertificateState;
  readonly serial: string;
  /** `EC P-256`, `RSA 2048`. */
  readonly key: string;
  /** Who shows it: servers by their first name, or `api`. */
  readonly usedBy: readonly string[];
  /** How an authority is asked for it; undefined: it is in a file. */
  readonly acme?: Pick<
    ShownIssued,
    | 'id'
    | 'issuer'
    | 'state'
    | 'isStandIn'
    | 'nextTryMs'
    | 'byAuthority'
    | 'failures'
    | 'lastError'
    | 'revocation'
  >;
}

/** Of the whole life: less is soon. */
const SOON = 1 / 4;
const MOST_USERS = 20;
const BLOCK = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED )?CERTIFICATE-----/;

/** The first to expire comes first; each once. Those that variables name are read with the handshake, and not known before. */
export function certificatesOf(
  { http, api }: Pick<Model, 'http' | 'api'>,
  nowMs = Date.now(),
  most = Number.POSITIVE_INFINITY,
): ShownCertificate[] {
  const users = new Map<string, Set<string>>();
  const note = (pem: string, user: string) => {
    const text = BLOCK.exec(pem)?.[0] ?? pem;
    users.set(text, (users.get(text) ?? new Set()).add(user));
  };
  for (const { tls, serverName } of http?.servers ?? [])
    for (const one of tls?.certificates ?? [])
      if (one.kind === 'pem') note(one.certificate.text, serverName || '(no name)');
  if (api?.tls) note(api.tls.certificate, 'api');
  return [...users]
    .slice(0, most)
    .map(([pem, names]) => shownOf(pem, [...names].slice(0, MOST_USERS), nowMs))
    .sort((a, b) => a.notAfterMs - b.notAfterMs);
}

/** Those that authorities issue while moat runs. */
export function issuedCertificates({ shown, chains }: AcmeKeeper, nowMs = Date.now()): ShownCertificate[] {
  return shown.map(
    ({
      id,
      usedBy,
      issuer,
      state,
      isStandIn,
      isBorrowed,
      nextTryMs,
      byAuthority,
      failures,
      lastError,
      revocation,
    }) => ({
      ...shownOf(BLOCK.exec(chains.get(id) ?? '')?.[0] ?? '', usedBy, nowMs),
      acme: {
        id,
        issuer,
        state,
        isStandIn: isStandIn && !isBorrowed,
        nextTryMs,
        byAuthority,
        failures,
        lastError,
        revocation,
      },
    }),
  );
}

function shownOf(pem: string, usedBy: readonly string[], nowMs: number): ShownCertificate {
  try {
    const found = new X509Certificate(Buffer.from(pem, 'latin1'));
    const [notBeforeMs, notAfterMs] = [found.validFromDate.getTime(), found.validToDate.getTime()];
    return {
      names: namesOf(found),
      issuer: oneLine(found.issuer),
      ...{ notBeforeMs, notAfterMs, state: stateOf(notBeforeMs, notAfterMs, nowMs) },
      ...{ serial: found.serialNumber, key: keyOf(found), usedBy },
    };
  } catch {
    const unknown = { names: [], issuer: '', notBeforeMs: 0, notAfterMs: 0, serial: '', key: '' };
    return { ...unknown, state: 'unreadable', usedBy };
  }
}

export function stateOf(notBeforeMs: number, notAfterMs: number, nowMs: number): CertificateState {
  if (nowMs < notBeforeMs) return 'not-yet';
  if (nowMs > notAfterMs) return 'expired';
  return notAfterMs - nowMs < SOON * (notAfterMs - notBeforeMs) ? 'soon' : 'good';
}

const oneLine = (name: string | undefined): string => (name ?? '').replace(/\n/g, ', ');

function namesOf({ subjectAltName, subject }: X509Certificate): string[] {
  const names = (subjectAltName ?? '')
    .split(', ')
    .flatMap(part => /^(?:DNS|IP Address):(.+)$/.exec(part)?.[1] ?? []);
  return names.length > 0 ? names : [oneLine(subject)];
}

function keyOf({ publicKey }: X509Certificate): string {
  const { asymmetricKeyType: type = '', asymmetricKeyDetails: details } = publicKey;
  if (type === 'ec') return `EC ${details?.namedCurve ?? ''}`.trim();
  return `${type.toUpperCase()} ${details?.modulusLength ?? ''}`.trim();
}
