/** What an instance of VRRP watches: interfaces, programs, files, routes, the other tiers of moat. */
import type { TrackQuestion } from '#model/cluster/track.ts';
import { ArgumentFault, arg } from '../argument.ts';
import { readPrefix } from '../cluster-address.ts';
import { HEALTH_MEASURES, healthOf } from '../health-range.ts';
import type { Token } from '../lex.ts';
import { type Directive, defineDirective } from '../registry.ts';

const KINDS = ['interface', 'script', 'process', 'file', 'route', 'l4', 'l7', 'health'] as const;

function refuseName(kind: string, what: Token | undefined): void {
  if (what) throw new ArgumentFault(`${kind} is one, and takes no name`, 'leave it out', what);
}

/** @throws {ArgumentFault} when the words do not fit the kind */
function questionOf(
  kind: Exclude<(typeof KINDS)[number], 'health'>,
  what: Token | undefined,
  quorum: boolean,
): TrackQuestion {
  if (kind === 'l7') {
    refuseName(kind, what);
    return { type: 'l7' };
  }
  if (kind === 'l4') return { type: 'l4', service: what?.text, quorum };
  if (!what) throw new ArgumentFault(`${kind} of which name?`, `write track ${kind} NAME`);
  const { text } = what;
  switch (kind) {
    case 'interface':
      return { type: kind, interface: text };
    case 'script':
      return { type: kind, script: text };
    case 'process':
      return { type: kind, process: text };
    case 'file':
      if (!text.startsWith('/'))
        throw new ArgumentFault(`"${text}" is not an absolute path`, undefined, what);
      return { type: kind, path: text };
    case 'route': {
      const { address, prefixBits } = readPrefix(what);
      return { type: kind, destination: address, prefixBits };
    }
  }
}

function refuseRanges(kind: string, ranges: Readonly<Record<string, Token | undefined>>): void {
  for (const measure of HEALTH_MEASURES)
    if (ranges[measure])
      throw new ArgumentFault(
        `${kind} has no ${measure}`,
        `write a line of its own: track health ${measure}=...`,
        ranges[measure],
      );
}

const MOST_WEIGHT = 253;

const track = defineDirective({
  name: 'track',
  context: ['vrrp_instance', 'sync_group'],
  repeats: true,
  args: {
    kind: arg.oneOf(KINDS),
    what: arg.token('a name').optional(),
    quorum: arg.word(),
    weight: arg.integer({ min: -MOST_WEIGHT, max: MOST_WEIGHT }).param(),
    cpu: arg.token('a range').param(),
    memory: arg.token('a range').param(),
    lag: arg.token('a range').param(),
    errors: arg.token('a range').param(),
  },
  doc: {
    summary:
      'Watches something that the right to the addresses hangs on. Without a weight this node takes no part in the election while it is not well; with one its priority changes, and stays within 1 to 254.',
    args: {
      kind: 'interface: it is on, and its wire carries; script: a vrrp_script; process: something of that name runs; file: the number in it, times the weight, is added to the priority, and one below 0 is not well; route: it is in the main table; l4: some real server is up, of the virtual server that is named or else of each; l7: the L7 tier can answer; health: this machine is not worn out: the worst of cpu, memory, lag and errors, averaged over some seconds, counts in four steps, so that a quarter, a half, three quarters and all of the weight are taken off while it gets worse, and one step is given back for each 30s of being better. Without a weight the last step is a fault.',
      what: 'The name, the path, or ADDRESS/BITS of the route.',
      quorum:
        'Of l4: the quorum of the virtual server is there. With hysteresis a node that sees its real servers come back one by one waits until enough of them are.',
      weight:
        'A positive one is added while all is well, a negative one while it is not. It must be greater than the difference of the priorities, or nothing comes of it.',
      cpu: 'Of health: from where on the use of all cores counts, and where it is as bad as it gets; or off. 90%-100% if absent.',
      memory: 'Of health: memory in use that cannot be had back; 90%-98% if absent.',
      lag: 'Of health: until the slowest worker of the L7 tier answers; 100ms-1s if absent.',
      errors:
        'Of health: the share of answers of 5xx among all; 10%-50% if absent. Where both nodes have the same servers behind them it is as bad on the other one: off.',
    },
    example: 'track script check_dns weight=-60;',
    since: '0.1',
  },
  compile({ kind, what, weight, quorum = false, ...ranges }, scope, line) {
    const place = line.name;
    if (kind === 'health') refuseName(kind, what);
    else refuseRanges(kind, ranges);
    const question = kind === 'health' ? healthOf(ranges) : questionOf(kind, what, quorum);
    if (quorum && kind !== 'l4') throw new ArgumentFault('quorum goes with l4 only');
    const name = what ? `${kind} ${what.text}` : kind;
    if (weight === 0)
      throw new ArgumentFault('a weight of 0 changes nothing', 'leave it out: then it is a fault');
    const { tracks } = scope.drafts.instance ?? scope.syncGroup;
    if (tracks.some(one => one.name === name))
      throw new ArgumentFault(`"${name}" is tracked already`, 'keep one of the two');
    tracks.push({ name, question, weight, place });
  },
});

export const TRACK: readonly Directive[] = [track];
