/**
 * What a choice of a member costs, with all that is counted for it: `node bench/balance.ts`.
 * One thread, no sockets: pick() and ended() of a pool, in ns of user time.
 */
import { cpuUsage } from 'node:process';
import { BALANCE_METHODS, type BalanceMethod } from '#model/l7/upstream.ts';
import { newPool } from '../config/draft.ts';
import type { Exchange } from '../l7/exchange.ts';
import { IdleConnections } from '../l7/upstream/idle.ts';
import { Pool } from '../l7/upstream/pool.ts';
import { membersAlone } from '../l7/upstream/pool-share.ts';
import type { MemberSeeker } from '../l7/upstream/seeker.ts';
import type { Attempt } from '../l7/variable/upstream.ts';
import type { Worker } from '../l7/worker.ts';
import { memberModel } from '../test/l7/balance/field.ts';

const ROUNDS = 200_000;
const WARM_UP = 20_000;

const ATTEMPT: Attempt = {
  serverName: '',
  opens: true,
  sending: false,
  member: '',
  status: 200,
  connectMs: 0,
  headerMs: 1,
  queueMs: -1,
  responseMs: 2,
  bytesSent: 100,
  bytesReceived: 200,
  bodyBytes: 10,
};

function nsPerRequest(method: BalanceMethod, members: number): number {
  let nowMs = 1_000_000;
  const clock = { nowMs: () => nowMs, wallMs: () => nowMs };
  const model = {
    ...newPool('app'),
    members: Array.from({ length: members }, (_, n) => memberModel(`10.0.0.${n}:80`)),
  };
  model.balance = { method, key: undefined, by: 'header', inflight: false };
  const pool = new Pool(model, membersAlone(model, 1), {
    worker: { clock } as Worker,
    idle: new IdleConnections(32),
    sticky: undefined,
    key: () => `k${Math.trunc(nowMs)}`,
  });
  const exchange = { remoteAddress: '10.1.2.3' } as Exchange;
  const seeker: MemberSeeker = { exchange, tried: undefined, waitingSinceMs: 0, queuedMs: -1, chosen() {} };
  const serve = (count: number) => {
    for (let n = 0; n < count; n++) {
      nowMs += 0.01;
      const member = pool.pick(seeker);
      if (typeof member === 'object') pool.ended(seeker, member, 'ok', ATTEMPT);
    }
  };
  serve(WARM_UP);
  const before = cpuUsage();
  serve(ROUNDS);
  return (cpuUsage(before).user * 1000) / ROUNDS;
}

const SIZES = [2, 10, 100];
console.log(`${'members'.padEnd(16)}${SIZES.map(size => String(size).padStart(8)).join('')}`);
for (const method of BALANCE_METHODS) {
  const costs = SIZES.map(size => nsPerRequest(method, size).toFixed(0).padStart(8));
  console.log(`${method.padEnd(16)}${costs.join('')}`);
}
