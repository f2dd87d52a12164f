/** What an authority has issued: held against what was ordered, before anybody is shown it. */
import { type KeyObject, X509Certificate } from 'node:crypto';
import type { AcmeIdentifier } from '#model/l7/acme.ts';
import { AcmeFault } from './fault.ts';

const BLOCK = /-----BEGIN CERTIFICATE-----\r?\n[A-Za-z\d+/=\r\n]+-----END CERTIFICATE-----/g;
const MOST_CERTIFICATES = 10;

/** The certificates of a PEM text, the own one first; nothing else of it is kept. @throws {AcmeFault} */
export function readChain(text: string): X509Certificate[] {
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length === 0 || blocks.length > MOST_CERTIFICATES)
    throw new AcmeFault(`the authority gives a chain of ${blocks.length} certificates`);
  try {
    return blocks.map(block => new X509Certificate(Buffer.from(block, 'latin1')));
  } catch (cause) {
    throw new AcmeFault('the authority gives a certificate that cannot be read', { cause });
  }
}

/** @throws {AcmeFault} when it is not for this key and all of these names, or does not hold now */
export function refuseMisfit(
  chain: readonly X509Certificate[],
  key: KeyObject,
  names: readonly AcmeIdentifier[],
  nowMs: number,
): void {
  const [own, issuer] = chain;
  if (!own!.checkPrivateKey(key)) throw new AcmeFault('the authority gives a certificate of another key');
  const missing = names.find(({ type, value }) =>
    type === 'ip' ? own!.checkIP(value) === undefined : !isFor(own!, value),
  );
  if (missing) throw new AcmeFault(`the authority gives a certificate that is not for ${missing.value}`);
  if (own!.validToDate.getTime() <= nowMs)
    throw new AcmeFault('the authority gives a certificate that has expired');
  if (issuer && !own!.checkIssued(issuer))
    throw new AcmeFault('the authority gives a chain whose second certificate did not issue the first');
}

/** Exactly: a wildcard is not enough for one of its names, nor they for it. */
const isFor = ({ subjectAltName = '' }: X509Certificate, name: string): boolean =>
  subjectAltName.split(', ').some(part => part.toLowerCase() === `dns:${name}`);

/** How many of the names it is good for; none when it does not hold now. */
export function coverOf(own: X509Certificate, names: readonly AcmeIdentifier[], nowMs: number): number {
  if (own.validFromDate.getTime() > nowMs || own.validToDate.getTime() <= nowMs) return 0;
  return names.filter(({ type, value }) =>
    type === 'ip'
      ? own.checkIP(value) !== undefined
      : own.checkHost(value) !== undefined || isFor(own, value),
  ).length;
}

/** Whether the last certificate was issued by somebody of this common name. */
export const leadsTo = (chain: readonly X509Certificate[], name: string): boolean =>
  chain.at(-1)!.issuer.split('\n').includes(`CN=${name}`);

export const pemOf = (chain: readonly X509Certificate[]): string => chain.map(one => one.toString()).join('');
