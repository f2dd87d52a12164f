/** Directives of nginx's core, of nginx Plus, and of modules by others that many configurations use. */
import type { Rows } from './nginx-only.ts';

const PLUS_AUTH = 'of nginx Plus; check tokens in a service of yours, with auth_request';

const NO_LUA = 'moat runs no scripts; put the logic behind proxy_pass or auth_request';
const NO_TRACES = 'it has become OpenTelemetry: write otel_exporter, otel_trace and otel_trace_context';
const IN_FRONT = 'of a module by others; leave this location with nginx, and proxy_pass to it';
const SIZES = 'moat chooses the sizes of TLS records by itself; remove the line';

export const OTHER_ONLY: Rows = [
  ['load_module', 'moat has no loadable modules; remove the line', 'the directives of a module'],
  ['google_perftools_profiles', 'moat runs on Node: profile it with --cpu-prof'],
  [
    `acceptex_read devpoll_changes devpoll_events epoll_events eventport_events iocp_threads kqueue_changes
     kqueue_events post_acceptex`,
    'it tunes an event loop that moat does not have; remove the line',
  ],
  ['status_format', 'of nginx Plus; `moat status` and /metrics tell the same'],
  ['status_zone', 'of nginx Plus; `moat status` and /metrics tell the same', 'status_format'],
  [
    `auth_jwt auth_jwt_claim_set auth_jwt_header_set auth_jwt_key_cache auth_jwt_key_file auth_jwt_key_request
     auth_jwt_leeway auth_jwt_require auth_jwt_type auth_oidc auth_require oidc_provider`,
    PLUS_AUTH,
  ],
  ['mgmt', 'moat needs no licence; remove the block'],
  [
    'lua_code_cache lua_package_cpath lua_package_path lua_shared_dict lua_socket_log_errors',
    NO_LUA,
    'the blocks with scripts',
  ],
  [
    `access_by_lua_block access_by_lua_file balancer_by_lua_block body_filter_by_lua_block content_by_lua_block
     content_by_lua_file header_filter_by_lua_block init_by_lua_block init_worker_by_lua_block log_by_lua_block rewrite_by_lua_block set_by_lua_block
     ssl_certificate_by_lua_block`,
    NO_LUA,
  ],
  ['modsecurity', 'moat has a firewall of its own: write waf block'],
  [
    'modsecurity_rules modsecurity_rules_file',
    'moat has a firewall of its own: waf_rules names files of rules, and waf_rules crs the OWASP rules',
    'modsecurity',
  ],
  ['more_clear_headers more_set_headers', 'use add_header, proxy_hide_header and proxy_set_header'],
  ['more_clear_input_headers more_set_input_headers', 'use proxy_set_header'],
  ['echo echo_exec echo_location echo_sleep', 'use return'],
  [
    `set_decode_base64 set_encode_base64 set_escape_uri set_hashed_upstream set_md5 set_random
     set_unescape_uri`,
    'of a module by others; use set and map, and let the application escape what it needs',
  ],
  [
    `access_by_lua balancer_by_lua_file body_filter_by_lua body_filter_by_lua_file content_by_lua
     header_filter_by_lua header_filter_by_lua_file init_by_lua init_by_lua_file init_worker_by_lua
     init_worker_by_lua_file log_by_lua log_by_lua_file rewrite_by_lua rewrite_by_lua_file
     server_rewrite_by_lua_block set_by_lua set_by_lua_file ssl_client_hello_by_lua_block`,
    NO_LUA,
  ],
  [
    `lua_check_client_abort lua_max_pending_timers lua_max_running_timers lua_need_request_body
     lua_socket_buffer_size lua_socket_connect_timeout lua_socket_keepalive_timeout lua_socket_pool_size
     lua_socket_read_timeout lua_socket_send_timeout lua_ssl_ciphers lua_ssl_protocols
     lua_ssl_trusted_certificate lua_ssl_verify_depth`,
    NO_LUA,
    'the blocks with scripts',
  ],
  [
    'auth_gss auth_ldap auth_ldap_servers auth_pam auth_spnego ldap_server',
    'ask a service of yours, with auth_request',
  ],
  ['check check_http_expect_alive check_http_send', 'use health_check in a location, and match'],
  ['check_status', '`moat status` and /metrics tell the same'],
  ['fair', 'use least_conn, least_time or balance ewma'],
  ['jdomain', 'write server NAME resolve'],
  ['session_sticky sticky_hide_cookie', 'use sticky'],
  ['fancyindex', 'use autoindex'],
  [
    `fancyindex_css_href fancyindex_exact_size fancyindex_footer fancyindex_header fancyindex_ignore
     fancyindex_localtime fancyindex_name_length fancyindex_show_path`,
    'use autoindex',
    'fancyindex',
  ],
  ['subs_filter subs_filter_types', 'use sub_filter and sub_filter_types'],
  ['pagespeed', 'make pages small when they are built; remove the line'],
  ['ajp_pass', 'proxy_pass to the HTTP port of the application server'],
  ['nchan_publisher nchan_pubsub nchan_subscriber push_stream_publisher push_stream_subscriber', IN_FRONT],
  ['upload_pass upload_store vod', IN_FRONT],
  ['rtmp rtmp_control rtmp_stat', 'moat relays no RTMP; leave this with nginx, in a process of its own'],
  [
    'proxy_connect proxy_connect_address proxy_connect_allow',
    'moat is no forward proxy: it refuses CONNECT; use a program made for that',
  ],
  ['opentracing opentracing_load_tracer opentracing_propagate_context opentracing_tag', NO_TRACES],
  [
    'ssl_dyn_rec_enable ssl_dyn_rec_size_hi ssl_dyn_rec_size_lo ssl_dyn_rec_threshold ssl_dyn_rec_timeout',
    SIZES,
  ],
  ['set_from_accept_language', 'use map on $http_accept_language'],
  ['vhost_traffic_status vhost_traffic_status_display vhost_traffic_status_zone', '/metrics tells the same'],
  ['passenger_enabled passenger_root passenger_ruby', 'run the application by itself, and proxy_pass to it'],
];
