/** The L4 tier in words: the layout of `ipvsadm -Ln`, with what each real server is. */
import type { L4Figures, NamedFlow, RealFigures, ServiceFigures } from '#l4';

const FORWARD = { dr: 'Route', nat: 'Masq', fullnat: 'FullNat', tun: 'Tunnel' } as const;

export function listText({ services, attached, table }: L4Figures): string {
  const places = attached.map(({ interface: name, place }) => `${name} (${place})`).join(', ');
  const head = [
    `moat L4 tier on ${places || 'no interface'}`,
    `Connection table: ${table.entries} of ${table.room}`,
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

/** `alive`; `draining by command`; `alive by command: weight 0`. */
function stateText({ state, command }: RealFigures): string {
  if (!command) return state;
  const { drains, weight } = command;
  return `${state} by command${weight === undefined ? '' : `: ${drains ? 'drain, ' : ''}weight ${weight}`}`;
}

/** Counts since the maps were made, and packets by what became of them. */
export function statsText({ services, reasons }: L4Figures): string {
  const head = [
    'Prot LocalAddress:Port',
    row('  -> RemoteAddress:Port', 'Conns', 'InPkts', 'OutPkts', 'InBytes', 'OutBytes'),
  ];
  const body = services.flatMap(service => [
    `${service.protocol.toUpperCase()}  ${addressesOf(service)}`,
    ...service.reals.map(real =>
      row(
        `  -> ${nameOf(real)}`,
        `${real.connections}`,
        `${real.packets}`,
        `${real.replyPackets}`,
        `${real.bytes}`,
        `${real.replyBytes}`,
      ),
    ),
  ]);
  const counted = Object.entries(reasons).filter(([, count]) => count > 0);
  const why = counted.map(([reason, count]) => `  ${reason.padEnd(24)} ${count}`);
  return lines([...head, ...body, 'Packets', ...why]);
}

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
const addressesOf = ({ name, protocol }: ServiceFigures) =>
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
