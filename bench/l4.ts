/** What the L4 tier costs: nanoseconds a packet, and how much of the way without a balancer is left. usage: npm run bench -- l4 [packets|paths] */
import { packetCosts } from './l4/packets.ts';
import { type PathRow, routedRows, switchedRows } from './l4/paths.ts';

const parts = process.argv.slice(2);
const wanted = (part: string) => parts.length === 0 || parts.includes(part);

if (wanted('packets')) {
  const costs = packetCosts();
  console.log('\nns per packet (one-packet test runs, an empty program taken off)\n');
  console.log('| packet | xdp | tc |\n|---|--:|--:|');
  for (const name of new Set(costs.map(cost => cost.name))) {
    const of = (build: string) => costs.find(cost => cost.name === name && cost.build === build)!.ns;
    console.log(`| ${name} | ${of('xdp')} | ${of('tc')} |`);
  }
}

function table(rows: PathRow[]): void {
  const [base] = rows;
  console.log('| path | requests/s | of the first | connections/s | | bulk Mbit/s | | median latency µs |');
  console.log('|---|--:|--:|--:|--:|--:|--:|--:|');
  for (const { name, figures } of rows) {
    const cell = (field: 'requests' | 'connections' | 'bulkMbit') =>
      `${figures[field].toFixed(0)} | ${(figures[field] / base!.figures[field]).toFixed(2)}`;
    const cells = [cell('requests'), cell('connections'), cell('bulkMbit'), figures.latencyUs.toFixed(0)];
    console.log(`| ${[name, ...cells].join(' | ')} |`);
  }
}

if (wanted('paths')) {
  console.log('\nOne network: client, director and real server on one switch\n');
  table(await switchedRows());
  console.log('\nTwo networks, with the director as the router between them\n');
  table(await routedRows());
}
