/** `redirect_balance`: sends the client to a member of a pool. */
import type { ContentModel } from '#model/l7/http.ts';
import type { Exchange } from '../exchange.ts';
import type { Phase } from '../phase/verdict.ts';
import type { Compiler } from '../tables.ts';
import { addAttempt } from '../upstream/attempt.ts';
import { type Member, type MemberSeeker, type Pool, WAITING } from '../upstream/pool.ts';
import { answerRedirect } from './return.ts';

type Content = Extract<ContentModel, { kind: 'redirect-balance' }>;

const NO_MEMBER = 502;

export function redirectBalance({ pool: name, scheme, status, uri }: Content, compiler: Compiler): Phase {
  const { pools } = compiler.tables;
  const uriOf = compiler.text(uri);
  return exchange => {
    const pool = pools.named(name);
    const member = pool && chosen(exchange, pool);
    if (!member) {
      exchange.log('error', `no live upstreams while redirecting, upstream: "${name}"`);
      return NO_MEMBER;
    }
    const path = uriOf(exchange);
    const url = `${scheme}://${authorityOf(member, scheme)}${path.startsWith('/') ? path : `/${path}`}`;
    return answerRedirect(exchange, status, url);
  };
}

/** Nothing of the client's request is in flight there as far as we know, and nothing tells whether it went well. */
function chosen(exchange: Exchange, pool: Pool): Member | undefined {
  const seeker: MemberSeeker = { exchange, tried: undefined, waitingSinceMs: 0, queuedMs: -1, chosen() {} };
  const member = pool.pick(seeker);
  if (member === WAITING) pool.leave(seeker); // the queue of a pool is for requests that go through here
  if (!member || member === WAITING) return undefined;
  const attempt = addAttempt(exchange, member.address, pool.model.name, true, -1);
  pool.ended(seeker, member, 'cancelled', attempt);
  return member;
}

/** As the configuration has it: clients know names, and not what they resolve to here. */
function authorityOf({ model }: Member, scheme: 'http' | 'https'): string {
  return model.name.replace(scheme === 'https' ? /:443$/ : /:80$/, '');
}
