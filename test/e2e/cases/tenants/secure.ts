/** The same cases over TLS. */
import type { Case } from '../case.ts';

/** The same cases over TLS, with the Host as the name in the greeting unless told. */
export const secure = (host: string, cases: readonly Case[]): Case[] =>
  cases.map(
    ([status, ask, also]) => [status, ask, { to: 8443, host, ...also, tls: { ...also?.tls } }] as const,
  );
