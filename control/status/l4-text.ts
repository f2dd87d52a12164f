/** The L4 tier in words: the layout of `ipvsadm -Ln`, with what each real server is. */

import {
  type L4Figures,
  type NamedFlow,
  type RealFigures,
  type Said,
  type ServiceFigures,
  type SyncFigures,
  saidTexts,
} from '#l4';
import { type Counts, totalsOf } from './l4-rates.ts';

const FORWARD = { dr: 'Route', nat: 'Masq', fullnat: 'FullNat', tun: 'Tunnel' } as const;

export function listText({ services, attached, table, sync }: L4Figures): string {
  const places = attached.map(({ interface: name, place }) => `${name} (${place})`).join(', ');
  const head = [
    `moat L4 tier on ${places || 'no interface'}`,
    `Connection table: ${table.entries} of ${table.room}`,
    ...(sync ? syncLines(sync) : []),
    'Prot LocalAddress:Port Scheduler Flags',
    row('  -> RemoteAddress:Port', 'Forward', 'Weight', 'ActiveConn', 'InActConn', 'State'),
  ];
  const body = services.flatMap(service => [
    serviceLine(service),
    ...service.reals.map(real =>
      row(
        `  -> ${nameOf(real)}`,
        FORWARD[real.mode],
        `${real.weight}`,
        `${real.active}`,
        `${real.inactive}`,
        stateText(real),
      ),
    ),
  ]);
  return lines([...head, ...body]);
}

const SYNC_WORDS = {
  alone: 'alone: the other director is not heard',
  joining: 'joining: its connections are on their way',
  'in-step': 'in step',
} as const;

/** How connections are kept with the other director, and what was refused of what came from there. */
function syncLines(sync: SyncFigures): string[] {
  const refused = Object.entries(sync.refused).map(([reason, count]) => `${reason} ${count}`);
  const version =
    sync.otherVersion === undefined ? '' : `; the other one speaks version ${sync.otherVersion}`;
  return [
    `Sync: ${SYNC_WORDS[sync.state]}${version}; sent ${sync.flowsSent}, received ${sync.flowsReceived}, lag ${sync.lagMs} ms, missing ${sync.missing}, lost ${sync.lost}`,
    ...sync.paths.map(
      ({ local, peer, fault, heardMs }) =>
        `  -> ${local} to ${peer}: ${fault ?? (heardMs === undefined ? 'nothing heard' : `heard ${heardMs} ms ago`)}`,
    ),
    ...(refused.length > 0 ? [`  -> refused: ${refused.join(', ')}`] : []),
  ];
}

/** `alive`; `draining by command`; `alive by command: weight 0`; `dead by command: drain`. */
function stateText({ state, command }: RealFigures): string {
  if (!command) return state;
  const details = isPlain(state, command) ? '' : `: ${saidTexts(command).join(', ')}`;
  return `${state} by command${details}`;
}

/** Whether the state alone tells all that was commanded. */
function isPlain(state: RealFigures['state'], { state: said, health, weight }: Said): boolean {
  if (weight !== undefined || health !== undefined) return false;
  return said === state || (said === 'drain' && (state === 'draining' || state === 'drained'));
}

/** Counts since the maps were made, and packets by what became of them. */
export function statsText(figures: L4Figures): string {
  return `${countsText(figures)}${lines(['Packets', ...reasonLines(figures, count => `${count}`)])}`;
}

const COUNT_TITLES = ['Conns', 'InPkts', 'OutPkts', 'InBytes', 'OutBytes'];
const RATE_TITLES = ['CPS', 'InPPS', 'OutPPS', 'InBPS', 'OutBPS'];

/** As `ipvsadm -Ln --stats`: virtual servers with the sums of their real servers. */
export const countsText = (figures: L4Figures): string => countTable(figures, COUNT_TITLES);

/** As `ipvsadm -Ln --rate`. @param figures of a second */
export const ratesText = (figures: L4Figures): string => countTable(figures, RATE_TITLES);

function countTable({ services }: L4Figures, titles: readonly string[]): string {
  const fields = ({ connections, packets, replyPackets, bytes, replyBytes }: Counts) =>
    [connections, packets, replyPackets, bytes, replyBytes].map(count => `${Math.round(count)}`);
  const head = [row('Prot LocalAddress:Port', ...titles), '  -> RemoteAddress:Port'];
  const body = services.flatMap(service => [
    row(`${service.protocol.toUpperCase().padEnd(4)} ${addressesOf(service)}`, ...fields(totalsOf(service))),
    ...service.reals.map(real => row(`  -> ${nameOf(real)}`, ...fields(real))),
  ]);
  return lines([...head, ...body]);
}

/** One screen: rates beside what is open now. @param rates figures of a second */
export function topText(rates: L4Figures): string {
  const { services, attached, table } = rates;
  const places = attached.map(({ interface: name, place }) => `${name} (${place})`).join(', ');
  const head = [
    `moat L4 tier on ${places || 'no interface'}   ${table.entries} of ${table.room} connections`,
    '',
    row('Prot LocalAddress:Port', 'CPS', 'InPPS', 'OutPPS', 'In', 'Out', 'Active', 'InAct', 'State'),
  ];
  const fields = (counts: Counts) => [
    figureText(counts.connections),
    figureText(counts.packets),
    figureText(counts.replyPackets),
    `${figureText(counts.bytes * 8)}b/s`,
    `${figureText(counts.replyBytes * 8)}b/s`,
  ];
  const body = services.flatMap(service => [
    row(
      `${service.protocol.toUpperCase().padEnd(4)} ${addressesOf(service)}`,
      ...fields(totalsOf(service)),
      ...(['active', 'inactive'] as const).map(
        key => `${service.reals.reduce((sum, real) => sum + real[key], 0)}`,
      ),
      service.quorum ? '' : 'quorum lost',
    ),
    ...service.reals.map(real =>
      row(`  -> ${nameOf(real)}`, ...fields(real), `${real.active}`, `${real.inactive}`, stateText(real)),
    ),
  ]);
  const why = reasonLines(rates, rate => `${figureText(rate)}/s`);
  return lines([...head, ...body, '', 'Packets', ...(why.length > 0 ? why : ['  none'])]);
}

/** `950`, `12.3k`, `4.5M`. */
function figureText(value: number): string {
  const step = UNITS.findLast(([size]) => value >= size);
  return step ? `${(value / step[0]).toFixed(1)}${step[1]}` : value.toFixed(value > 0 && value < 10 ? 1 : 0);
}
const UNITS = [
  [1e3, 'k'],
  [1e6, 'M'],
  [1e9, 'G'],
] as const;

const reasonLines = ({ reasons }: L4Figures, text: (count: number) => string): string[] =>
  Object.entries(reasons)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `  ${reason.padEnd(24)} ${text(count)}`);

export function connectionsText(flows: readonly NamedFlow[]): string {
  const head = flowRow('pro', 'idle', 'state', 'source', 'virtual', 'destination');
  const body = flows.map(flow =>
    flowRow(
      flow.protocol.toUpperCase(),
      `${(flow.idleMs / 1000).toFixed(1)}s`,
      flow.state,
      endpoint(flow.client, flow.clientPort),
      endpoint(flow.virtual, flow.virtualPort),
      flow.real,
    ),
  );
  return lines([head, ...body]);
}

function serviceLine(service: ServiceFigures): string {
  const { protocol, scheduler, persistence, onePacket, quorum } = service;
  const flags = [
    ...(persistence ? [`persistent ${persistence.timeoutMs / 1000}`] : []),
    ...(onePacket ? ['ops'] : []),
    ...(quorum ? [] : ['quorum lost']),
  ];
  return [protocol.toUpperCase().padEnd(4), addressesOf(service), scheduler, ...flags].join(' ');
}

/** As on its line, without the protocol at its end where that is the only one. */
export const addressesOf = ({ name, protocol }: ServiceFigures) =>
  protocol === 'tcp+udp' ? name : name.replace(/ \w+$/, '');

const nameOf = ({ address, port }: RealFigures) => (port === 0 ? address : endpoint(address, port));

const endpoint = (address: string, port: number) =>
  `${address.includes(':') ? `[${address}]` : address}:${port}`;

const row = (first: string, ...others: string[]) =>
  [first.padEnd(32), ...others.map(text => text.padEnd(10))].join(' ').trimEnd();

const flowRow = (...fields: string[]) =>
  fields
    .map((text, at) => text.padEnd(FLOW_WIDTHS[at] ?? 0))
    .join(' ')
    .trimEnd();
const FLOW_WIDTHS = [3, 8, 12, 24, 24];

const lines = (all: readonly string[]) => all.map(line => `${line}\n`).join('');
