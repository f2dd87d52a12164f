/** What the log is told of certificates of authorities. */
import { plain } from './fault.ts';
import type { Issued, Revocation } from './issued.ts';

const dateOf = (ms: number): string => new Date(ms).toISOString();

const standsIn = ({ isBorrowed }: Pick<Issued, 'isBorrowed'>): string =>
  isBorrowed ? 'a certificate for other names' : 'a self-signed certificate';

export const standInText = ({ certificate: { id, issuer }, isBorrowed }: Issued): string =>
  `acme: ${id}: clients are shown ${standsIn({ isBorrowed })} until "${issuer}" has issued one`;

export const issuedText = ({ certificate: { id, issuer }, life, dueMs }: Issued): string =>
  `acme: ${id}: "${issuer}" has issued a certificate until ${dateOf(life.notAfterMs)}, renewal ${dateOf(dueMs)}`;

export const heardText = ({ certificate: { id }, life }: Issued): string =>
  `acme: ${id}: another node has a certificate until ${dateOf(life.notAfterMs)}, which is shown here too`;

export function failedText({
  certificate: { id },
  isStandIn,
  isBorrowed,
  lastError,
  failures,
  dueMs,
}: Issued): string {
  const stays = isStandIn
    ? `clients are shown ${standsIn({ isBorrowed })}`
    : 'the certificate before stays in force';
  return `acme: ${id}: no certificate: ${lastError}: ${stays}; try ${failures + 1} at ${dateOf(dueMs)}`;
}

export const revokedText = (
  { certificate: { id, issuer } }: Issued,
  { serial, fault }: Revocation,
): string =>
  fault === undefined
    ? `acme: ${id}: "${issuer}" has revoked the certificate ${serial}`
    : `acme: ${id}: the certificate ${serial} is not revoked: ${fault}`;

export const brokenText = ({ desk, file }: Issued, { message }: Error): string =>
  `acme: "${desk.store.path}/${file}.pem" is of no use: ${message}: it is ordered anew`;

/** @param about an id that another node names */
export const uselessText = (about: string, { message }: Error): string =>
  `acme: ${plain(about)}: what another node tells is of no use: ${message}`;
