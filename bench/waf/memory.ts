/**
 * What inspecting takes of a worker's memory: moat with one worker and with three, with and without the OWASP rules, at rest, after
 * requests of all kinds, and after values made from every pattern of the rules.
 */
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { crsPatterns, ruleFolders } from '../../test/waf/regex/rules.ts';
import { hostileFor, randomOf } from '../../test/waf/regex/values.ts';
import { readTree } from '../../waf/regex/tree.ts';
import { Children } from '../l7/children.ts';
import { refusal } from '../l7/machine.ts';
import type { Options } from '../l7/options.ts';
import type { Peer } from '../l7/peers.ts';
import { memoryOf } from '../l7/process-tree.ts';
import { type Running, startPeer, startStage } from '../l7/stage.ts';
import { missing, WAF_PEERS } from './peers.ts';
import { ASKS, type Ask, BROWSER } from './requests.ts';

const WORKERS = [1, 3] as const;
/** Of each request; enough for compilers and for a young generation of full size. */
const REQUESTS = 1500;
const HOSTILE_BYTES = 2048;
const CONNECTIONS = 12;

const withWorkers = (peer: Peer, count: number): Peer => ({
  ...peer,
  configure(plan, moat) {
    const { text, argv } = peer.configure(plan, moat);
    return { argv, text: text.replace('worker_processes 1;', `worker_processes ${count};`) };
  },
});

/** Sends one request and reads its answer, whatever it is. */
const send = (port: number, { method, target, type, body }: Ask): Promise<void> =>
  new Promise((done, fail) => {
    const headers = {
      ...BROWSER,
      ...(type === undefined ? {} : { 'Content-Type': type }),
      Connection: 'close',
    };
    const asked = request(
      { port, host: '127.0.0.1', method, path: target, headers, agent: false },
      response => {
        response.resume().once('end', done).once('error', fail);
      },
    );
    asked.once('error', fail).end(body === undefined ? undefined : Buffer.from(body, 'latin1'));
  });

/** New connections all the time, so that all workers have their part. */
async function sendAll(port: number, asks: readonly Ask[]): Promise<void> {
  const left = asks.values();
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (const ask of left) await send(port, ask);
    }),
  );
}

function hostileAsks(): Ask[] {
  const random = randomOf(31);
  const form = (value: string): Ask => ({
    ...ASKS[1]!,
    body: `q=${encodeURIComponent(value)}`,
    attack: true,
  });
  return ruleFolders
    .flatMap(folder => crsPatterns(folder))
    .flatMap(({ source }) => hostileFor(readTree(source, {}).node, HOSTILE_BYTES, random).map(form));
}

type Stages = readonly [rest: number, used: number, attacked: number];

async function stagesOf({ port, child }: Running): Promise<Stages> {
  const pss = async () => {
    await sleep(2000);
    return memoryOf(child.pid).pssBytes;
  };
  const rest = await pss();
  for (const ask of ASKS) await sendAll(port, new Array<Ask>(REQUESTS).fill(ask));
  const used = await pss();
  await sendAll(port, hostileAsks());
  return [rest, used, await pss()];
}

export async function measureMemory(options: Options): Promise<void> {
  const why = refusal() ?? (missing() && `${missing()} is not there`);
  if (why) throw new Error(`cannot measure here: ${why}`);
  await using children = new Children();
  const stage = await startStage(children, options);
  const found = new Map<string, Stages[]>();
  for (const peer of WAF_PEERS.filter(({ name }) => name.startsWith('moat'))) {
    const own: Stages[] = [];
    for (const count of WORKERS) {
      const running = await startPeer(stage, withWorkers(peer, count), 'plain', false);
      own.push(await stagesOf(running));
      running.child.process.kill('SIGTERM');
    }
    found.set(peer.name, own);
  }
  console.log(`${'PSS, MB'.padEnd(34)}at rest   after requests   after attacks`);
  const line = (name: string, bytes: readonly number[]) =>
    console.log(
      `${name.padEnd(34)}${bytes.map(each => (each / 1e6).toFixed(1).padStart(7)).join('          ')}`,
    );
  const perWorker = (stages: readonly Stages[]) => stages[0]!.map((one, at) => (stages[1]![at]! - one) / 2);
  for (const [name, stages] of found) {
    for (const [at, count] of WORKERS.entries()) line(`${name}, ${count} workers`, stages[at]!);
    line(`${name}, for each worker`, perWorker(stages));
  }
  const [inspecting, plain] = [perWorker(found.get('moat waf')!), perWorker(found.get('moat')!)];
  line(
    'the WAF, for each worker',
    inspecting.map((bytes, at) => bytes - plain[at]!),
  );
}
