/** The scenario `scale`: what a request costs as servers and locations grow. */
import { freePorts } from '../../test/e2e/rig.ts';
import { scaleConf } from './conf-scale.ts';
import { wrk } from './load.ts';
import type { Peer } from './peers.ts';
import { reloadUnderLoad } from './reload.ts';
import { type Apply, measure, type Row } from './rounds.ts';
import type { Result } from './scenarios.ts';
import { type Running, type Stage, startConfigured } from './stage.ts';

/** How many different servers and locations the load asks, evenly spread: the same number for every size. */
const ASKED = 32;

export async function scale(stage: Stage, peers: readonly Peer[]): Promise<Result> {
  const able = peers.filter(({ name }) => name === 'moat' || name === 'nginx'); // one text for both
  const sizes = new Map<Running, number>();
  try {
    // All sizes run at once and are measured in turns, or a busy minute would look like growth.
    for (const size of stage.options.sizes) {
      for (const peer of able) sizes.set(await startScaled(stage, peer, size), size);
    }
    const load: Apply = (running, seconds) => loadOn(stage, running, sizes.get(running)!, seconds);
    const rows = await measure(
      running => `scale ${sizes.get(running)}`,
      [...sizes.keys()],
      stage.options,
      load,
    );
    const largest = [...sizes].filter(([, size]) => size === stage.options.sizes.at(-1));
    const reloads = [];
    for (const [running, size] of largest) reloads.push(await reloadUnderLoad(stage, running, size, load));
    return {
      rows,
      notes: [...growth(rows, able), ...reloads.map(({ note }) => note)],
      facts: reloads.map(({ fact }) => fact),
      configs: { scale: scaleConf(3, 1, 0, stage.servers, 'moat') },
    };
  } finally {
    for (const { child } of sizes.keys()) await stage.children.end(child.process);
  }
}

async function startScaled(stage: Stage, peer: Peer, size: number): Promise<Running> {
  const [port = 0] = await freePorts(1);
  const text = scaleConf(size, 1, port, stage.servers, peer.name === 'nginx' ? 'nginx' : 'moat');
  const { argv } = peer.configure({ port, work: 'plain', servers: stage.servers }, stage.options.moat);
  return await startConfigured(stage, peer, port, text, argv);
}

/** Half of the requests go to one of the servers, half to one of the locations of a server. */
const loadOn = (stage: Stage, running: Running, size: number, seconds: number) =>
  wrk(stage.children, stage.cores.load, stage.directory, {
    url: `http://127.0.0.1:${running.port}/`,
    connections: 64,
    seconds: Math.max(1, Math.round(seconds)),
    headers: {},
    lua: `
local asks, turn = {}, 0
init = function(args)
  for at = 0, ${ASKED - 1} do
    local k = math.floor(at * ${size} / ${ASKED})
    asks[2 * at + 1] = wrk.format('GET', '/', { Host = 's' .. k .. '.example' })
    asks[2 * at + 2] = wrk.format('GET', '/at/' .. k .. '/page', { Host = 'places.example' })
  end
end
request = function()
  turn = turn % ${2 * ASKED} + 1
  return asks[turn]
end
`,
  });

/** How each peer's cost grew from the smallest to each larger size. */
function growth(rows: readonly Row[], peers: readonly Peer[]): string[] {
  return peers.flatMap(({ name }) => {
    const own = rows.filter(({ peer }) => peer === name);
    const base = own[0]?.totalUs.median;
    if (!base || own.length < 2) return [];
    const steps = own
      .slice(1)
      .map(row => `${row.scenario.slice(6)}: ${percent(row.totalUs.median / base - 1)}`);
    return [
      `${name.padEnd(11)} against ${own[0]!.scenario.slice(6)} servers and locations: ${steps.join(', ')}`,
    ];
  });
}

const percent = (share: number) => `${share >= 0 ? '+' : ''}${(share * 100).toFixed(1)} %`;
