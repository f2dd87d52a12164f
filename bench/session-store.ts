/**
 * What sharing costs a request: three moats under the same load in turns, one that shares nothing, one with a peer, one with Redis; and what
 * the companion of each spends on hearing of it. One request in twenty begins a session, five thousand clients are counted by a limit.
 * `node bench/session-store.ts [ROUNDS] [SECONDS]`, with nginx, wrk and redis-server.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts, type Running, startMoat, startNginx } from '../test/e2e/rig.ts';
import { startRedis } from '../test/l7/store/redis-rig.ts';
import { confOf, inStep, type Node, newNodes, nodeConf, received } from '../test/l7/store/two-moats.ts';
import { cpuOf } from './l7/process-tree.ts';

const [rounds = 5, seconds = 4] = process.argv.slice(2).map(Number);
const LOAD = `
wrk.method = "GET"
function request()
  local k = math.random(5000)
  if math.random(20) == 1 then return wrk.format(nil, "/new?k=" .. k .. "&s=" .. math.random(1000000000)) end
  return wrk.format(nil, "/old?k=" .. k, { ["Cookie"] = "sid=" .. math.random(20000) })
end
`;

const [upstreamPort = 0] = await freePorts(1);
await using upstream =
  await startNginx(`pid rig.pid; worker_processes 1; error_log error.log; events { worker_connections 4000; }
http { access_log off; keepalive_requests 100000000; server { listen 127.0.0.1:${upstreamPort};
  location /old { return 200 ok; } location /new { add_header Set-Cookie "sid=$arg_s"; return 200 ok; } } }`);
await using redis = await startRedis();
const script = join(upstream.dir, 'load.lua');
writeFileSync(script, LOAD);

const http = ({ port }: Node, sync: string) => `limit_req_zone $arg_k zone=one:10m rate=1000r/s ${sync};
  upstream app { server 127.0.0.1:${upstreamPort}; server 127.0.0.1:${upstreamPort} weight=2; keepalive 64;
    sticky learn create=$upstream_cookie_sid lookup=$cookie_sid zone=sids:64m timeout=1h ${sync}; }
  server { listen 127.0.0.1:${port}; keepalive_requests 100000000; limit_req zone=one burst=1000 nodelay;
    location / { proxy_http_version 1.1; proxy_set_header Connection ""; proxy_pass http://app; } }`;
const redisLine = `session_store redis://127.0.0.1:${redis.port} { key "a key of some length"; }`;
const oneWorker = (conf: string) => conf.replace('worker_processes 2', 'worker_processes 1');

const [none] = await newNodes();
const [peer, otherPeer] = await newNodes();
const [inRedis, otherInRedis] = await newNodes();
const start = (conf: string) => startMoat(oneWorker(conf));
await using alone = await start(confOf('', http(none, '')));
await using firstPeer = await start(nodeConf(peer, otherPeer, http(peer, 'sync')));
await using secondPeer = await start(nodeConf(otherPeer, peer, http(otherPeer, 'sync')));
await using firstRedis = await start(confOf(redisLine, http(inRedis, 'sync')));
await using secondRedis = await start(confOf(redisLine, http(otherInRedis, 'sync')));
await inStep([firstPeer, secondPeer, firstRedis, secondRedis]);

interface Way {
  readonly name: string;
  readonly port: number;
  readonly moat: Running;
  readonly other: Running | undefined;
}
const ways: readonly Way[] = [
  { name: 'none', port: none.port, moat: alone, other: undefined },
  { name: 'peers', port: peer.port, moat: firstPeer, other: secondPeer },
  { name: 'redis', port: inRedis.port, moat: firstRedis, other: secondRedis },
];

const cpuMs = (moat: Running): number => {
  const { userMs, systemMs } = cpuOf(moat.pid);
  return userMs + systemMs;
};
const redisMs = (): number => {
  const { userMs, systemMs } = cpuOf(redis.pid);
  return userMs + systemMs;
};

function load({ port }: Way, forS: number): { readonly requests: number; readonly tookS: number } {
  const words = ['-t1', '-c32', `-d${forS}s`, '-s', script, `http://127.0.0.1:${port}/`];
  const { stdout } = spawnSync('wrk', words, { encoding: 'utf8' });
  const [, requests = '0'] = /(\d+) requests in/.exec(stdout) ?? [];
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`Cannot count: requests have failed\n${stdout}`);
  return { requests: Number(requests), tookS: forS };
}

interface Figure {
  readonly usPerRequest: number;
  readonly otherMsPerS: number;
  readonly redisMsPerS: number;
  readonly perS: number;
  readonly heardPerS: number;
}

async function measure(way: Way): Promise<Figure> {
  const { moat, other } = way;
  const before = { moat: cpuMs(moat), other: other ? cpuMs(other) : 0, redis: redisMs() };
  const heardBefore = other ? await received(other) : 0;
  const otherBefore = other ? cpuMs(other) : 0;
  const { requests, tookS } = load(way, seconds);
  const otherMs = other ? cpuMs(other) - otherBefore : 0;
  const usPerRequest = (1000 * (cpuMs(moat) - before.moat)) / requests;
  const redisMsPerS = (redisMs() - before.redis) / tookS;
  const heardPerS = other ? ((await received(other)) - heardBefore) / tookS : 0;
  return { usPerRequest, otherMsPerS: otherMs / tookS, redisMsPerS, perS: requests / tookS, heardPerS };
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!;

for (const way of ways) load(way, 2);
const figures = new Map<string, Figure[]>(ways.map(({ name }) => [name, []]));
for (let round = 0; round < rounds; round++)
  for (const way of ways) figures.get(way.name)!.push(await measure(way));
console.log(
  'way     CPU us/request (least to most)   requests/s  entries heard/s  companion ms/s  redis ms/s',
);
for (const [name, all] of figures) {
  const of = (pick: (figure: Figure) => number) => all.map(pick);
  const us = of(figure => figure.usPerRequest);
  const range = `${median(us).toFixed(1)} (${Math.min(...us).toFixed(1)} to ${Math.max(...us).toFixed(1)})`;
  const rest = [
    median(of(figure => figure.perS)).toFixed(0),
    median(of(figure => figure.heardPerS)).toFixed(0),
    median(of(figure => figure.otherMsPerS)).toFixed(0),
    median(of(figure => figure.redisMsPerS)).toFixed(0),
  ];
  console.log(name.padEnd(8), range.padEnd(30), ...rest.map(text => text.padStart(12)));
}
