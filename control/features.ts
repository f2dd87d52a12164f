/** What `-V` says: nginx's modules, and whether moat does their work. Scripts and test suites read it. */

/** Modules that nginx builds unless told not to: a `no` shows as `--without-...`. */
const BUILT_BY_DEFAULT: Record<string, boolean> = {
  'http-cache': false,
  http_access_module: true,
  http_auth_basic_module: true,
  http_autoindex_module: false,
  http_browser_module: false,
  http_charset_module: false,
  http_empty_gif_module: true,
  http_fastcgi_module: false,
  http_geo_module: true,
  http_grpc_module: false,
  http_gzip_module: true,
  http_limit_conn_module: true,
  http_limit_req_module: true,
  http_map_module: true,
  http_memcached_module: false,
  http_mirror_module: true,
  http_proxy_module: true,
  http_referer_module: true,
  http_rewrite_module: true,
  http_scgi_module: false,
  http_split_clients_module: true,
  http_ssi_module: false,
  http_tunnel_module: false,
  http_upstream_hash_module: true,
  http_upstream_ip_hash_module: true,
  http_upstream_keepalive_module: true,
  http_upstream_least_conn_module: true,
  http_upstream_random_module: true,
  http_upstream_sticky_module: true,
  http_upstream_zone_module: true,
  http_userid_module: false,
  http_uwsgi_module: false,
};

/** Modules that nginx builds only when asked: a `yes` shows as `--with-...`. */
const BUILT_ON_REQUEST: Record<string, boolean> = {
  http_addition_module: false,
  http_auth_request_module: true,
  http_dav_module: false,
  http_flv_module: false,
  http_gunzip_module: true,
  http_gzip_static_module: true,
  http_mp4_module: false,
  http_random_index_module: false,
  http_realip_module: true,
  http_secure_link_module: false,
  http_slice_module: false,
  http_ssl_module: true,
  http_stub_status_module: true,
  http_sub_module: true,
  http_v2_module: false,
  http_v3_module: false,
  mail: false,
  stream: false,
  threads: true,
};

/** The words after `configure arguments:`. */
export function configureArguments(): string[] {
  const without = Object.entries(BUILT_BY_DEFAULT).filter(([, has]) => !has);
  const asked = Object.entries(BUILT_ON_REQUEST).filter(([, has]) => has);
  return [...asked.map(([name]) => `--with-${name}`), ...without.map(([name]) => `--without-${name}`)];
}
