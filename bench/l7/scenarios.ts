/** What is measured: a list of scenarios, run in this order. */

import { idle } from './idle.ts';
import { handshakes, wrk } from './load.ts';
import type { ScenarioName } from './options.ts';
import type { Peer, Plan } from './peers.ts';
import { type Apply, measure, type Row } from './rounds.ts';
import { scale } from './scale.ts';
import { type Running, type Stage, startPeer } from './stage.ts';

/** A result that is no cost per request: memory, reload times. */
export type Fact = {
  readonly scenario: string;
  readonly peer: string;
  readonly [quantity: string]: string | number;
};

export type Result = {
  readonly facts: readonly Fact[];
  readonly rows: readonly Row[];
  readonly notes: readonly string[];
  readonly configs: Record<string, string>;
};

export type Scenario = {
  readonly name: ScenarioName;
  readonly title: string;
  run(stage: Stage, peers: readonly Peer[]): Promise<Result>;
};

/** A load by wrk of `connections` at the path; `headers` beside those of the work. */
const withWrk =
  (
    stage: Stage,
    scheme: string,
    path: string,
    connections: number,
    headers: Record<string, string> = {},
  ): Apply =>
  ({ port, fields }, seconds) =>
    wrk(stage.children, stage.cores.load, stage.directory, {
      url: `${scheme}://127.0.0.1:${port}${path}`,
      connections,
      seconds: Math.max(1, Math.round(seconds)),
      headers: { ...fields, ...headers },
    });

/** Starts every peer for the work, measures them in turns and ends them. */
async function sideBySide(
  name: string,
  stage: Stage,
  peers: readonly Peer[],
  work: Plan['work'],
  secure: boolean,
  apply: Apply,
): Promise<Result> {
  const running: Running[] = [];
  const notes: string[] = [];
  try {
    for (const peer of peers) {
      try {
        running.push(await startPeer(stage, peer, work, secure));
      } catch (error) {
        notes.push(`${peer.name} could not be measured: ${error instanceof Error ? error.message : error}`);
      }
    }
    const rows = await measure(() => name, running, stage.options, apply);
    const configs = Object.fromEntries(running.map(one => [`${name} ${one.peer.name}`, one.text]));
    return { rows, notes, facts: [], configs };
  } finally {
    for (const { child } of running) await stage.children.end(child.process);
  }
}

const simple = (
  name: ScenarioName,
  title: string,
  work: Plan['work'],
  secure: boolean,
  apply: (stage: Stage) => Apply,
): Scenario => ({
  name,
  title,
  run: (stage, peers) => sideBySide(name, stage, peers, work, secure, apply(stage)),
});

export const SCENARIOS: readonly Scenario[] = [
  simple('small', 'answers of 100 bytes, 64 connections kept alive', 'plain', false, stage =>
    withWrk(stage, 'http', '/', 64),
  ),
  simple('full', 'the same with log, real address, map and sticky cookie', 'full', false, stage =>
    withWrk(stage, 'http', '/', 64),
  ),
  simple('body', 'answers of 1 MB, 16 connections', 'plain', false, stage =>
    withWrk(stage, 'http', '/big', 16),
  ),
  simple('connections', 'a new connection for each request', 'plain', false, stage =>
    withWrk(stage, 'http', '/', 64, { Connection: 'close' }),
  ),
  simple('tls-keepalive', 'answers of 100 bytes over TLS, 64 connections kept alive', 'plain', true, stage =>
    withWrk(stage, 'https', '/', 64),
  ),
  simple(
    'tls-full',
    'a full TLS 1.3 handshake for each request (EC P-256)',
    'plain',
    true,
    stage => (running, seconds) =>
      handshakes(stage.children, stage.cores.load, running.port, 'full', seconds),
  ),
  simple(
    'tls-resumed',
    'a resumed TLS 1.3 handshake for each request',
    'plain',
    true,
    stage => (running, seconds) =>
      handshakes(stage.children, stage.cores.load, running.port, 'resumed', seconds),
  ),
  { name: 'idle', title: 'memory of the whole process tree with idle connections', run: idle },
  {
    name: 'scale',
    title: 'cost by the number of servers and locations, and a reload under load',
    run: scale,
  },
];
