/** Directives of nginx that pass requests on in ways that moat does not. */
import type { Rows } from './nginx-only.ts';

const CACHE = `cache_background_update cache_bypass cache_key cache_lock cache_lock_age cache_lock_timeout
  cache_max_range_offset cache_methods cache_min_uses cache_path cache_purge cache_revalidate cache_use_stale
  cache_valid no_cache`;

const ALL = `allow_upstream bind bind_dynamic buffer_size connect_timeout next_upstream next_upstream_timeout
  next_upstream_tries read_timeout send_timeout socket_keepalive`;

const RESPONSE = 'hide_header ignore_headers intercept_errors pass_header';

/** FastCGI, SCGI and uwsgi have these in common. */
const GATEWAY = `${ALL} cache ${CACHE} ${RESPONSE} buffering buffers busy_buffers_size force_ranges ignore_client_abort
  limit_rate max_temp_file_size param pass_request_body pass_request_headers request_buffering request_dynamic
  store store_access temp_file_write_size temp_path`;

const TLS = `ssl_certificate ssl_certificate_cache ssl_certificate_key ssl_ciphers ssl_conf_command ssl_crl
  ssl_key_log ssl_name ssl_password_file ssl_protocols ssl_server_name ssl_session_reuse ssl_trusted_certificate
  ssl_verify ssl_verify_depth`;

const prefixed = (prefix: string, names: string) =>
  names
    .split(/\s+/)
    .map(name => `${prefix}_${name}`)
    .join(' ');

const USE_HTTP = 'run the application behind an HTTP server of its own, and proxy_pass to that';
const NO_CACHE = 'moat has no cache yet; put one between moat and the servers, or remove the line';

const NO_MEMCACHED = 'moat does not speak the protocol of memcached; let the application ask it';
const NO_STORE = 'moat writes no answers to files; have a job fetch them, and serve those by root';
const NO_GRPC =
  'moat does not speak gRPC yet (HTTP/2 to servers alone: proxy_http_version 2); leave gRPC with nginx for now';
const NO_TUNNEL = 'moat is no forward proxy: it refuses CONNECT; use a program made for that';

export const TO_SERVERS_ONLY: Rows = [
  ['fastcgi_pass scgi_pass uwsgi_pass', USE_HTTP],
  [
    prefixed('fastcgi', `${GATEWAY} catch_stderr index keep_conn send_lowat split_path_info`),
    USE_HTTP,
    'fastcgi_pass',
  ],
  [prefixed('scgi', GATEWAY), USE_HTTP, 'scgi_pass'],
  [prefixed('uwsgi', `${GATEWAY} ${TLS} modifier1 modifier2 string`), USE_HTTP, 'uwsgi_pass'],
  ['memcached_pass', NO_MEMCACHED],
  [prefixed('memcached', `${ALL} force_ranges gzip_flag`), NO_MEMCACHED, 'memcached_pass'],
  ['grpc_pass', NO_GRPC],
  [prefixed('grpc', `${ALL} ${RESPONSE} ${TLS} request_dynamic set_header`), NO_GRPC, 'grpc_pass'],
  ['tunnel_pass', NO_TUNNEL],
  [prefixed('tunnel', `${ALL} send_lowat`), NO_TUNNEL, 'tunnel_pass'],
  ['proxy_cache', NO_CACHE],
  ['proxy_store', NO_STORE],
  [prefixed('proxy', `${CACHE} cache_convert_head`), NO_CACHE, 'proxy_cache'],
  ['proxy_store_access', NO_STORE, 'proxy_store'],
  ['proxy_ssl_key_log', 'moat writes down no keys of TLS; have the server log them while you debug'],
  ['proxy_allow_upstream proxy_bind_dynamic proxy_request_dynamic', 'of nginx Plus; remove the line'],
  ['proxy_downstream_buffer proxy_upstream_buffer', 'obsolete in nginx too; remove the line'],
  ['ntlm', 'connections to servers are shared; use an authentication that stands in each request'],
  ['sticky_cookie_insert upstream_conf', 'obsolete in nginx too; use sticky, and a reload'],
];
