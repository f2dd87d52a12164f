/** Directives of nginx that moat knows of and does not implement, each with what to do instead. */

const REASONS: readonly (readonly [string, string])[] = [
  [
    'fastcgi_pass fastcgi_param fastcgi_index fastcgi_split_path_info',
    'put an HTTP server in front of the application and use proxy_pass',
  ],
  [
    'uwsgi_pass scgi_pass memcached_pass',
    'put an HTTP server in front of the application and use proxy_pass',
  ],
  ['load_module', 'moat has no loadable modules; remove the line'],
  ['perl perl_set perl_modules js_import js_set js_content lua_package_path', 'moat runs no scripts'],
  ['ssi ssi_types', 'moat does not process server-side includes'],
  ['mail', 'moat proxies no mail'],
];

/** Name → hint. */
export const NGINX_ONLY: ReadonlyMap<string, string> = new Map(
  REASONS.flatMap(([names, hint]) => names.split(' ').map(name => [name, hint] as const)),
);
