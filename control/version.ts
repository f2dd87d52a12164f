/** Which moat this is, and which nginx its configuration language follows. */
import { VERSION } from '#kit/version.ts';
import { configureArguments } from './features.ts';

export const MOAT_VERSION: string = VERSION;
/** The release whose directives, defaults and behaviour are followed. */
export const NGINX_VERSION = '1.31.5';

/** The line of `-v`. */
export const versionLine = (): string => `nginx version: nginx/${NGINX_VERSION} (moat/${MOAT_VERSION})\n`;

/** The lines of `-V`. */
export const buildLines = (): string =>
  `${versionLine()}built with OpenSSL ${process.versions.openssl} (Node ${process.versions.node})\n` +
  `TLS SNI support enabled\nconfigure arguments: ${configureArguments().join(' ')}\n`;
