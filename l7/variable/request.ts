/** Variables of the request itself and of its answer. */
import { credentialsOf } from '../auth/credentials.ts';
import { isoTime, logTime } from '../clock.ts';
import type { Exchange } from '../exchange.ts';
import { newRequestId } from '../request-id.ts';
import { isMsie } from '../route/browsers.ts';
import type { Getter } from './space.ts';

const seconds = (ms: number) => (ms / 1000).toFixed(3);

/** The port that the client named: in the target of the request, or in Host. */
function portOf({ main: { head } }: Exchange): string {
  const authority = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]+)/.exec(head.target)?.[1] ?? head.host ?? '';
  return /:(\d+)$/.exec(authority)?.[1] ?? '';
}

export const REQUEST_VARIABLES = {
  args: exchange => exchange.args || undefined,
  query_string: exchange => exchange.args || undefined,
  is_args: exchange => (exchange.args === '' ? '' : '?'),
  uri: exchange => exchange.path || undefined,
  document_uri: exchange => exchange.path || undefined,
  request_uri: exchange => exchange.requestUri || undefined,
  request_method: exchange => exchange.main.method || undefined,
  request: exchange => exchange.main.head.line,
  request_id: exchange => (exchange.main.requestId ??= newRequestId()),
  // A subrequest took nothing from the wire, and the client's request is not complete with it.
  request_length: exchange =>
    exchange.main === exchange ? String(exchange.head.headBytes + (exchange.body?.receivedBytes ?? 0)) : '0',
  request_time: exchange => seconds(exchange.clock.nowMs() - exchange.main.startedMs),
  request_completion: exchange => (exchange.completed && exchange.main === exchange ? 'OK' : ''),
  host: exchange => exchange.host || exchange.server.model.serverName,
  request_port: portOf,
  is_request_port: exchange => (portOf(exchange) === '' ? '' : ':'),
  limit_rate: exchange => String(exchange.limitRateBytesPerS ?? 0),
  server_name: exchange => exchange.server.model.serverName,
  server_protocol: exchange => exchange.downstream.protocol,
  content_length: ({ head, main }) =>
    main.body?.forsaken
      ? undefined
      : (head.headers.get('content-length') ?? main.storedBody?.bytes.toString()),
  request_body: ({ main }) => {
    const chunks = main.storedBody?.inMemory;
    return chunks && Buffer.concat(chunks).toString('latin1');
  },
  request_body_file: ({ main }) => main.storedBody?.path,
  content_type: exchange => exchange.head.headers.joined('content-type'),
  status: exchange =>
    String(
      exchange.response?.status ?? (exchange.errorStatus || exchange.statusDue || exchange.failedStatus),
    ).padStart(3, '0'),
  body_bytes_sent: exchange => String(exchange.downstream.bodyBytesSent),
  bytes_sent: exchange => String(exchange.downstream.bytesSent),
  limit_req_status: exchange => exchange.limitReqStatus,
  limit_conn_status: exchange => exchange.limitConnStatus,
  challenge_status: ({ main }) => main.challengeStatus,
  limit_ban_status: ({ main }) => main.limitBanStatus,
  invalid_referer: ({ location, head }) => (location.isValidReferer(head.headers.get('referer')) ? '' : '1'),
  secure_link: exchange => exchange.location.secureLink.judge(exchange),
  secure_link_expires: exchange => exchange.location.secureLink.expires(exchange),
  uid_got: exchange => exchange.location.userIds.got(exchange),
  uid_set: exchange => exchange.location.userIds.given(exchange),
  uid_reset: ({ main }) => main.userIdReset ?? '',
  modern_browser: ({ location, head }) =>
    location.isModernBrowser(head.headers.get('user-agent'))
      ? location.model.settings.browser.modernValue
      : '',
  ancient_browser: ({ location, head }) =>
    location.isModernBrowser(head.headers.get('user-agent'))
      ? ''
      : location.model.settings.browser.ancientValue,
  msie: ({ head }) => (isMsie(head.headers.get('user-agent') ?? '') ? '1' : ''),
  remote_user: exchange => credentialsOf(exchange)?.user,
  msec: exchange => seconds(exchange.clock.wallMs()),
  time_local: exchange => logTime(exchange.clock.wallMs()),
  time_iso8601: exchange => isoTime(exchange.clock.wallMs()),
} satisfies Record<string, Getter>;
