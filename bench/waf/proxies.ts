/** Measures the proxies with and without a WAF, request by request and in turns. */
import { Children } from '../l7/children.ts';
import { wrk } from '../l7/load.ts';
import { describeMachine, refusal } from '../l7/machine.ts';
import type { Options } from '../l7/options.ts';
import { memoryOf } from '../l7/process-tree.ts';
import { type Apply, measure, type Rounds, type Row } from '../l7/rounds.ts';
import { type Running, type Stage, startPeer, startStage } from '../l7/stage.ts';
import { freshLua } from './fresh.ts';
import { inspects, missing, WAF_PEERS } from './peers.ts';
import { heading, lineOf, save, type Verdict, verdictOf } from './report.ts';
import { type Ask, BROWSER } from './requests.ts';

const CONNECTIONS = 8;

export async function measureProxies(
  asks: readonly Ask[],
  options: Options & Pick<Rounds, 'warmRequests'>,
): Promise<void> {
  const why = refusal() ?? (missing() && `${missing()} is not there`);
  if (why) throw new Error(`cannot measure here: ${why}`);
  await using children = new Children();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void children[Symbol.asyncDispose]().then(() => process.exit(130)));
  const machine = describeMachine(WAF_PEERS);
  const stage = await startStage(children, options);
  const running: Running[] = [];
  for (const peer of WAF_PEERS) running.push(await startPeer(stage, peer, 'plain', false));
  const verdicts: Verdict[] = [];
  const rows: Row[] = [];
  console.log(heading());
  for (const ask of asks) {
    const own = await measure(() => ask.name, running, options, loadOf(stage, ask));
    const verdict = verdictOf(ask, own);
    console.log(lineOf(verdict));
    verdicts.push(verdict);
    rows.push(...own);
  }
  const memory = running.map(({ peer, child }) => [peer.name, memoryOf(child.pid).pssBytes] as const);
  console.log(
    `PSS MB of the trees: ${memory.map(([name, bytes]) => `${name} ${(bytes / 1e6).toFixed(0)}`).join(', ')}`,
  );
  const configs = Object.fromEntries(running.map(({ peer, text }) => [peer.name, text]));
  const { rounds, seconds } = options;
  const pssBytes = Object.fromEntries(memory);
  console.log(save({ machine, rounds, seconds, verdicts, rows, pssBytes, configs }, options.directory));
}

/** A request that a WAF has to refuse is answered right with 403 only, and all others with what the server says. */
const loadOf =
  (stage: Stage, ask: Ask): Apply =>
  async ({ port, peer }, seconds) => {
    const { target, type } = ask;
    const isRefused = ask.attack && inspects(peer);
    const headers = { ...BROWSER, ...(type === undefined ? {} : { 'Content-Type': type }) };
    return await wrk(stage.children, stage.cores.load, stage.directory, {
      url: `http://127.0.0.1:${port}${target}`,
      connections: CONNECTIONS,
      seconds: Math.max(1, Math.round(seconds)),
      headers,
      isRefused,
      lua: freshLua(ask, headers),
    });
  };
