/** The sync of flows between two directors: flow_sync in the cluster block. */
import { arg } from '../argument.ts';
import { addPath } from '../cluster-path.ts';
import { newFlowSync } from '../draft-cluster.ts';
import { type Directive, defineBlock, defineDirective } from '../registry.ts';
import { readSecretText, refuseGuessable } from '../secret-text.ts';

const flowSync = defineBlock({
  name: 'flow_sync',
  context: ['cluster'],
  args: {},
  block: 'flow_sync',
  doc: {
    summary:
      "Two directors keep each other's connections, so that none is lost when the addresses move: each connection of nat and fullnat, and of dr and tun those that the other one would not send to the same real server by itself. A node that does not know the other's connections does not take the addresses away from it. Of fullnat's source pools each of the two uses one half of the ports: let the addresses of the pools move with the virtual ones.",
    example: 'flow_sync { path 10.0.0.1 10.0.0.2; path 10.1.0.1 10.1.0.2; key file:/etc/moat/sync.key; }',
    since: '0.1',
  },
  compile(_, scope, body, line) {
    const draft = newFlowSync(line.name);
    scope.cluster.flowSync = draft;
    body.open(scope.child('flow_sync', { flowSync: draft }));
  },
});

const path = defineDirective({
  name: 'path',
  context: ['flow_sync'],
  repeats: true,
  args: { own: arg.token('an address of this node'), peer: arg.token('an address of the other one') },
  doc: {
    summary:
      'A way to the other director, over which everything goes, by UDP. With several of them all goes over each, so that one may fail. On the other node the two addresses stand the other way round.',
    args: { own: 'No virtual address: it must not move.', peer: 'Of the same family.' },
    example: 'path 10.1.0.1 10.1.0.2;',
    since: '0.1',
  },
  compile({ own, peer }, scope, line) {
    addPath(scope.flowSync.paths, own, peer, line.name);
  },
});

const key = defineDirective({
  name: 'key',
  context: ['flow_sync'],
  args: { key: arg.token('a text or file:PATH').secret() },
  doc: {
    summary:
      'Proves to each director that the other one speaks (HMAC-SHA-256). Both have the same; whoever has it can put connections into their tables. It does not hide what is said: let the paths lead through networks of your own.',
    args: { key: 'At least 16 characters, or file: and a path whose first line is the key.' },
    example: 'key file:/etc/moat/sync.key;',
    since: '0.1',
  },
  compile(args, scope) {
    const value = readSecretText(args.key, scope);
    scope.flowSync.own.key = value;
    refuseGuessable(value, 'key', args.key);
  },
});

const port = defineDirective({
  name: 'port',
  context: ['flow_sync'],
  args: { number: arg.integer({ min: 1, max: 65_535 }) },
  doc: {
    summary: 'The UDP port of both directors.',
    default: 'port 8473;',
    example: 'port 9000;',
    since: '0.1',
  },
  compile({ number }, scope) {
    scope.flowSync.own.port = number;
  },
});

const wait = defineDirective({
  name: 'wait',
  context: ['flow_sync'],
  args: { time: arg.durationMs() },
  doc: {
    summary:
      "So long a node that comes back leaves the addresses to the other one while it does not know that one's connections yet. Then it takes them all the same. It takes them at once when the other one is silent.",
    default: 'wait 30s;',
    example: 'wait 2m;',
    since: '0.1',
  },
  compile({ time }, scope) {
    scope.flowSync.own.waitMs = time;
  },
});

export const FLOW_SYNC: readonly Directive[] = [flowSync, path, key, port, wait];
