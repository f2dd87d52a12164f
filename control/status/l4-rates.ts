/** The L4 tier between two looks: how much of what a second, by virtual server and real server, and what was dropped. */
import type { L4Figures, RealFigures, ServiceFigures } from '#l4';

export interface L4Sample {
  readonly figures: L4Figures;
  /** By any clock, in ms. */
  readonly atMs: number;
}

const COUNTS = ['connections', 'packets', 'bytes', 'replyPackets', 'replyBytes'] as const;
export type Counts = Readonly<Record<(typeof COUNTS)[number], number>>;

/** Figures whose counts are those of a second; weights, states and open flows are as they are now. */
export function ratesBetween(before: L4Sample, now: L4Sample): L4Figures {
  const seconds = Math.max(1, now.atMs - before.atMs) / 1000;
  // Less than before: the maps are others, and all that is in them is new.
  const rate = (then: number, at: number) => (at - (at < then ? 0 : then)) / seconds;
  const known = new Map(
    before.figures.services.flatMap(({ name, reals }) =>
      reals.map(real => [`${name} ${real.name}`, real] as const),
    ),
  );
  const services = now.figures.services.map(service => ({
    ...service,
    reals: service.reals.map(real => ({
      ...real,
      ...countsOf(key => rate(known.get(`${service.name} ${real.name}`)?.[key] ?? 0, real[key])),
    })),
  }));
  const reasons = Object.fromEntries(
    Object.entries(now.figures.reasons).map(([reason, count]) => [
      reason,
      rate(before.figures.reasons[reason as keyof typeof before.figures.reasons] ?? 0, count),
    ]),
  ) as typeof now.figures.reasons;
  return { ...now.figures, services, reasons };
}

const countsOf = (count: (key: keyof Counts) => number): Counts => ({
  connections: count('connections'),
  packets: count('packets'),
  bytes: count('bytes'),
  replyPackets: count('replyPackets'),
  replyBytes: count('replyBytes'),
});

/** Of all real servers of a virtual one, also those that are leaving. */
export const totalsOf = ({ reals }: ServiceFigures): Counts =>
  countsOf(key => reals.reduce((sum, real: RealFigures) => sum + real[key], 0));
