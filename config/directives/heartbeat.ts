/** Heartbeats between the two nodes of a pair, beside VRRP, and the witness that is asked when they stop. */
import { ArgumentFault, arg } from '../argument.ts';
import { addPath } from '../cluster-path.ts';
import { newHeartbeat } from '../draft-heartbeat.ts';
import { type Directive, defineBlock, defineDirective } from '../registry.ts';
import { readSecretText, refuseGuessable } from '../secret-text.ts';
import { WITNESS } from './witness.ts';

const LEAST_MS = 10;
const MOST_MS = 60_000;
const MOST_NAME = 64;

const heartbeat = defineBlock({
  name: 'heartbeat',
  context: ['cluster'],
  args: {},
  block: 'heartbeat',
  doc: {
    summary:
      'Two nodes of moat tell each other over several paths that they live, and what they are. So a path that is cut is told from a node that is dead: while the other one says by any path that it is active, this node does not take its addresses. Without this block, or beside keepalived, VRRP alone decides.',
    example:
      'heartbeat { path 10.0.0.1 10.0.0.2; path 10.1.0.1 10.1.0.2; key file:/etc/moat/cluster.key; witness etcd http://10.0.0.9:2379; }',
    since: '0.1',
  },
  compile(_, scope, body, line) {
    const draft = newHeartbeat(line.name);
    scope.cluster.heartbeat = draft;
    body.open(scope.child('heartbeat', { cluster: scope.cluster, heartbeat: draft }));
  },
});

const node = defineDirective({
  name: 'node',
  context: ['heartbeat'],
  args: { name: arg.text('a name') },
  doc: {
    summary: 'What the other node calls this one, in its log and status. The two differ.',
    default: 'the name of the host',
    example: 'node lb1;',
    since: '0.1',
  },
  compile({ name }, scope) {
    if (!/^[\w.-]+$/.test(name) || name.length > MOST_NAME)
      throw new ArgumentFault(`"${name}" is no name`, `take up to ${MOST_NAME} letters, digits and . _ -`);
    scope.heartbeat.own.node = name;
  },
});

const path = defineDirective({
  name: 'path',
  context: ['heartbeat'],
  repeats: true,
  args: { own: arg.token('an address of this node'), peer: arg.token('an address of the other one') },
  doc: {
    summary:
      'A way to the other node, by UDP. Let there be two or more, by different cables and switches. On the other node the two addresses stand the other way round.',
    args: { own: 'No virtual address: it must not move.', peer: 'Of the same family.' },
    example: 'path 10.1.0.1 10.1.0.2;',
    since: '0.1',
  },
  compile({ own, peer }, scope, line) {
    addPath(scope.heartbeat.paths, own, peer, line.name);
  },
});

const key = defineDirective({
  name: 'key',
  context: ['heartbeat'],
  args: { key: arg.token('a text or file:PATH').secret() },
  doc: {
    summary:
      'Proves to each node that the other one speaks (HMAC-SHA-256). Both have the same. It does not hide what is said.',
    args: { key: 'At least 16 characters, or file: and a path whose first line is the key.' },
    example: 'key file:/etc/moat/cluster.key;',
    since: '0.1',
  },
  compile(args, scope) {
    const value = readSecretText(args.key, scope);
    refuseGuessable(value, 'key', args.key);
    scope.heartbeat.own.key = value;
  },
});

const port = defineDirective({
  name: 'port',
  context: ['heartbeat'],
  args: { number: arg.integer({ min: 1, max: 65_535 }) },
  doc: { summary: 'The UDP port of both nodes.', default: 'port 8474;', example: 'port 9001;', since: '0.1' },
  compile({ number }, scope) {
    scope.heartbeat.own.port = number;
  },
});

const time = (
  name: 'interval' | 'silent_after',
  doc: { readonly summary: string; readonly default: string; readonly example: string },
) =>
  defineDirective({
    name,
    context: ['heartbeat'],
    args: { time: arg.durationMs() },
    doc: { ...doc, since: '0.1' },
    compile(args, scope) {
      if (args.time < LEAST_MS || args.time > MOST_MS)
        throw new ArgumentFault(`${args.time} ms is not within ${LEAST_MS}ms and 60s`);
      scope.heartbeat.own[name === 'interval' ? 'intervalMs' : 'timeoutMs'] = args.time;
    },
  });

const interval = time('interval', {
  summary: 'How often each node speaks, by every path.',
  default: 'the shortest advert_interval of the cluster block, up to 1s',
  example: 'interval 100ms;',
});

const silentAfter = time('silent_after', {
  summary: 'After so long without a word by any path the other node is held for silent. Both have the same.',
  default: 'three intervals',
  example: 'silent_after 500ms;',
});

const preemptOtherRevision = defineDirective({
  name: 'preempt_other_revision',
  context: ['heartbeat'],
  args: { flag: arg.flag() },
  doc: {
    summary:
      'Whether this node takes the addresses away from one that runs another configuration (http, l4, and the virtual routers). It always takes over from one that is silent.',
    default: 'preempt_other_revision off;',
    example: 'preempt_other_revision on;',
    since: '0.1',
  },
  compile({ flag }, scope) {
    scope.heartbeat.own.preemptOtherRevision = flag;
  },
});

export const HEARTBEAT: readonly Directive[] = [
  ...[heartbeat, node, path, key, port, interval, silentAfter, preemptOtherRevision],
  ...WITNESS,
];
