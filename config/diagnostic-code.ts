/** Every code that a diagnostic may carry, and what it tells; docs/reference/diagnostics.md is made from it. */

export const DIAGNOSTIC_CODES = {
  'balance-order':
    'The load balancing method stands where nginx would not heed it, or beside a parameter that it cannot heed.',
  'balance-redefined': 'A pool has more than one load balancing method; the last one counts.',
  'cannot-read':
    'A file could not be read: the configuration itself, or one that `include` names without a wildcard.',
  'certificate-expired': 'A certificate is no longer valid: clients will refuse it.',
  stapling: 'A certificate is shown without a statement of its authority, because nobody can be asked.',
  certificate:
    'A certificate or key is missing or cannot be used: unreadable, encrypted, or the two do not belong together.',
  deprecated: 'It works, and nginx wants it written otherwise.',
  'duplicate-default': 'Two servers are `default_server` of one address.',
  'duplicate-listen':
    'Socket options of one address (`backlog=`, `reuseport` and the like) stand on more than one `listen`.',
  duplicate: 'A directive or a parameter is given twice where it may stand once.',
  'empty-virtual-server': 'A virtual server has no real server.',
  'empty-upstream': 'A pool has no member, and no way to find one.',
  'geo-entry': 'A network or range of `geo` is there twice, or not there to be deleted.',
  'include-loop': 'A file includes itself, directly or through others.',
  incomplete: 'A block lacks a directive that it cannot do without.',
  'low-bits': 'The address of a network has bits set below its width; they do not count.',
  misplaced: 'The directive exists, but not in this block.',
  'no-effect': 'The directive is understood and changes nothing here, for the reason that is given.',
  'no-block': 'The directive needs a block in braces.',
  'no-resolver': 'A member is to be looked up while moat runs, and no name server is configured.',
  'not-implemented': 'A directive or a variable of nginx that moat knows and does not implement.',
  'protocol-options':
    'One address has `ssl`, `http2` or `proxy_protocol` on some of its `listen` lines only.',
  'server-name-conflict':
    'Two servers of one address have the same name; the first one gets the requests, as in nginx.',
  'public-secret': 'Anybody on this host may read a file that holds a secret.',
  syntax: 'The text is not made of directives and blocks: a quote, a `;` or a brace is missing or too much.',
  'too-deep': 'Blocks are nested deeper than any configuration needs.',
  'too-few': 'An argument is missing.',
  'too-many-faults': 'There are more than a thousand errors, or warnings: the rest is not told.',
  'too-many': 'There are more arguments than the directive takes.',
  'unexpected-block': 'The directive takes no block in braces.',
  'unknown-directive': 'Neither moat nor nginx knows the directive.',
  'unknown-parameter': 'The directive has no parameter of that name.',
  'unknown-charset': 'Contents are to be brought from one charset into another, and no charset_map has both.',
  'unknown-upstream': 'The name in proxy_pass is no pool, and nearly that of one.',
  'unknown-zone': 'A limit names a zone that no limit_req_zone, limit_conn_zone or limit_ban_zone defines.',
  'unknown-variable': 'The variable is neither built in nor made by the configuration.',
  value: 'An argument does not fit: a wrong unit, a number out of range, a name that nothing defines.',
  'waf-rules': 'A rule of the WAF is malformed, or a file of rules cannot be read.',
} as const satisfies Record<string, string>;

export type DiagnosticCode = keyof typeof DIAGNOSTIC_CODES;
