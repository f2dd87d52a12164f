/** Directives of the http core module, by what they are about; server, listen, server_name and location are in http.ts. */
import { CORE_CLIENT } from './core-client.ts';
import { CORE_CONNECTION } from './core-connection.ts';
import { CORE_ERRORS } from './core-errors.ts';
import { CORE_FILES } from './core-files.ts';
import { CORE_INERT } from './core-inert.ts';

export const CORE = [...CORE_FILES, ...CORE_ERRORS, ...CORE_CLIENT, ...CORE_CONNECTION, ...CORE_INERT];
