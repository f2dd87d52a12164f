/** Reads the virtual routers of a keepalived.conf: vrrp_instance, vrrp_script, vrrp_sync_group, and what global_defs says of them. */
import { InstanceReader, type Surroundings } from './keepalived-instance.ts';
import type { Entry } from './keepalived-tree.ts';
import type { ImportedBlock, Remarks, Words } from './outcome.ts';

/** Blocks at the top of the file that are read here. */
export const VRRP_BLOCKS: ReadonlySet<string> = new Set([
  'vrrp_instance',
  'vrrp_script',
  'vrrp_sync_group',
  'vrrp_track_process',
  'vrrp_track_file',
  'track_file',
]);

export interface ImportedCluster {
  readonly lines: readonly Words[];
  readonly blocks: readonly ImportedBlock[];
}

/** @param entries of the whole file */
export function readVrrp(entries: readonly Entry[], remarks: Remarks): ImportedCluster {
  const named = (...names: readonly string[]) => entries.filter(({ name }) => names.includes(name));
  const instances = named('vrrp_instance');
  if (instances.length === 0) return { lines: [], blocks: [] };
  const globals = new Map(
    named('global_defs').flatMap(({ block = [] }) => block.map(line => [line.name, line])),
  );
  const scripts = named('vrrp_script').filter(({ line, words, block = [] }) => {
    const isWhole = block.some(({ name }) => name === 'script');
    if (!isWhole) remarks.dropped(line, `vrrp_script ${words.join(' ')}: it has no script line that is read`);
    return isWhole;
  });
  const around: Surroundings = {
    globals,
    scripts: byName(scripts),
    processes: byName(named('vrrp_track_process')),
    files: byName(named('vrrp_track_file', 'track_file')),
    grouped: new Set(named('vrrp_sync_group').flatMap(membersOf)),
    remarks,
  };
  return {
    lines: globalLines(globals),
    blocks: [
      ...scripts.map(entry => scriptBlock(entry, remarks)),
      ...instances.map(entry => new InstanceReader(entry, around).read()),
      ...named('vrrp_sync_group').flatMap(entry => groupBlock(entry, around) ?? []),
    ],
  };
}

const byName = (entries: readonly Entry[]) => new Map(entries.map(entry => [entry.words[0] ?? '', entry]));

function globalLines(globals: ReadonlyMap<string, Entry>): Words[] {
  const word = (name: string) => globals.get(name)?.words[0];
  const [delay, priority, user] = [word('vrrp_startup_delay'), word('vrrp_rt_priority'), word('script_user')];
  return [
    ...(delay === undefined ? [] : [['startup_delay', `${Math.round(Number(delay) * 1000)}ms`]]),
    ...(priority === undefined ? [] : [['realtime_priority', priority]]),
    ...(user === undefined ? [] : [['script_user', user]]),
  ];
}

const SCRIPT_NEEDLESS = new Set(['weight', 'init_fail']);

function scriptBlock({ line, words: [name = ''], block = [] }: Entry, remarks: Remarks): ImportedBlock {
  const lines = block.flatMap((entry): Words[] => {
    const [value = ''] = entry.words;
    switch (entry.name) {
      case 'script':
        return [['script', ...commandOf(entry, remarks)]];
      case 'interval':
        return [['interval', `${value}s`]];
      case 'timeout':
        return [['script_timeout', `${value}s`]];
      case 'rise':
      case 'fall':
      case 'user':
        return [[entry.name, value]];
      default:
        if (!SCRIPT_NEEDLESS.has(entry.name)) remarks.dropped(entry.line, `${entry.name} of a vrrp_script`);
        return [];
    }
  });
  return { line, directive: 'vrrp_script', head: [name], lines };
}

/** A program with its arguments; what is no absolute path goes through a shell, which finds it. */
function commandOf({ line, words }: Entry, remarks: Remarks): Words {
  const command = words.flatMap(word => word.split(/\s+/)).filter(word => word !== '');
  if (command[0]?.startsWith('/')) return command;
  const text = command.join(' ');
  remarks.changed(line, `"${text}" is run by /bin/sh, for its program has no absolute path`);
  return ['/bin/sh', '-c', text];
}

/** `group { A B }`, a line for each, or, as in old files, lines with nothing around them. */
function membersOf({ block = [] }: Entry): string[] {
  const group = block.find(({ name }) => name === 'group')?.block;
  const bare = block.filter(entry => entry.name !== 'group' && !entry.block && !isGroupWord(entry.name));
  return [...(group ?? []), ...bare].flatMap(({ name, words }) => [name, ...words]);
}

const isGroupWord = (name: string) => GROUP_NEEDLESS.has(name) || /^(?:notify|smtp|track)/.test(name);

/** Undefined: one alone is no group. */
function groupBlock(entry: Entry, around: Surroundings): ImportedBlock | undefined {
  const {
    line,
    words: [name = ''],
    block = [],
  } = entry;
  const members = membersOf(entry);
  if (members.length < LEAST_MEMBERS) {
    around.remarks.dropped(line, `vrrp_sync_group ${name}: it has no two members`);
    return undefined;
  }
  const lines = block.flatMap((inner): Words[] => {
    if (inner.name === 'group' || members.includes(inner.name)) return [];
    if (inner.name.startsWith('track_')) return new InstanceReader(inner, around).tracksOf(inner);
    if (!GROUP_NEEDLESS.has(inner.name))
      around.remarks.dropped(inner.line, `${inner.name} of a vrrp_sync_group`);
    return [];
  });
  return { line, directive: 'sync_group', head: [name], lines: [['members', ...members], ...lines] };
}

const LEAST_MEMBERS = 2;
const GROUP_NEEDLESS = new Set([
  'global_tracking',
  'sync_group_tracking_weight',
  'smtp_alert',
  'no_smtp_alert',
]);
