/** A simulation for a terminal: load and members over time, and what it would have come to. */
import type { AutoscaleModel } from '#model/autoscale.ts';
import { tableOf } from '../status/text.ts';
import type { Moment, Simulation } from './simulate.ts';

const MOST_ROWS = 48;
const WIDTH = 40;

export function pictureOf({ moments, ...sums }: Simulation, model: AutoscaleModel): string {
  const { pool, load, target, max } = model;
  const size = Math.max(1, Math.ceil(moments.length / MOST_ROWS));
  const rows = Array.from({ length: Math.ceil(moments.length / size) }, (_, row) =>
    rowOf(moments.slice(row * size, (row + 1) * size), model),
  );
  const hours = moments.length / 60;
  const saved = sums.mostHours === 0 ? 0 : 100 * (1 - sums.memberHours / sums.mostHours);
  return `${[
    `pool ${pool}, ${load.replaceAll('-', ' ')}, ${target} each`,
    '',
    tableOf(['from', 'load', 'members', ''], rows).trimEnd(),
    '',
    '# members   > as many as bear the load at its worst (beyond the last #: there were too few)',
    `${sums.orders.more} orders for more, ${sums.orders.fewer} for fewer, in ${hours.toFixed(1)} hours`,
    `${sums.memberHours.toFixed(1)} hours of members, ${saved.toFixed(0)} % less than ${max} all the time`,
    `${(sums.overloadedHours * 60).toFixed(0)} minutes with less than it takes`,
  ].join('\n')}\n`;
}

function rowOf(moments: readonly Moment[], { target, tolerance, max }: AutoscaleModel): string[] {
  const [first] = moments;
  const most = Math.max(...moments.map(({ load }) => load));
  const least = Math.min(...moments.map(({ members }) => members));
  const column = (members: number) => Math.min(WIDTH, Math.round((members / max) * WIDTH));
  const needed = column(most / (target * (1 + tolerance)));
  const bar = Array.from({ length: Math.max(column(least), needed) }, (_, at) =>
    at === needed - 1 ? '>' : at < column(least) ? '#' : ' ',
  ).join('');
  // The table sets numbers to the right: a bar of full width begins where the others do.
  return [timeText(first?.atS ?? 0), most.toFixed(0), `${least}`, bar.padEnd(WIDTH)];
}

const timeText = (atS: number): string => new Date(atS * 1000).toISOString().slice(0, 16).replace('T', ' ');
