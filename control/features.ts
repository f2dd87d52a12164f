/** What `-V` says: nginx's modules, and whether moat does their work. Scripts and test suites read it. */

export interface Feature {
  readonly has: boolean;
  /** A directive that stands for the module: a test holds `has` against whether the language knows it. */
  readonly directive?: string;
}

const yes = (directive?: string): Feature => ({ has: true, ...(directive && { directive }) });
const no = (directive?: string): Feature => ({ has: false, ...(directive && { directive }) });

/** Modules that nginx builds unless told not to: a `no` shows as `--without-...`. */
export const BUILT_BY_DEFAULT: Readonly<Record<string, Feature>> = {
  'http-cache': no('proxy_cache'),
  http_access_module: yes('allow'),
  http_auth_basic_module: yes('auth_basic'),
  http_autoindex_module: yes('autoindex'),
  http_browser_module: yes('ancient_browser'),
  http_charset_module: yes('charset'),
  http_empty_gif_module: yes('empty_gif'),
  http_fastcgi_module: no('fastcgi_pass'),
  http_geo_module: yes('geo'),
  http_grpc_module: no('grpc_pass'),
  http_gzip_module: yes('gzip'),
  http_limit_conn_module: yes('limit_conn'),
  http_limit_req_module: yes('limit_req'),
  http_map_module: yes('map'),
  http_memcached_module: no('memcached_pass'),
  http_mirror_module: yes('mirror'),
  http_proxy_module: yes('proxy_pass'),
  http_referer_module: yes('valid_referers'),
  http_rewrite_module: yes('rewrite'),
  http_scgi_module: no('scgi_pass'),
  http_split_clients_module: yes('split_clients'),
  http_ssi_module: no('ssi'),
  http_tunnel_module: no('tunnel_pass'),
  http_upstream_hash_module: yes('hash'),
  http_upstream_ip_hash_module: yes('ip_hash'),
  http_upstream_keepalive_module: yes('keepalive'),
  http_upstream_least_conn_module: yes('least_conn'),
  http_upstream_random_module: yes('random'),
  http_upstream_sticky_module: yes('sticky'),
  http_upstream_zone_module: yes('zone'),
  http_userid_module: yes('userid'),
  http_uwsgi_module: no('uwsgi_pass'),
};

/** Modules that nginx builds only when asked: a `yes` shows as `--with-...`. */
export const BUILT_ON_REQUEST: Readonly<Record<string, Feature>> = {
  http_addition_module: yes('add_before_body'),
  http_auth_request_module: yes('auth_request'),
  http_dav_module: no('dav_methods'),
  http_flv_module: no('flv'),
  http_gunzip_module: yes('gunzip'),
  http_gzip_static_module: yes('gzip_static'),
  http_mp4_module: no('mp4'),
  http_random_index_module: yes('random_index'),
  http_realip_module: yes('set_real_ip_from'),
  http_secure_link_module: yes('secure_link'),
  http_slice_module: no('slice'),
  http_ssl_module: yes('ssl_certificate'),
  http_stub_status_module: yes('stub_status'),
  http_sub_module: yes('sub_filter'),
  http_v2_module: yes('http2'),
  http_v3_module: no('http3'),
  mail: no('mail'),
  stream: no('stream'),
  threads: yes(),
};

/** The words after `configure arguments:`. */
export function configureArguments(): string[] {
  const asked = Object.entries(BUILT_ON_REQUEST).filter(([, { has }]) => has);
  const without = Object.entries(BUILT_BY_DEFAULT).filter(([, { has }]) => !has);
  return [...asked.map(([name]) => `--with-${name}`), ...without.map(([name]) => `--without-${name}`)];
}
