/** Variables of the connection, the set of rules, and the transaction itself. */
import { live, one } from './define.ts';
import type { Variable } from './variable.ts';

const hostName = (header: string | undefined): string | undefined =>
  /^(\[[^\]]*\]|[^:]*)/.exec(header ?? '')?.[1];

export const CONNECTION_VARIABLES: readonly Variable[] = [
  one('REMOTE_ADDR', "The client's address.", t => t.request.head.clientAddress),
  one('REMOTE_HOST', "The client's address: names are not looked up.", t => t.request.head.clientAddress),
  one('REMOTE_PORT', "The client's port.", t => String(t.request.head.clientPort)),
  one('SERVER_ADDR', 'The address that was connected to.', t => t.request.head.serverAddress),
  one('SERVER_PORT', 'The port that was connected to.', t => String(t.request.head.serverPort)),
  one('SERVER_NAME', 'The name in the Host header.', t => hostName(t.request.header('host'))),
  one('UNIQUE_ID', 'The id of the request.', t => t.request.head.id),
  one('WEBAPPID', 'What SecWebAppId set.', t => t.settings.webAppId),
  live('SESSIONID', 'What setsid set.', t => t.ids.session),
  live('USERID', 'What setuid set.', t => t.ids.user),
  one('MODSEC_BUILD', 'The version whose language this is, as a number.', () => '030000100'),
  live('HIGHEST_SEVERITY', 'The gravest severity of the rules that matched; 255 for none.', t =>
    String(t.highestSeverity),
  ),
  one('MSC_PCRE_ERROR', 'Always 0: no pattern fails at run time.', () => '0'),
  one('MSC_PCRE_LIMITS_EXCEEDED', 'Always 0: no pattern has a limit.', () => '0'),
];
