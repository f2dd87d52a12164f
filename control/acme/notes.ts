/** Certificates and accounts as nodes of a cluster tell them each other. */
import type { AcmeNote } from '#l7';
import type { IssuerDesk } from './desk.ts';
import type { Issued } from './issued.ts';
import { recordOf } from './session.ts';
import type { KeptAccount, Pair } from './store.ts';

export const pairNote = ({ certificate: { id }, pair }: Issued): AcmeNote => ({
  ...{ kind: 'pair', id, text: JSON.stringify(pair) },
});

/** @returns undefined for what is none @throws {SyntaxError} */
export function pairIn(text: string): Pair | undefined {
  const { chain, key, uri, atMs } = recordOf(JSON.parse(text));
  if (typeof chain !== 'string' || typeof key !== 'string' || typeof uri !== 'string') return undefined;
  return { chain, key, uri, atMs: Number.isSafeInteger(atMs) ? Number(atMs) : 0 };
}

/** None, or one. */
export const accountNote = ({ issuer, account }: IssuerDesk): AcmeNote[] =>
  account ? [{ kind: 'account', id: issuer.name, text: JSON.stringify(account) }] : [];

/** @returns undefined for what is none @throws {SyntaxError} */
export function accountIn(text: string): { readonly key: string; readonly account: KeptAccount } | undefined {
  const { key, account } = recordOf(JSON.parse(text));
  const { uri, url, contacts } = recordOf(account);
  if (typeof key !== 'string' || typeof uri !== 'string' || typeof url !== 'string') return undefined;
  if (!Array.isArray(contacts) || !contacts.every(one => typeof one === 'string')) return undefined;
  return { key, account: { uri, url, contacts } };
}

/** All that a node has to tell: accounts first, so that nobody registers another one. */
export const allNotes = (all: Iterable<Issued>, desks: Iterable<IssuerDesk>): AcmeNote[] => [
  ...[...desks].flatMap(accountNote),
  ...[...all].flatMap(one => (one.isStandIn ? [] : pairNote(one))),
];

/** @returns the certificate that is younger now; undefined: nothing is new @throws {Error} when it is not what was ordered */
export function takePair({ id, text }: AcmeNote, all: ReadonlyMap<string, Issued>): Issued | undefined {
  const one = all.get(id);
  const pair = pairIn(text);
  if (!one || !pair || !one.isOlderThan(pair)) return undefined;
  one.adopt(pair, Date.now());
  return one;
}

/** One account for all nodes: some authorities bind an external account but once. @throws {Error} for what is none */
export function takeAccount({ id, text }: AcmeNote, desks: ReadonlyMap<string, IssuerDesk>): void {
  const account = accountIn(text);
  if (account) desks.get(id)?.adoptAccount(account);
}
