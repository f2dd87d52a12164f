/** What the L4 tier costs: nanoseconds a packet, and how much of the way without a balancer is left. */
import { optionsFrom, type PartName, USAGE } from './l4/options.ts';
import { flowCases, packetCases, serviceCases } from './l4/packets.ts';
import { PATH_PARTS } from './l4/paths.ts';
import { type Outcome, packetTable, pathTable, save } from './l4/report.ts';
import { testRuns } from './l4/test-runs.ts';
import { describeMachine, refusal } from './l7/machine.ts';
import { PEERS } from './l7/peers.ts';

const options = optionsFrom(process.argv.slice(2));
if (typeof options === 'string') {
  console.error(`${options}\n${USAGE}`);
  process.exit(2);
}
const why = refusal();
if (why) {
  console.error(`bench: cannot measure here: ${why}`);
  process.exit(2);
}
const startedMs = performance.now();
const outcome: Outcome = {
  machine: describeMachine(PEERS.filter(({ name }) => name === 'nginx' || name === 'haproxy')),
  options,
  packets: [],
  paths: [],
};
console.log(`load ${outcome.machine.busy.toFixed(1)} on ${outcome.machine.cores} cores when the run began`);

const CASES: Partial<Record<PartName, ReturnType<typeof packetCases>>> = {
  packets: packetCases(options.runs),
  flows: flowCases(options.flows, options.runs),
  services: serviceCases(options.services, options.runs),
};
for (const part of options.only) {
  const cases = CASES[part];
  const path = PATH_PARTS.find(({ name }) => name === part);
  console.log(`\n${part}${path ? `: ${path.title}` : ''}`);
  if (cases) {
    const rows = testRuns(part, cases, options);
    outcome.packets.push(...rows);
    for (const line of packetTable(rows)) console.log(line);
  }
  if (path) {
    const rows = await path.run(options);
    outcome.paths.push(...rows);
    for (const line of pathTable(rows)) console.log(line);
  }
}
console.log(`\n${((performance.now() - startedMs) / 1000).toFixed(0)} s in all; ${save(outcome)}`);
