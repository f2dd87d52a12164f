/** redirect_balance: clients are sent to one of several servers, which they talk to themselves. */
import { REDIRECT_STATUSES } from '#model/l7/http.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { defineDirective } from '../registry.ts';

const redirectBalance = defineDirective({
  name: 'redirect_balance',
  context: ['location', 'location-if'],
  args: {
    pool: arg.token('the name of an upstream'),
    scheme: arg.oneOf(['http', 'https']).param(),
    status: arg.oneOf(REDIRECT_STATUSES).param(),
    uri: arg.template().param(),
  },
  doc: {
    summary:
      'Answers with a redirect to a member of a pool, chosen as proxy_pass would: by method, weight, backup, and whether it lives. What is big then comes from there, and not through this host. Write members by the names that clients know them by, and a health_check beside it: no answer of theirs passes here. Without a member that lives, 502.',
    args: {
      pool: 'An upstream block of the http block.',
      scheme: 'Of the URL that clients are sent to, and of health_check; https if absent.',
      status: '302 if absent; 307 keeps the method, 303 makes it GET.',
      uri: 'What stands behind the name of the member; $request_uri if absent.',
    },
    example: 'location /releases/ { redirect_balance mirrors; health_check uri=/alive; }',
    since: '0.1',
  },
  compile({ pool, scheme = 'https', status = '302', uri = '$request_uri' }, scope) {
    if (/[:/$]/.test(pool.text))
      throw new ArgumentFault(`"${pool.text}" is not the name of an upstream`, 'write it as behind upstream');
    scope.http.redirected.push({ pool: pool.text, site: pool });
    const template = typeof uri === 'string' ? scope.template(uri, pool) : uri;
    scope.location.content = {
      ...{ kind: 'redirect-balance', pool: pool.text, scheme, status: Number(status), uri: template },
    };
  },
});

export const REDIRECT_BALANCE = [redirectBalance];
