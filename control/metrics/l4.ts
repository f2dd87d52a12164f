/** The families of the L4 tier. Labels are of the configuration, reasons and states of fixed lists: clients make none. */
import type { Exposition, Labels, Sample } from '#kit/exposition.ts';
import { FIRST_DROP, type L4Figures, REASONS, type RealFigures, type ServiceFigures } from '#l4';
import { addressesOf } from '../status/l4-text.ts';
import { writeFlowSync } from './flow-sync.ts';

const STATES: readonly RealFigures['state'][] = [
  'alive',
  'dead',
  'draining',
  'drained',
  'disabled',
  'sorry',
  'leaving',
];

/** @param figures undefined: there is an l4 block, and its process does not answer */
export function writeL4(page: Exposition, figures: L4Figures | undefined): void {
  page.gauge(
    'l4_up',
    'Whether the L4 process answers; the kernel forwards without it, as the lease allows.',
    [[{}, figures ? 1 : 0]],
  );
  if (!figures) return;
  writeTier(page, figures);
  writeVirtual(page, figures.services);
  const rows = figures.services.flatMap(rowsOf);
  writeCounts(page, rows);
  writeReals(page, rows);
  if (figures.sync) writeFlowSync(page, figures.sync);
}

function writeTier(page: Exposition, { attached, table, lease, reasons }: L4Figures): void {
  const firstDrop = REASONS.indexOf(FIRST_DROP);
  const samples = (some: readonly (typeof REASONS)[number][]): Sample[] =>
    some.map(reason => [{ reason }, reasons[reason]]);
  page.gauge(
    'l4_attached',
    'Always 1; the labels tell which interface the programs stand on, and how.',
    attached.map(({ interface: name, place }) => [{ interface: name, place }, 1]),
  );
  page.counter(
    'l4_passes_total',
    'Packets that went on, by what became of them.',
    samples(REASONS.slice(0, firstDrop)),
  );
  page.counter('l4_drops_total', 'Packets that were dropped, by why.', samples(REASONS.slice(firstDrop)));
  page.gauge(
    'l4_flow_table_entries',
    'Entries of the connection table; a connection by nat or fullnat has two.',
    [[{}, table.entries]],
  );
  page.gauge('l4_flow_table_limit', 'Entries that the connection table has room for.', [[{}, table.room]]);
  if (!lease) return;
  page.gauge('l4_lease_seconds', 'How long forwarding goes on without the L4 process.', [
    [{}, lease.ms / 1000],
  ]);
  page.gauge('l4_lease_left_seconds', 'What is left of it; below 0 nothing is forwarded.', [
    [{}, lease.leftMs / 1000],
  ]);
}

const labelsOf = (service: ServiceFigures) => ({ vip: addressesOf(service), protocol: service.protocol });

function writeVirtual(page: Exposition, services: readonly ServiceFigures[]): void {
  page.gauge(
    'l4_quorum',
    'Whether enough real servers of the virtual server live.',
    services.map(service => [labelsOf(service), service.quorum ? 1 : 0]),
  );
  page.gauge(
    'l4_flows_active',
    'Established connections in the table.',
    services.map(service => [labelsOf(service), sumOf(service, 'active')]),
  );
  page.gauge(
    'l4_flows_inactive',
    'All other connections in the table, as LVS counts them.',
    services.map(service => [labelsOf(service), sumOf(service, 'inactive')]),
  );
}

const sumOf = ({ reals }: ServiceFigures, key: 'active' | 'inactive'): number =>
  reals.reduce((sum, real) => sum + real[key], 0);

interface Row {
  readonly labels: Labels;
  readonly real: RealFigures;
}

/** One that leaves while another one of its name is there already has a number. */
function rowsOf(service: ServiceFigures): Row[] {
  const taken = new Set<string>();
  return service.reals.map(real => {
    let name = real.name;
    for (let number = 2; taken.has(name); number++) name = `${real.name}#${number}`;
    taken.add(name);
    return { labels: { ...labelsOf(service), real: name }, real };
  });
}

/** Of a virtual server these are sums: its own counter would go back when a real server goes. */
function writeCounts(page: Exposition, rows: readonly Row[]): void {
  const both = (inward: keyof RealFigures, outward: keyof RealFigures): Sample[] =>
    rows.flatMap(({ labels, real }): Sample[] => [
      [{ ...labels, direction: 'in' }, Number(real[inward])],
      [{ ...labels, direction: 'out' }, Number(real[outward])],
    ]);
  page.counter(
    'l4_connections_total',
    'Connections that were given to the real server.',
    rows.map(({ labels, real }) => [labels, real.connections]),
  );
  page.counter(
    'l4_packets_total',
    'Packets to the real server, and by nat and fullnat those back.',
    both('packets', 'replyPackets'),
  );
  page.counter('l4_bytes_total', 'Bytes of these packets.', both('bytes', 'replyBytes'));
}

function writeReals(page: Exposition, rows: readonly Row[]): void {
  const each = (value: (real: RealFigures) => number): Sample[] =>
    rows.map(({ labels, real }) => [labels, value(real)]);
  page.gauge(
    'l4_real_flows_active',
    'Established connections with the real server.',
    each(real => real.active),
  );
  page.gauge(
    'l4_real_flows_inactive',
    'All other connections with it in the table.',
    each(real => real.inactive),
  );
  page.gauge(
    'l4_real_weight',
    'Its weight now.',
    each(real => real.weight),
  );
  page.gauge(
    'l4_real_up',
    'Whether it passes its health checks.',
    each(real => (real.state === 'dead' ? 0 : 1)),
  );
  page.gauge(
    'l4_real_state',
    'One series for each state: 1 for the one it is in.',
    rows.flatMap(({ labels, real }) =>
      STATES.map((state): Sample => [{ ...labels, state }, real.state === state ? 1 : 0]),
    ),
  );
  page.counter(
    'l4_check_failures_total',
    'Health checks that it failed.',
    each(real => real.failedChecks),
  );
}
