/** Directives of the ssl module. */
import { arg } from '../argument.ts';
import { defineDirective } from '../registry.ts';
import { TLS_CERTIFICATE } from './tls-certificate.ts';
import { TLS_CLIENT } from './tls-client.ts';
import { TLS_COMMAND } from './tls-command.ts';
import { TLS_PROTOCOL } from './tls-protocol.ts';
import { TLS_SESSION } from './tls-session.ts';

const inheritable = defineDirective({
  name: 'ssl_object_cache_inheritable',
  context: ['main'],
  args: { on: arg.flag() },
  doc: {
    summary:
      'Accepted for nginx configurations, without effect: what did not change is never read into OpenSSL again.',
    default: 'ssl_object_cache_inheritable on;',
    example: 'ssl_object_cache_inheritable off;',
    since: '0.1',
  },
  compile() {},
});

export const TLS = [
  inheritable,
  ...TLS_CERTIFICATE,
  ...TLS_PROTOCOL,
  ...TLS_COMMAND,
  ...TLS_SESSION,
  ...TLS_CLIENT,
];
