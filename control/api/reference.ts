/** docs/reference/api.md: how to use the API, and every route of the table. */
import { GENERATE } from '#config';
import { DEFAULT_RULES } from './alert/defaults.ts';
import type { Route } from './route/route.ts';

const ruleText = ({ name, metric, side, bound, forMs }: (typeof DEFAULT_RULES)[number]): string =>
  `\`${name}\` (\`${metric}\` ${side} ${bound}${forMs > 0 ? ` for ${forMs / 1000} s` : ''})`;

const HEAD = `<!-- Made by \`${GENERATE}\`; do not edit. -->

# HTTP API

The \`api\` block of the configuration turns it on; without one there is none. A process of its own answers, without root; the L4 tier, VRRP and
the workers of the L7 tier are others, and go on whatever becomes of it.

\`\`\`
api {
  listen 127.0.0.1:8470;      # beyond loopback with ssl_certificate and ssl_certificate_key only
  state_path /var/lib/moat/api;
}
\`\`\`

\`\`\`sh
moat token create laptop --role operator --for 30d      # prints the token, once
curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8470/api/v1/l4/services
\`\`\`

**Tokens** have a role (\`viewer\` looks, \`operator\` drains, bans and fails over, \`admin\` reads configuration and audit log; each may what those before
it may), on wish scopes (\`--scope l4\`) and an end. Only their hashes are kept. \`moat token revoke\` ends one at once, streams that it opened too.

**Users** log in with a browser: \`POST /api/v1/login\` sets the cookie of a session (HttpOnly, SameSite=Strict, with TLS \`__Host-\`) that ends after an hour without
a request, and after twelve hours. \`GET /api/v1/me\` says who it is, and \`csrf\`: every request of a session that is no GET has to say it in the
field \`X-Moat-Csrf\`. Where there is no user, \`GET /api/v1/setup\` says \`needed\`; the machine's terminal shows a link \`/setup#SECRET\`, or \`moat user link\`
does, and \`POST /api/v1/setup\` with that secret makes the first admin. A second factor (TOTP) makes a login without \`code\` a 401 \`code-needed\`. Some routes want
a password that was given within five minutes: 403 \`log-in-again\` until \`POST /api/v1/login/again\`; tokens are refused there (403 \`session-needed\`). Ten
bad logins in a minute, of one address or at one account, make it 429; who has logged in from where he is before is not hindered by those of others.
\`moat user\` does the same on the machine.

**A provider** lets its users in where there is an \`oidc\` block. \`GET /api/v1/login\` says whether; \`POST /api/v1/login/oidc\` gives the \`url\` to go to, and a cookie; the provider sends
the browser to \`/login/oidc\`, a page of the console, which brings what it was given to \`POST /api/v1/login/oidc/finish\`. The session is like any other; \`GET /api/v1/me\` says \`by: provider\`, and
403 \`log-in-again\` is answered by beginning with \`{"again": true}\` (docs/decisions/100-login-by-a-provider.md).

**Metrics** have a history without Prometheus: an hour by the second and 30 days by the minute (mean and most), in \`metrics.ring\` of the state folder, 256 curves and 92 MB at most.
\`GET /api/v1/metrics\` lists the names, \`GET /api/v1/metrics/range?name=http_requests_per_second&since=-600\` gives the last ten minutes. They are rates and states of the program, and the
host's processor, memory, disk and network.

**Alerts** are raised by metrics: default rules (below) and those of \`alert\`, each with a bound, how long it has to be bad, and a second bound behind which it is over. \`notify\` tells
each once when it is raised and once when it is over: to a program (JSON), by mail, to Slack, WeCom, Feishu or DingTalk. \`POST /api/v1/alerts/silences\` keeps a rule quiet for a while.
Raised by default: ${DEFAULT_RULES.map(ruleText).join('; ')}.

**The console** is at the same addresses: \`admin-ui/dist\` where it was built, or the folder of \`console FOLDER\`; \`console off\` takes it away. A library that writes style
elements has its nonce from the page (\`{{nonce}}\` in it is replaced; docs/decisions/082-files-of-the-console.md).

**Changes** need \`If-Match\`: the \`ETag\` of what was seen, or \`*\` (428 without, 412 when it is another by now; counts do not change an ETag). With an
\`Idempotency-Key\` a change that is sent again within a day is done once and answered twice (422 when the key stood for another request, 409 while it is
under way). Each is in the audit log before it is answered: who, from where, what, before, after. When that cannot be written, nothing is changed (503).

**Lists** give \`items\`, and \`next\` where there are more: \`?cursor=NEXT&limit=N\` is the next page.

**Refusals** are problem details (RFC 9457): \`code\` is for programs, \`detail\` for people, \`errors\` name what does not fit. 401 and 403 are about the
token, 421 and 403 \`wrong-host\`, \`cross-origin\` about requests of browsers, 429 about many bad tokens, 503 \`busy\` says when to come again.

**Names** in a path are percent-encoded: \`/api/v1/l4/services/192.0.2.100%3A80%20tcp/reals/192.0.2.11\`.

\`GET /api/v1/openapi.json\` describes all this for programs; it is made of the schemas that requests are checked by. \`control/api/client/client.ts\`
is a client with types; \`examples/api\` is a configuration to begin with.

| route | role | scope | |
|---|---|---|---|
`;

const row = ({ method, path, role, scope, summary }: Route): string =>
  `| \`${method} ${path}\` | ${role} | ${scope ?? ''} | ${summary} |`;

export const apiPage = (routes: readonly Route[]): string => `${HEAD}${routes.map(row).join('\n')}\n`;
