/** Every way of balancing, by its name in the model. */
import type { BalanceMethod } from '#model/l7/upstream.ts';
import type { BalancerMaker } from './balancer.ts';
import { ewma } from './ewma.ts';
import { hash } from './hash.ts';
import { hashConsistent } from './hash-consistent.ts';
import { ipHash } from './ip-hash.ts';
import { leastConn } from './least-conn.ts';
import { leastTime } from './least-time.ts';
import { maglev } from './maglev.ts';
import { random } from './random.ts';
import { randomTwo } from './random-two.ts';
import { roundRobin } from './round-robin.ts';

export interface BalancerRow {
  readonly make: BalancerMaker;
  /** What `Ask.key` is for it. */
  readonly key: 'none' | 'template' | 'client-address';
}

export const BALANCERS: Readonly<Record<BalanceMethod, BalancerRow>> = {
  'round-robin': { make: roundRobin, key: 'none' },
  'least-conn': { make: leastConn, key: 'none' },
  'ip-hash': { make: ipHash, key: 'client-address' },
  hash: { make: hash, key: 'template' },
  'hash-consistent': { make: hashConsistent, key: 'template' },
  random: { make: random, key: 'none' },
  'random-two': { make: randomTwo, key: 'none' },
  'least-time': { make: leastTime, key: 'none' },
  maglev: { make: maglev, key: 'template' },
  ewma: { make: ewma, key: 'none' },
};
