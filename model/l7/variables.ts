/** The variables that every request has, and what each tells. l7/variable/ computes them; a test holds the two lists together. */

/** Name → what it tells. docs/reference/variables.md is made from it. */
export const VARIABLES = {
  args: 'The arguments of the request, without `?`; may be set.',
  query_string: 'The same as `$args`.',
  is_args: '`?` when there are arguments, else empty.',
  uri: 'The path as it is now: decoded, normalised, after internal redirects and rewrites.',
  document_uri: 'The same as `$uri`.',
  request_uri: 'Path and arguments as the client sent them.',
  request_method: 'The method.',
  request: 'The request line as the client sent it.',
  request_id: '16 random bytes in hexadecimal, one value a request.',
  otel_trace_id:
    'The trace that the request belongs to, 32 hexadecimal digits; empty where neither otel_trace nor otel_trace_context is on.',
  otel_span_id: 'What is told of the request in its trace, 16 hexadecimal digits.',
  otel_parent_id: 'The span of the client, where `otel_trace_context` extracts it.',
  otel_parent_sampled: '`1` when the client tells of its span, `0` when it has one and does not.',
  request_length: 'Bytes of the request: line, header and body.',
  request_time: 'Seconds since the first byte of the request, with milliseconds.',
  request_body:
    'The body, when it was read into memory to be passed on, which `proxy_request_buffering off` never does.',
  request_body_file:
    'The file in which `client_body_in_file_only` keeps the body; other temporary files have no name.',
  waf_action: '`pass`, `detect` or `block`: what the WAF made of the request; empty where it is off.',
  waf_score: 'The anomaly score of the request.',
  waf_rules: 'Ids of the rules that matched, by commas.',
  waf_id: 'What an operator looks a refused request up by; the same as `$request_id`.',
  csrf_status:
    '`PASSED`, `DETECTED` or `REFUSED`: what `waf_csrf` made of a request that may change something.',
  request_completion: '`OK` when the request was answered in full, else empty.',
  request_filename: 'The file that `root` or `alias` make of the URI.',
  document_root: 'The value of `root` or `alias`.',
  realpath_root: 'The same with symbolic links resolved.',
  scheme: '`http` or `https`.',
  https: '`on` over TLS, else empty.',
  host: 'The host of the request line, else of the Host header, else the name of the server; lower case, without port.',
  hostname: 'The name of this machine.',
  server_name: 'The first name of the server that took the request.',
  server_addr: 'The address that the request came to.',
  server_port: 'The port that the request came to.',
  server_protocol: 'The protocol of the request: `HTTP/1.0`, `HTTP/1.1`, `HTTP/2.0`.',
  request_port: 'The port of the Host header or of the request line, when one is written.',
  is_request_port: '`:` when `$request_port` is not empty, else empty.',
  remote_addr: "The client's address; `real_ip_header` may change it.",
  remote_port: "The client's port.",
  remote_user: 'The user of basic authentication.',
  binary_remote_addr: "The client's address in binary, 4 or 16 bytes: the key for limits.",
  realip_remote_addr: "The client's address before `real_ip_header` changed it.",
  realip_remote_port: "The client's port before `real_ip_header` changed it.",
  proxy_protocol_addr: "The client's address in the PROXY protocol header.",
  proxy_protocol_port: "The client's port in the PROXY protocol header.",
  proxy_protocol_server_addr: "The server's address in the PROXY protocol header.",
  proxy_protocol_server_port: "The server's port in the PROXY protocol header.",
  content_length: 'The header Content-Length.',
  content_type: 'The header Content-Type.',
  status: 'The status of the answer.',
  body_bytes_sent: 'Bytes sent to the client, without the head.',
  bytes_sent: 'Bytes sent to the client.',
  limit_rate: 'Bytes a second that the answer may take; may be set.',
  msec: 'Seconds since 1970, with milliseconds.',
  time_local: 'The time in the form of the common log.',
  time_iso8601: 'The time in the form of ISO 8601.',
  pid: 'The number of the process that serves.',
  nginx_version: 'The version of nginx whose behaviour moat follows.',
  moat_version: "moat's own version.",
  connection: 'The serial number of the connection.',
  connection_requests: 'How many requests came over the connection, with this one.',
  connection_time: 'Seconds since the connection was opened, with milliseconds.',
  tcpinfo_rtt: "The round trip time of the client's TCP connection, in microseconds.",
  tcpinfo_rttvar: 'How much that time varies, in microseconds.',
  tcpinfo_snd_cwnd: "The congestion window of the client's TCP connection, in segments.",
  tcpinfo_rcv_space: "The receive space of the client's TCP connection, in bytes.",
  connections_active: 'Open connections of clients, idle ones too.',
  connections_reading: 'Connections whose request is being read.',
  connections_writing: 'Connections whose answer is being made or written.',
  connections_waiting: 'Idle connections of clients.',
  pipe: '`p` when the request was pipelined, else `.`.',
  proxy_host: 'Name and port of the server as `proxy_pass` has them.',
  proxy_port: 'The port of `proxy_pass`, or the default of its scheme.',
  proxy_add_x_forwarded_for: 'The header X-Forwarded-For with `$remote_addr` appended.',
  proxy_add_forwarded: 'The header Forwarded (RFC 7239) with this hop appended.',
  proxy_internal_body_length: 'The length of the body that `proxy_set_body` made, else that of the request.',
  proxy_internal_chunked: '`chunked` when the body goes on without a known length, else empty.',
  upstream_addr:
    'Addresses of the members that were asked; `, ` parts tries, ` : ` parts internal redirects.',
  upstream_status: 'Statuses that they answered with.',
  upstream_connect_time: 'Seconds until each connection stood, with milliseconds.',
  upstream_header_time: 'Seconds until each head was read, with milliseconds.',
  upstream_response_time: 'Seconds until each answer was read, with milliseconds.',
  upstream_queue_time: 'Seconds spent in the queue of the pool, with milliseconds.',
  upstream_response_length: 'Bytes of each body.',
  upstream_bytes_received: 'Bytes received from each.',
  upstream_bytes_sent: 'Bytes sent to each.',
  upstream_cache_status: 'How the cache answered; empty while there is none.',
  upstream_cache_last_modified: 'Empty: there is no cache.',
  upstream_cache_etag: 'Empty: there is no cache.',
  upstream_last_addr: 'The address of the member that was asked last.',
  upstream_last_server_name: 'The same member as the configuration names it.',
  gzip_ratio: 'How many times smaller gzip made the answer.',
  brotli_ratio: 'How many times smaller brotli made the answer.',
  zstd_ratio: 'How many times smaller zstd made the answer.',
  limit_req_status: '`PASSED`, `DELAYED`, `REJECTED`, `DELAYED_DRY_RUN` or `REJECTED_DRY_RUN`.',
  challenge_status:
    'What `challenge` made of the request: `SHOWN` the page, `SOLVED` or `WAITED` for it, `PASSED` by the cookie, `BOT`, `SPARED` (no navigation) or `REFUSED`; empty where it is off.',
  limit_ban_status:
    '`PASSED`, `REJECTED` of a client that is banned, `BANNED` of the request that led to it; the last two with `_DRY_RUN` where that is on.',
  limit_conn_status: '`PASSED`, `REJECTED` or `REJECTED_DRY_RUN`.',
  invalid_referer: '`1` when `valid_referers` does not let the Referer through, else empty.',
  secure_link:
    '`1` for a link that is good, `0` when its time is over, else empty; with `secure_link_secret` the link.',
  secure_link_expires: 'The time until which the link is good, in seconds since 1970.',
  uid_got: 'Name and identifier of the cookie that the client sent (`userid`).',
  uid_set: 'Name and identifier of the cookie that the client is sent.',
  uid_reset:
    'When it is neither empty nor `0`, the client gets a new identifier, with `log` told in the error log; may be set.',
  modern_browser: 'The value of `modern_browser_value` when the browser is modern, else empty.',
  ancient_browser: 'The value of `ancient_browser_value` when the browser is ancient, else empty.',
  msie: '`1` for Internet Explorer, else empty.',
  http2: '`h2` or `h2c` over HTTP/2, else empty.',
  http3: '`h3` over HTTP/3, else empty.',
  ssl_protocol: 'The protocol of the TLS connection.',
  ssl_cipher: 'Its cipher.',
  ssl_ciphers: 'Those that the client offered, joined by colons; only when the session is new.',
  ssl_curve: 'The curve of the key exchange.',
  ssl_curves: 'Those that the client offered, joined by colons; only when the session is new.',
  ssl_sigalg: 'The algorithm of the signature by the server; only when the session is new.',
  ssl_ech_status: 'Empty: the runtime has no Encrypted Client Hello.',
  ssl_ech_outer_server_name: 'Empty, too.',
  ssl_session_id: 'The session identifier.',
  ssl_session_reused: '`r` when the session was resumed, else `.`.',
  ssl_early_data: '`1` while early data is used and the handshake is not complete, else empty.',
  ssl_server_name: 'The name that the client asked for by SNI.',
  ssl_alpn_protocol: 'The protocol chosen by ALPN.',
  ssl_client_cert: "The client's certificate as PEM, its further lines indented by a tab.",
  ssl_client_raw_cert: "The client's certificate as PEM.",
  ssl_client_escaped_cert: "The client's certificate as PEM, URL-encoded.",
  ssl_client_s_dn: 'Its subject (RFC 2253).',
  ssl_client_i_dn: 'Its issuer (RFC 2253).',
  ssl_client_s_dn_legacy: 'Its subject in the old form with slashes.',
  ssl_client_i_dn_legacy: 'Its issuer in the old form with slashes.',
  ssl_client_serial: 'Its serial number.',
  ssl_client_fingerprint: 'Its SHA-1 fingerprint.',
  ssl_client_sigalg: 'The algorithm of the signature by the client; only when the session is new.',
  ssl_client_verify: '`SUCCESS`, `FAILED:` with the reason, or `NONE`.',
  ssl_client_v_start: 'When it starts to be valid.',
  ssl_client_v_end: 'When it ends to be valid.',
  ssl_client_v_remain: 'Days until then.',
} as const satisfies Record<string, string>;
export type VariableName = keyof typeof VARIABLES;

/** Prefix → what the variables of the family tell; what follows the prefix names an argument, a header, a cookie. */
export const VARIABLE_FAMILIES = {
  arg_: 'One argument of the request.',
  waf_arg_:
    'One argument as the firewall read it, of the query, a form or JSON, decoded; empty where it is off, and until it has read the body.',
  http_: 'A header of the request; lower case, `_` for `-`.',
  cookie_: 'A cookie of the request.',
  sent_http_: 'A header of the answer.',
  sent_trailer_: 'A trailer of the answer.',
  upstream_http_: "A header of the member's answer.",
  upstream_trailer_: "A trailer of the member's answer.",
  upstream_cookie_: 'A cookie that the member set.',
  proxy_protocol_tlv_: 'A TLV of the PROXY protocol header, by name or number.',
} as const satisfies Record<string, string>;
export type VariablePrefix = keyof typeof VARIABLE_FAMILIES;

export const VARIABLE_NAMES = Object.keys(VARIABLES) as readonly VariableName[];
export const VARIABLE_PREFIXES = Object.keys(VARIABLE_FAMILIES) as readonly VariablePrefix[];

/** Those that `set` and the like may write to. */
export const SETTABLE_VARIABLES = [
  'args',
  'limit_rate',
  'uid_reset',
] as const satisfies readonly VariableName[];
export type SettableVariable = (typeof SETTABLE_VARIABLES)[number];

const SETTABLE: ReadonlySet<string> = new Set(SETTABLE_VARIABLES);

/**
 * Built-in names that a configuration may take for a variable of its own; where nothing is set they are what they were. The
 * last two nginx does not have: a `map` that makes $proxy_add_forwarded stands in many files.
 */
const YIELDING: ReadonlySet<string> = new Set<VariableName>([
  'modern_browser',
  'ancient_browser',
  'msie',
  'proxy_add_forwarded',
  'moat_version',
]);

/** True for a built-in name that no directive may define or write to. */
export function isReservedVariable(name: string): boolean {
  return Object.hasOwn(VARIABLES, name) && !SETTABLE.has(name) && !YIELDING.has(name);
}

export function isSettableVariable(name: string): name is SettableVariable {
  return SETTABLE.has(name);
}

/** @param name lower case; a prefix alone counts, as in nginx */
export function isBuiltInVariable(name: string): boolean {
  return Object.hasOwn(VARIABLES, name) || VARIABLE_PREFIXES.some(prefix => name.startsWith(prefix));
}
