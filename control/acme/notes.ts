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
