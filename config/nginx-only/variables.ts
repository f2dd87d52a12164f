/** Variables of nginx's modules that moat does not have, each with what to do instead. */

type Row = readonly [names: RegExp, hint: string];

const ROWS: readonly Row[] = [
  [
    /^fastcgi_(?:script_name|path_info)$/,
    'it goes with fastcgi_pass; where requests are passed by HTTP, take $uri',
  ],
  [/^memcached_key$/, 'it goes with memcached_pass; use a variable of your own'],
  [
    /^geoip_/,
    'the databases that it came from are no longer made; make it by geoip2 from a file of today (.mmdb)',
  ],
  [/^date_(?:local|gmt)$/, 'use $time_local or $time_iso8601'],
  [/^slice_range$/, 'moat has no cache yet that it would fill by ranges; take $http_range'],
  [/^jwt_(?:claim|header)_|^jwt_payload$/, 'of nginx Plus; take what a service says, with auth_request_set'],
  [/^session_(?:log_id|log_binary_id|time)$/, 'use $request_id'],
  [/^spdy(?:_request_priority)?$/, 'obsolete in nginx too; use $http2'],
  [/^quic$/, 'obsolete in nginx too; use $http3'],
];

/** What to do without the variable; undefined when nginx has none of that name either, as far as moat knows. */
export const nginxVariableHint = (name: string): string | undefined =>
  ROWS.find(([names]) => names.test(name))?.[1];
