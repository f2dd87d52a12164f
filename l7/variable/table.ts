/** The built-in variables, by family. One row a family. */
import { COMPRESSION_VARIABLES } from './compression.ts';
import { CONNECTION_VARIABLES } from './connection.ts';
import { CONNECTIONS_VARIABLES } from './connections.ts';
import { FILE_VARIABLES } from './file.ts';
import { HEADER_PREFIXES } from './header.ts';
import { PROXY_PROTOCOL_PREFIXES, PROXY_PROTOCOL_VARIABLES } from './proxy-protocol.ts';
import { REQUEST_VARIABLES } from './request.ts';
import type { Getter } from './space.ts';
import { TLS_VARIABLES } from './tls.ts';
import { TRACE_VARIABLES } from './trace.ts';
import { UPSTREAM_VARIABLES } from './upstream.ts';
import { WAF_PREFIXES, WAF_VARIABLES } from './waf.ts';

export const VARIABLES: Readonly<Record<string, Getter | undefined>> = {
  ...REQUEST_VARIABLES,
  ...FILE_VARIABLES,
  ...CONNECTION_VARIABLES,
  ...CONNECTIONS_VARIABLES,
  ...PROXY_PROTOCOL_VARIABLES,
  ...TLS_VARIABLES,
  ...UPSTREAM_VARIABLES,
  ...COMPRESSION_VARIABLES,
  ...WAF_VARIABLES,
  ...TRACE_VARIABLES,
};

/** Prefix of a family → what makes the getter for the rest of the name. */
export const PREFIXES: readonly (readonly [string, (rest: string) => Getter])[] = [
  ...HEADER_PREFIXES,
  ...PROXY_PROTOCOL_PREFIXES,
  ...WAF_PREFIXES,
];
