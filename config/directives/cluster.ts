/** The cluster: this node as one of several that stand in for each other. */
import { ArgumentFault, arg } from '../argument.ts';
import { newCluster, newScript, newSyncGroup } from '../draft-cluster.ts';
import { type Directive, defineBlock, defineDirective } from '../registry.ts';
import { FLOW_SYNC } from './flow-sync.ts';
import { HEARTBEAT } from './heartbeat.ts';
import { SESSION_STORE } from './session-store.ts';
import { refuseTaken } from './taken-name.ts';
import { VRRP } from './vrrp.ts';
import { TRACK } from './vrrp-track.ts';

const cluster = defineBlock({
  name: 'cluster',
  context: ['main'],
  args: {},
  block: 'cluster',
  doc: {
    summary:
      'Nodes that stand in for each other: which of them has the virtual addresses is settled by VRRP, as keepalived speaks it.',
    example:
      'cluster { vrrp_instance VI_1 { interface eth0; vrid 51; priority 150; virtual_address 192.0.2.10/24; } }',
    since: '0.1',
  },
  compile(_, scope, body) {
    const draft = newCluster();
    scope.around.main.cluster = draft;
    body.open(scope.child('cluster', { cluster: draft }));
  },
});

const statePath = defineDirective({
  name: 'state_path',
  context: ['cluster'],
  args: { path: arg.text('an absolute path') },
  doc: {
    summary: 'A folder for what outlives a restart: that the node is in maintenance.',
    default: 'state_path /var/lib/moat/cluster;',
    example: 'state_path /var/lib/edge/cluster;',
    since: '0.1',
  },
  compile({ path }, scope) {
    if (!path.startsWith('/')) throw new ArgumentFault(`"${path}" is not an absolute path`);
    scope.cluster.own.statePath = path.replace(/(?<=.)\/+$/, '');
  },
});

const startupDelay = defineDirective({
  name: 'startup_delay',
  context: ['cluster'],
  args: { time: arg.durationMs() },
  doc: {
    summary:
      'So long after the start this node takes part in no election: some switches carry nothing at first, and then both nodes would be active. keepalived calls it vrrp_startup_delay.',
    default: 'startup_delay 0;',
    example: 'startup_delay 10s;',
    since: '0.1',
  },
  compile({ time }, scope) {
    scope.cluster.own.startupDelayMs = time;
  },
});

const realtimePriority = defineDirective({
  name: 'realtime_priority',
  context: ['cluster'],
  args: { priority: arg.text('a number from 1 to 99, or off') },
  doc: {
    summary:
      'The real-time priority (SCHED_RR) of the process that speaks VRRP; its memory is locked, too. When that is not permitted, a warning tells so and all goes on. Off: it is scheduled like any other. keepalived calls it vrrp_rt_priority.',
    default: 'realtime_priority 50;',
    example: 'realtime_priority off;',
    since: '0.1',
  },
  compile({ priority }, scope) {
    const value = priority === 'off' ? 0 : /^[1-9]\d?$/.test(priority) ? Number(priority) : undefined;
    if (value === undefined) throw new ArgumentFault(`"${priority}" is neither 1 to 99 nor off`);
    scope.cluster.own.realtimePriority = value;
  },
});

const scriptUser = defineDirective({
  name: 'script_user',
  context: ['cluster'],
  args: { user: arg.text('a user') },
  doc: {
    summary: 'Runs the programs of vrrp_script, when moat is started as root.',
    default: 'script_user nobody;',
    example: 'script_user moat-checks;',
    since: '0.1',
  },
  compile({ user }, scope) {
    scope.cluster.own.scriptUser = user;
  },
});

const vrrpScript = defineBlock({
  name: 'vrrp_script',
  context: ['cluster'],
  repeats: true,
  args: { name: arg.token('a name') },
  block: 'vrrp_script',
  doc: {
    summary:
      'A program that tells by its exit code whether all is well: 0 is. Instances name it with track script.',
    args: { name: 'By which track script knows it.' },
    example: 'vrrp_script check_dns { script /usr/local/bin/check-dns; interval 2s; fall 2; }',
    since: '0.1',
  },
  compile({ name }, scope, body) {
    const draft = newScript(name.text, name);
    refuseTaken(name, 'vrrp_script', scope.cluster.scripts);
    scope.cluster.scripts.push(draft);
    body.open(scope.child('vrrp_script', { script: draft }));
  },
});

const script = defineDirective({
  name: 'script',
  context: ['vrrp_script'],
  args: { command: arg.text('an absolute path, and arguments').rest() },
  doc: {
    summary: 'The program. No shell is between: words are arguments.',
    args: { command: 'The absolute path of the program, and its arguments.' },
    example: 'script /usr/bin/pgrep -x named;',
    since: '0.1',
  },
  compile({ command }, scope) {
    if (!command[0]!.startsWith('/')) throw new ArgumentFault(`"${command[0]}" is not an absolute path`);
    scope.script.own.command = command;
  },
});

const LEAST_MS = 10;

const scriptTime = (name: 'interval' | 'script_timeout', summary: string, standard: string) =>
  defineDirective({
    name,
    context: ['vrrp_script'],
    args: { time: arg.durationMs() },
    doc: { summary, default: `${name} ${standard};`, example: `${name} 500ms;`, since: '0.1' },
    compile({ time }, scope) {
      if (time < LEAST_MS) throw new ArgumentFault(`${time} ms is too short`, `take ${LEAST_MS}ms or more`);
      scope.script.own[name === 'interval' ? 'intervalMs' : 'timeoutMs'] = time;
    },
  });

const scriptCount = (name: 'rise' | 'fall', summary: string) =>
  defineDirective({
    name,
    context: ['vrrp_script'],
    args: { number: arg.integer({ min: 1, max: 1000 }) },
    doc: { summary, default: `${name} 1;`, example: `${name} 3;`, since: '0.1' },
    compile({ number }, scope) {
      scope.script.own[name] = number;
    },
  });

const user = defineDirective({
  name: 'user',
  context: ['vrrp_script'],
  args: { user: arg.text('a user') },
  doc: {
    summary: 'Runs the program, when moat is started as root.',
    default: 'that of script_user',
    example: 'user nobody;',
    since: '0.1',
  },
  compile(args, scope) {
    scope.script.own.user = args.user;
  },
});

const syncGroup = defineBlock({
  name: 'sync_group',
  context: ['cluster'],
  repeats: true,
  args: { name: arg.token('a name') },
  block: 'sync_group',
  doc: {
    summary:
      'Instances that are active together, or not at all: inside and outside of a firewall, IPv4 and IPv6 of one service. A fault of one takes all out. keepalived calls it vrrp_sync_group.',
    args: { name: 'For messages.' },
    example: 'sync_group SITE { members VI_4 VI_6; }',
    since: '0.1',
  },
  compile({ name }, scope, body) {
    const draft = newSyncGroup(name.text, name);
    refuseTaken(name, 'sync_group', scope.cluster.groups);
    scope.cluster.groups.push(draft);
    body.open(scope.child('sync_group', { syncGroup: draft }));
  },
});

const members = defineDirective({
  name: 'members',
  context: ['sync_group'],
  args: { instances: arg.token('a vrrp_instance').rest(2) },
  doc: {
    summary: 'The instances of the group.',
    args: { instances: 'Two or more; each is in one group at most.' },
    example: 'members VI_4 VI_6;',
    since: '0.1',
  },
  compile({ instances }, scope) {
    scope.syncGroup.members.push(...instances);
  },
});

export const CLUSTER: readonly Directive[] = [
  cluster,
  statePath,
  startupDelay,
  realtimePriority,
  scriptUser,
  vrrpScript,
  script,
  scriptTime('interval', 'How long after an answer the program is started again.', '1s'),
  scriptTime('script_timeout', 'A program that takes longer is killed, and has failed.', '1s'),
  scriptCount('rise', 'So many good answers in a row make it good again.'),
  scriptCount('fall', 'So many bad answers in a row make it bad.'),
  user,
  syncGroup,
  members,
  ...VRRP,
  ...TRACK,
  ...FLOW_SYNC,
  ...SESSION_STORE,
  ...HEARTBEAT,
];
