/** Reads one vrrp_instance of a keepalived.conf. */
import type { Entry } from './keepalived-tree.ts';
import type { ImportedBlock, Remarks, Words } from './outcome.ts';

export interface Surroundings {
  /** Lines of global_defs by their names. */
  readonly globals: ReadonlyMap<string, Entry>;
  readonly scripts: ReadonlyMap<string, Entry>;
  readonly processes: ReadonlyMap<string, Entry>;
  readonly files: ReadonlyMap<string, Entry>;
  /** Instances of sync groups: keepalived ignores their weights. */
  readonly grouped: ReadonlySet<string>;
  readonly remarks: Remarks;
}

/** Keywords that say nothing that moat would do otherwise. */
const NEEDLESS = new Set([
  ...[
    'native_ipv6',
    'preempt',
    'accept',
    'smtp_alert',
    'no_smtp_alert',
    'check_unicast_src',
    'skip_check_adv_addr',
  ],
  ...[
    'promote_secondaries',
    'debug',
    'dont_track_primary',
    'lvs_sync_daemon_interface',
    'kernel_rx_buf_size',
  ],
]);
/** What moat has not, and why. */
const OMITTED: Readonly<Record<string, string>> = {
  use_vmac: 'moat has no virtual MAC address: announcements carry the one of the interface',
  vmac_xmit_base: 'moat has no virtual MAC address',
  use_ipvlan: 'moat puts addresses on the interface itself',
  virtual_routes: 'moat moves no routes',
  virtual_rules: 'moat moves no rules',
  track_bfd: 'moat speaks no BFD',
};
const NOTIFY = /^notify/;
const MOST_PASSWORD_BYTES = 8;

export class InstanceReader {
  readonly #entry: Entry;
  readonly #around: Surroundings;
  readonly #values: ReadonlyMap<string, Entry>;

  constructor(entry: Entry, around: Surroundings) {
    this.#entry = entry;
    this.#around = around;
    this.#values = new Map((entry.block ?? []).map(line => [line.name, line]));
  }

  read(): ImportedBlock {
    const {
      line,
      words: [name = ''],
      block = [],
    } = this.#entry;
    const isVersion2 = this.#version() === '2';
    const lines: Words[] = [
      ...this.#plain('interface', 'interface'),
      ...this.#plain('virtual_router_id', 'vrid'),
      ['version', this.#version()],
      ...this.#plain('priority', 'priority'),
      ['advert_interval', intervalOf(this.#word('advert_int') ?? '1', isVersion2)],
      ...this.#plain('mcast_src_ip', 'source_address'),
      ...this.#plain('unicast_src_ip', 'source_address'),
      ...this.#peers(),
      ...this.#addresses(),
      ...this.#preemption(),
      ...(this.#values.has('no_accept') ? [['accept', 'off']] : []),
      ...(this.#values.has('v3_checksum_as_v2') && !isVersion2 ? [['checksum', 'plain']] : []),
      ...this.#password(isVersion2),
      ...this.#announce(),
      ...block.filter(inner => TRACKS.has(inner.name)).flatMap(inner => this.tracksOf(inner)),
    ];
    this.#tellOfTheRest();
    return { line, directive: 'vrrp_instance', head: [name], lines };
  }

  #word(name: string): string | undefined {
    return this.#values.get(name)?.words[0];
  }

  #plain(theirs: string, ours: string): Words[] {
    const word = this.#word(theirs);
    return word === undefined ? [] : [[ours, word]];
  }

  #rows(name: string): readonly Entry[] {
    return this.#values.get(name)?.block ?? [];
  }

  get #isIpv6(): boolean {
    return this.#rows('virtual_ipaddress')[0]?.name.includes(':') ?? false;
  }

  /** keepalived speaks version 2 over IPv4 unless it is told otherwise. */
  #version(): string {
    if (this.#isIpv6) return '3';
    return this.#word('version') ?? this.#around.globals.get('vrrp_version')?.words[0] ?? '2';
  }

  #peers(): Words[] {
    return this.#rows('unicast_peer').map(({ name, words }) => {
      const at = words.indexOf('min_ttl');
      return ['unicast_peer', name, ...(at === -1 ? [] : [`min_ttl=${words[at + 1]}`])];
    });
  }

  #addresses(): Words[] {
    const family = this.#isIpv6;
    const excluded = this.#rows('virtual_ipaddress_excluded').filter(entry => {
      if (entry.name.includes(':') === family) return true;
      this.#around.remarks.dropped(
        entry.line,
        `${entry.name}: an instance has addresses of one family: write another one for it, and a sync_group`,
      );
      return false;
    });
    const seen = new Set<string>();
    const isFirst = ({ line, name, words }: Entry) => {
      const key = `${name.split('/')[0]} ${wordAfter('dev', words) ?? ''}`;
      if (seen.has(key)) this.#around.remarks.dropped(line, `${name}: it is there already`);
      return !seen.has(key) && seen.add(key);
    };
    return [
      ...this.#rows('virtual_ipaddress')
        .filter(isFirst)
        .map(entry => this.#address(entry)),
      ...excluded.filter(isFirst).map(entry => [...this.#address(entry), 'unadvertised']),
    ];
  }

  #address({ line, name, words }: Entry): Words {
    const [dev, label] = [wordAfter('dev', words), wordAfter('label', words)];
    for (const word of ['brd', 'broadcast', 'scope', 'peer'])
      if (words.includes(word)) this.#around.remarks.dropped(line, `${word} of the address ${name}`);
    const own = this.#word('interface');
    return [
      'virtual_address',
      name,
      ...(dev === undefined || dev === own ? [] : [`dev=${dev}`]),
      ...(label === undefined ? [] : [`label=${label}`]),
    ];
  }

  #preemption(): Words[] {
    const nopreempt = this.#values.get('nopreempt');
    if (nopreempt && this.#word('state') === 'MASTER') {
      this.#around.remarks.dropped(
        nopreempt.line,
        'nopreempt: keepalived does not heed it beside state MASTER',
      );
      return [];
    }
    if (nopreempt) return [['nopreempt']];
    const delay = this.#word('preempt_delay');
    return delay === undefined ? [] : [['preempt_delay', `${Math.round(Number(delay) * 1000)}ms`]];
  }

  #password(isVersion2: boolean): Words[] {
    const authentication = this.#values.get('authentication');
    const word = (name: string) => authentication?.block?.find(entry => entry.name === name)?.words[0];
    const [type, text] = [word('auth_type'), word('auth_pass')];
    if (!authentication || !isVersion2) return [];
    if (type === 'PASS' && text !== undefined) return [['password', text.slice(0, MOST_PASSWORD_BYTES)]];
    this.#around.remarks.dropped(authentication.line, `authentication of type ${type}: moat knows PASS`);
    return [];
  }

  #announce(): Words[] {
    const said = (name: string) => this.#word(name) ?? this.#around.globals.get(`vrrp_${name}`)?.words[0];
    const [delay, repeat, refresh] = ['delay', 'repeat', 'refresh'].map(end => said(`garp_master_${end}`));
    const words = [
      ...(repeat === undefined ? [] : [`repeat=${repeat}`]),
      ...(delay === undefined ? [] : [`delay=${delay}s`]),
      ...(refresh === undefined ? [] : [`refresh=${refresh}s`]),
    ];
    return words.length === 0 ? [] : [['announce', ...words]];
  }

  /** A block of track lines as moat's. */
  tracksOf({ name: kind, block = [] }: Entry): Words[] {
    return block.flatMap(row => {
      const track = this.#trackOf(kind, row);
      if (!track) {
        this.#around.remarks.dropped(
          row.line,
          `${kind} ${row.name}: it is defined nowhere, or moat has nothing like it`,
        );
        return [];
      }
      const [what, weight] = track;
      if (row.words.includes('reverse'))
        this.#around.remarks.dropped(row.line, `reverse of ${kind} ${row.name}`);
      const isMember =
        this.#entry.name === 'vrrp_instance' && this.#around.grouped.has(this.#entry.words[0] ?? '');
      if (weight !== undefined && isMember) {
        this.#around.remarks.dropped(
          row.line,
          `${kind} ${row.name}: keepalived ignores weights of members of a group`,
        );
        return [];
      }
      return [['track', ...what, ...(weight === undefined ? [] : [`weight=${weight}`])]];
    });
  }

  #trackOf(
    kind: string,
    { name, words }: Entry,
  ): readonly [what: Words, weight: string | undefined] | undefined {
    const own = wordAfter('weight', words);
    const { scripts, processes, files } = this.#around;
    const of = (defined: Entry | undefined, field: string) =>
      defined?.block?.find(entry => entry.name === field)?.words[0];
    const weightOf = (defined: Entry | undefined) => {
      const weight = own ?? of(defined, 'weight');
      return weight === '0' ? undefined : weight;
    };
    switch (kind) {
      case 'track_interface':
        return [['interface', name], weightOf(undefined)];
      case 'track_script':
        return scripts.has(name) ? [['script', name], weightOf(scripts.get(name))] : undefined;
      case 'track_process': {
        const process = of(processes.get(name), 'process');
        return process === undefined ? undefined : [['process', process], weightOf(processes.get(name))];
      }
      case 'track_file': {
        const file = of(files.get(name), 'file');
        return file === undefined ? undefined : [['file', file], weightOf(files.get(name))];
      }
      default:
        return undefined;
    }
  }

  #tellOfTheRest(): void {
    for (const [name, { line, words }] of this.#values) {
      if (KNOWN.has(name) || NEEDLESS.has(name)) continue;
      const why = NOTIFY.test(name)
        ? `${name} ${words.join(' ')}: moat runs no program then; error_log tells each transition`
        : `${name}: ${OMITTED[name] ?? 'moat has nothing like it'}`;
      this.#around.remarks.dropped(line, why);
    }
  }
}

function wordAfter(word: string, words: Words): string | undefined {
  const at = words.indexOf(word);
  return at === -1 ? undefined : words[at + 1];
}

/** Of version 3 in ms, for it may be a part of a second. */
const intervalOf = (seconds: string, isVersion2: boolean): string =>
  isVersion2 || /^\d+$/.test(seconds) ? `${seconds}s` : `${Math.round(Number(seconds) * 100) * 10}ms`;

const TRACKS = new Set(['track_interface', 'track_script', 'track_process', 'track_file']);
const KNOWN = new Set([
  ...['state', 'interface', 'virtual_router_id', 'version', 'priority', 'advert_int', 'mcast_src_ip'],
  ...['unicast_src_ip', 'unicast_peer', 'virtual_ipaddress', 'virtual_ipaddress_excluded', 'nopreempt'],
  ...['preempt_delay', 'no_accept', 'v3_checksum_as_v2', 'authentication', 'garp_master_delay'],
  ...['garp_master_repeat', 'garp_master_refresh', ...TRACKS],
]);
