/** Which requests another member may be tried with: docs of nginx, proxy_next_upstream. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayTryNext, outcomeOf, statusCase } from '../../../l7/upstream/next-try.ts';
import type { NextUpstreamCase } from '../../../model/l7/proxy.ts';

interface Case {
  readonly says: string;
  readonly may: boolean;
  readonly what?: NextUpstreamCase;
  readonly next?: readonly NextUpstreamCase[];
  readonly mostTries?: number;
  readonly mostMs?: number;
  readonly tries?: number;
  readonly method?: string;
  readonly requestSent?: boolean;
  readonly bodyKept?: boolean;
  /** Whether a part of the body was asked for; absent: there is none. */
  readonly bodyWanted?: boolean;
}

const CASES: readonly Case[] = [
  { says: 'a case that is listed', may: true },
  { says: 'a case that is not', may: false, what: 'http_503' },
  { says: 'all members tried', may: false, tries: 3 },
  { says: 'proxy_next_upstream_tries reached', may: false, tries: 2, mostTries: 2 },
  { says: 'proxy_next_upstream_tries not reached', may: true, tries: 1, mostTries: 2 },
  { says: 'proxy_next_upstream_timeout over', may: false, mostMs: 50 },
  { says: 'proxy_next_upstream_timeout to come', may: true, mostMs: 51 },
  { says: 'POST that nobody has seen', may: true, method: 'POST' },
  { says: 'POST that was sent', may: false, method: 'POST', requestSent: true },
  {
    says: 'POST that was sent, with non_idempotent',
    may: true,
    method: 'POST',
    requestSent: true,
    next: ['error', 'non_idempotent'],
  },
  { says: 'GET that was sent', may: true, requestSent: true },
  { says: 'a streamed body of which a part is gone', may: false, requestSent: true, bodyWanted: true },
  { says: 'a streamed body before the server took it', may: true, bodyWanted: true },
  { says: 'a body that nobody asked for', may: true, requestSent: true, bodyWanted: false },
  { says: 'a body that was kept', may: true, requestSent: true, bodyWanted: true, bodyKept: true },
];

for (const { says, may, ...given } of CASES)
  test(`mayTryNext: ${says}: ${may ? 'yes' : 'no'}`, () => {
    const rule = {
      settings: {
        nextUpstreamTries: given.mostTries ?? 0,
        nextUpstreamTimeoutMs: given.mostMs ?? 0,
      },
      next: new Set<NextUpstreamCase>(given.next ?? ['error']),
    };
    const soFar = {
      exchange: {
        method: given.method ?? 'GET',
        clock: { nowMs: () => 150 },
        body: given.bodyWanted === undefined ? undefined : { wanted: given.bodyWanted },
      },
      tries: given.tries ?? 1,
      startedMs: 100,
      requestSent: given.requestSent ?? false,
      bodyKept: given.bodyKept ?? false,
    };
    assert.equal(mayTryNext(given.what ?? 'error', rule, soFar, 3), may);
  });

test('outcomeOf: a member that declines has not failed', () => {
  assert.equal(outcomeOf(statusCase(404)!), 'declined');
  assert.equal(outcomeOf(statusCase(502)!), 'failed');
  assert.equal(statusCase(200), undefined);
  assert.equal(statusCase(400), undefined);
});
