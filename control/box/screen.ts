/** The box on one screen: plain text, a picture of two moments. */
import { durationText, rateText, secondsText, tableOf } from '../status/text.ts';
import type { Action } from './actions.ts';
import type { Box } from './box.ts';
import type { Node } from './node.ts';
import { inUrl } from './plan.ts';
import { longestSince, type ProbeReport } from './silence.ts';
import { lengthOf } from './span.ts';
import type { Standing } from './standing.ts';
import type { TrafficReport } from './traffic.ts';

/** What the client had told at a moment, in ms of any clock. */
export interface Moment {
  readonly atMs: number;
  readonly traffic: TrafficReport;
}

const MEGABYTE = 2 ** 20;

export function drawBox(box: Box, now: Moment, before: Moment): string {
  return [
    directors(box),
    proxies(box, now, before),
    servers(box, now, before),
    trafficLine(now, before),
    pingLine(box.probe),
  ].join('\n');
}

/** Where the box is reached from this machine. */
export function addressLines({ plan }: Box): string {
  const urls = [
    `http://localhost:${plan.http}/`,
    `https://localhost:${plan.https}/`,
    ...plan.virtual.map(address => `http://${inUrl(address)}:${plan.http}/`),
  ];
  return `moat demo: ${urls.join('  ')}   (Ctrl-C ends it)\n`;
}

function directors(box: Box): string {
  const nodes = box.of('director');
  if (nodes.length === 0) return '';
  const rows = nodes.map(node => {
    const told = box.told(node);
    const attached = told?.attached.map(({ interface: name, place }) => `${name} by ${place}`).join(', ');
    return [
      node.name,
      processText(node),
      ...pairColumns(box, node),
      attached ?? 'the kernel goes on by itself',
    ];
  });
  return tableOf(['director', 'moat', 'addresses', 'because', 'forwards on'], rows);
}

/** Whether it has the virtual addresses, since when and why. */
function pairColumns(box: Box, node: Node): [string, string] {
  const standing = box.standing(node);
  if (!standing) return [node.isFrozen ? 'hangs' : '?', ''];
  const { state, sinceMs, last, yielding, maintenance } = standing;
  const words = `${STATES[state]} for ${durationText(sinceMs)}`;
  const more = `${yielding ? ', given away' : ''}${maintenance ? ', maintenance' : ''}`;
  return [words + more, last?.reason ?? ''];
}

const STATES: Record<Standing['state'], string> = {
  active: 'active',
  backup: 'backup',
  out: 'takes no part',
  divided: 'between two states',
};

function proxies(box: Box, now: Moment, before: Moment): string {
  const rows = box.of('proxy').map(node => {
    const reals = box.realsOf(node);
    const states = [...new Set(reals.map(({ state }) => state))].join('/');
    const sum = (count: 'active' | 'inactive') => String(reals.reduce((all, real) => all + real[count], 0));
    return [
      node.name,
      processText(node),
      states || '?',
      sum('active'),
      sum('inactive'),
      ...answered(now, before, ({ proxies: table }) => table[node.name] ?? 0),
    ];
  });
  if (box.plan.directors > 0)
    return tableOf(['proxy', 'moat', 'real server', 'active', 'inactive', 'answers', 'per s'], rows);
  const pair = box.of('proxy').map((node, at) => {
    const [name = '', process = ''] = rows[at]!;
    return [name, process, ...pairColumns(box, node), ...rows[at]!.slice(-2)];
  });
  return tableOf(['proxy', 'moat', 'addresses', 'because', 'answers', 'per s'], pair);
}

function servers(box: Box, now: Moment, before: Moment): string {
  const rows = box
    .of('server')
    .map(node => [
      node.name,
      processText(node),
      ...answered(now, before, ({ servers: table }) => table[node.name] ?? 0),
    ]);
  return tableOf(['server', 'process', 'answers', 'per s'], rows);
}

const processText = ({ runs, isFrozen, pid }: Node): string =>
  runs ? `${pid}${isFrozen ? ' stopped' : ''}` : 'killed';

type Count = (traffic: TrafficReport) => number;

const answered = (now: Moment, before: Moment, count: Count): string[] => [
  String(count(now.traffic)),
  rateText(perSecond(now, before, count)),
];

function perSecond(now: Moment, before: Moment, count: Count): number {
  const overMs = now.atMs - before.atMs;
  return overMs > 0 ? ((count(now.traffic) - count(before.traffic)) / overMs) * 1000 : 0;
}

/** `requests 1000   200/s   failed 0   …`: one line for the client. */
export function trafficLine(now: Moment, before: Moment): string {
  const { sent, failed, medianMs, slowestMs, download, kept } = now.traffic;
  const rate = rateText(perSecond(now, before, ({ sent: count }) => count));
  const latency = `median ${secondsText(medianMs / 1000)}, slowest ${secondsText(slowestMs / 1000)}`;
  const megabytes = (bytes: number) => (bytes / MEGABYTE).toFixed(1);
  const progress = `${megabytes(download.bytes)} of ${megabytes(download.ofBytes)} MB by ${download.proxy || '?'}`;
  const history = `${download.finished} whole, ${download.broken} broken`;
  const held = `${kept.open} connections kept, ${kept.lost} lost`;
  return `client: requests ${sent} (${rate}/s), failed ${failed}, ${latency}; ${held}; download ${progress} (${history})\n`;
}

const RECENTLY_MS = 60_000;

/** What the pings say that the client sends to the virtual addresses. */
export function pingLine(probe: ProbeReport): string {
  const longest = longestSince(probe, probe.atMs - RECENTLY_MS);
  const silent = probe.silent.length > 0 ? `NO ANSWER from ${probe.silent.join(' and ')}; ` : '';
  const words = longest ? `${Math.round(lengthOf(longest))} ms (${longest.address})` : 'none';
  return `pings: ${silent}longest silence of the last minute: ${words}\n`;
}

export function drawMenu(actions: readonly Action[], busy: ReadonlySet<Action>): string {
  const entries = actions.map(action => `${action.key} ${action.title()}${busy.has(action) ? ' …' : ''}`);
  return `${columns([...entries, 'q end'], MENU_COLUMNS)}\n`;
}
const MENU_COLUMNS = 3;

function columns(entries: readonly string[], count: number): string {
  const rows = Math.ceil(entries.length / count);
  const width = Math.max(...entries.map(({ length }) => length)) + 3;
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: count }, (_, column) => (entries[column * rows + row] ?? '').padEnd(width))
      .join('')
      .trimEnd(),
  ).join('\n');
}

export const upText = (ms: number): string => `up ${durationText(ms)}`;
