/** What one request costs in moat, nginx, HAProxy and http-proxy, side by side on one core each. */
import { Children } from './l7/children.ts';
import { describeMachine, refusal } from './l7/machine.ts';
import { optionsFrom, USAGE } from './l7/options.ts';
import { PEERS } from './l7/peers.ts';
import { type Outcome, save, tables } from './l7/report.ts';
import { SCENARIOS } from './l7/scenarios.ts';
import { startStage } from './l7/stage.ts';

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
const peers = PEERS.filter(
  peer => options.peers.some(name => name === peer.name) && peer.version() !== undefined,
);
for (const name of options.peers)
  if (!peers.some(peer => peer.name === name)) console.log(`without ${name}: it is not here`);

await using children = new Children();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void children[Symbol.asyncDispose]().then(() => process.exit(130)));
}
const stage = await startStage(children, options);
const startedMs = performance.now();
const outcome: Outcome = {
  machine: describeMachine(peers),
  options,
  rows: [],
  facts: [],
  notes: [],
  configs: {},
};
const chosen = SCENARIOS.filter(({ name }) => options.only.includes(name));
for (const [at, scenario] of chosen.entries()) {
  const passedS = (performance.now() - startedMs) / 1000;
  const late = passedS > (options.budgetS * at) / chosen.length + 15;
  console.log(
    `\n${scenario.name}: ${scenario.title}${late ? ' (one round only: the machine is slow or busy)' : ''}`,
  );
  const result = await scenario.run(late ? { ...stage, options: { ...options, rounds: 1 } } : stage, peers);
  outcome.rows.push(...result.rows);
  outcome.facts.push(...result.facts);
  outcome.notes.push(...result.notes);
  Object.assign(outcome.configs, result.configs);
  for (const line of tables(result.rows)) console.log(line);
  for (const note of result.notes) console.log(`  ${note}`);
}
console.log(`\n${((performance.now() - startedMs) / 1000).toFixed(0)} s in all; ${save(outcome)}`);
