/** Reads a keepalived.conf: its virtual servers here, its virtual routers in keepalived-vrrp.ts. */
import { isAddress, realAddress, spelledRange, virtualAddress } from './address.ts';
import { realPort, schedulerLine } from './forward.ts';
import { type Check, checksOf, isCheck } from './keepalived-check.ts';
import { type Entry, readEntries } from './keepalived-tree.ts';
import { readVrrp, VRRP_BLOCKS } from './keepalived-vrrp.ts';
import { type MarkedHead, Marks, unknownMark } from './marks.ts';
import { type Imported, type ImportedServer, Remarks, type Words } from './outcome.ts';

/** Other blocks, and where moat has what they do. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  global_defs: 'moat has other ways to tell of what happens: error_log, and notify in a virtual_server',
  static_ipaddress: 'addresses of the host belong into its own network configuration',
  static_routes: 'routes of the host belong into its own network configuration',
};

/** keepalived's defaults, where they are not moat's. */
const PERSISTENCE_S = '360';
const CHECK_INTERVAL_S = '60';

/**
 * @param rules what iptables-save has written: it says what firewall marks stand for
 * @throws {Error} when the braces do not match
 */
export function readKeepalived(text: string, rules?: string): Imported {
  const remarks = new Remarks();
  const marks = new Marks(rules, remarks);
  const entries = readEntries(text);
  const groups = new Map(
    entries.filter(({ name }) => name === 'virtual_server_group').map(entry => [entry.words[0] ?? '', entry]),
  );
  const servers: ImportedServer[] = [];
  for (const entry of entries) {
    if (entry.name === 'virtual_server_group' || VRRP_BLOCKS.has(entry.name)) continue;
    if (entry.name === 'virtual_server') {
      const server = new ServerReader(entry, groups, marks, remarks).read();
      if (server) servers.push(server);
    } else if (entry.name === 'include')
      remarks.dropped(entry.line, `include ${entry.words.join(' ')}: import that file too`);
    else if (/^[@$~]/.test(entry.name))
      remarks.dropped(entry.line, `${entry.name}: conditions and definitions are not read`);
    else remarks.dropped(entry.line, `${entry.name}: ${ELSEWHERE[entry.name] ?? 'it is no virtual server'}`);
  }
  const cluster = readVrrp(entries, remarks);
  return { servers, cluster, remarks: remarks.list };
}

/** Keywords that say nothing that moat would do otherwise. */
const NEEDLESS = new Set(['ip_family', 'smtp_alert', 'no_smtp_alert', 'sh-fallback', 'mh-fallback']);
const FLAGS = new Set(['sh-port', 'mh-port', 'flag-1', 'flag-2', 'flag-3']);

class ServerReader {
  readonly #entry: Entry;
  readonly #groups: ReadonlyMap<string, Entry>;
  readonly #marks: Marks;
  readonly #remarks: Remarks;
  readonly #values = new Map<string, Entry>();
  readonly #reals: Entry[] = [];

  constructor(entry: Entry, groups: ReadonlyMap<string, Entry>, marks: Marks, remarks: Remarks) {
    this.#entry = entry;
    this.#groups = groups;
    this.#marks = marks;
    this.#remarks = remarks;
    for (const line of entry.block ?? []) {
      if (line.name === 'real_server') this.#reals.push(line);
      else this.#values.set(ALIASES[line.name] ?? line.name, line);
    }
  }

  #word(name: string): string | undefined {
    return this.#values.get(name)?.words[0];
  }

  read(): ImportedServer | undefined {
    const { line } = this.#entry;
    const addresses = this.#addresses();
    const marked = this.#marked();
    if (addresses.length === 0 && marked.length === 0) {
      this.#remarks.dropped(
        line,
        `virtual_server ${this.#entry.words.join(' ')}: it has no address that can be taken over`,
      );
      return undefined;
    }
    const isUdp = addresses.length === 0 && marked.every(({ isUdpOnly }) => isUdpOnly);
    const protocol = isUdp ? 'udp' : (this.#word('protocol') ?? 'TCP').toLowerCase();
    if (protocol !== 'tcp' && protocol !== 'udp') {
      this.#remarks.dropped(line, `virtual_server of protocol ${protocol}: moat forwards tcp and udp`);
      return undefined;
    }
    const lines = [
      ...this.#policies(protocol),
      ...this.#sorry(),
      ...this.#realLines(),
      ...this.#checkLines(),
    ];
    this.#tellOfTheRest();
    const named = addresses.length === 0 ? [] : [...addresses.map(({ text }) => text), protocol];
    return { line, head: [...named, ...marked.flatMap(({ words }) => words)], lines };
  }

  #addresses(): { readonly text: string; readonly port: string }[] {
    const [first = '', second = ''] = this.#entry.words;
    if (first === 'fwmark') return [];
    if (first !== 'group')
      return isAddress(first) ? [{ text: virtualAddress(first, second || '0'), port: second || '0' }] : [];
    return (this.#groups.get(second)?.block ?? []).flatMap(({ name, words: [port = '0'] }) =>
      name === 'fwmark' ? [] : [{ text: virtualAddress(spelledRange(name), port), port }],
    );
  }

  /** What the firewall marks of the virtual server, or of its group, stand for. */
  #marked(): MarkedHead[] {
    const [first = '', second = ''] = this.#entry.words;
    const lines = first === 'group' ? (this.#groups.get(second)?.block ?? []) : [];
    const marks =
      first === 'fwmark'
        ? [{ line: this.#entry.line, mark: second }]
        : lines
            .filter(({ name }) => name === 'fwmark')
            .map(({ line, words: [mark = ''] }) => ({ line, mark }));
    const family = this.#reals[0]?.words[0]?.includes(':') ? 6 : 4;
    return marks.flatMap(({ line, mark }) => {
      const head = this.#marks.headOf(Number(mark), family);
      if (!head) this.#remarks.dropped(line, unknownMark(mark));
      return head ?? [];
    });
  }

  #policies(protocol: string): Words[] {
    const { line } = this.#entry;
    const flags = [...FLAGS].filter(flag => this.#values.has(flag));
    const lines: Words[] = [
      ['mode', this.#mode(this.#values.get('lvs_method'))],
      schedulerLine(this.#word('lvs_sched') ?? 'wlc', flags, line, this.#remarks),
    ];
    const persistence = this.#values.get('persistence_timeout');
    const netmask = this.#word('persistence_granularity');
    const persists = persistence && Number(persistence.words[0] ?? PERSISTENCE_S) > 0;
    if (persists)
      lines.push([
        'persistence',
        `${persistence.words[0] ?? PERSISTENCE_S}s`,
        ...(netmask ? [`netmask=${netmask}`] : []),
      ]);
    if (this.#values.has('ops') && protocol === 'udp' && !persists) lines.push(['one_packet', 'on']);
    if (this.#isInhibiting()) lines.push(['inhibit', 'on']);
    return [...lines, ...this.#quorum(), ...this.#notify()];
  }

  #mode(entry: Entry | undefined): string {
    const [written = 'NAT', ...rest] = entry?.words ?? [];
    if (rest.length > 0)
      this.#remarks.dropped(entry!.line, `${rest.join(' ')} of lvs_method: write a tunnel line`);
    return written.toLowerCase();
  }

  /** keepalived has it for single real servers too. */
  #isInhibiting(): boolean {
    if (this.#values.has('inhibit_on_failure')) return true;
    const some = this.#reals.filter(real => real.block?.some(({ name }) => name === 'inhibit_on_failure'));
    if (some.length > 0 && some.length < this.#reals.length)
      this.#remarks.changed(
        some[0]!.line,
        'inhibit_on_failure holds for all real servers of the virtual server now',
      );
    return some.length > 0;
  }

  #quorum(): Words[] {
    const [quorum, hysteresis] = [this.#word('quorum'), this.#word('hysteresis')];
    if (quorum === undefined) return [];
    const isBand = hysteresis !== undefined && Number(hysteresis) > 0 && Number(hysteresis) < Number(quorum);
    return [['quorum', quorum, ...(isBand ? [`hysteresis=${hysteresis}`] : [])]];
  }

  #notify(): Words[] {
    const up = this.#reals.flatMap(real => (real.block ?? []).filter(({ name }) => name === 'notify_up'));
    const down = this.#reals.flatMap(real => (real.block ?? []).filter(({ name }) => name === 'notify_down'));
    const events: (readonly [string, readonly Entry[]])[] = [
      ['quorum_up', [this.#values.get('quorum_up')].filter(entry => entry !== undefined)],
      ['quorum_down', [this.#values.get('quorum_down')].filter(entry => entry !== undefined)],
      ['real_up', up],
      ['real_down', down],
    ];
    return events.flatMap(([event, entries]) => this.#hooks(event, entries));
  }

  /** One line for each program, however many real servers name it. */
  #hooks(event: string, entries: readonly Entry[]): Words[] {
    const commands = new Map(entries.map(entry => [commandOf(entry).join(' '), entry]));
    if (event.startsWith('real') && commands.size > 1)
      this.#remarks.changed(
        entries[0]!.line,
        `notify ${event} runs each program for every real server: $MOAT_REAL_SERVER says which`,
      );
    return [...commands.values()].flatMap(entry => {
      const command = commandOf(entry);
      if (command[0]?.startsWith('/')) return [['notify', event, ...command]];
      this.#remarks.dropped(
        entry.line,
        `${entry.name} ${command.join(' ')}: a program is named by its absolute path`,
      );
      return [];
    });
  }

  #sorry(): Words[] {
    const entry = this.#values.get('sorry_server');
    if (!entry) return [];
    const [address = '', port = '0'] = entry.words;
    return [['sorry_server', realAddress(address, this.#port(this.#defaultMode(), port, entry.line))]];
  }

  #defaultMode(): string {
    return (this.#word('lvs_method') ?? 'NAT').toLowerCase();
  }

  #port(mode: string, port: string, line: number): string {
    return realPort(
      mode,
      port,
      [...this.#addresses().map(one => one.port), ...this.#marked().flatMap(({ ports }) => ports)],
      line,
      this.#remarks,
    );
  }

  #realLines(): Words[] {
    return this.#reals.map(real => {
      const word = (name: string) =>
        real.block?.find(entry => (ALIASES[entry.name] ?? entry.name) === name)?.words[0];
      const mode = word('lvs_method')?.toLowerCase();
      const [upper, lower] = [word('uthreshold'), word('lthreshold')];
      return [
        'real_server',
        this.#nameOf(real),
        ...(word('weight') === undefined ? [] : [`weight=${word('weight')}`]),
        ...(mode === undefined || mode === this.#defaultMode() ? [] : [`mode=${mode}`]),
        ...(upper === undefined ? [] : [`upper=${upper}`]),
        ...(upper === undefined || lower === undefined ? [] : [`lower=${lower}`]),
      ];
    });
  }

  #nameOf(real: Entry): string {
    const own = real.block?.find(entry => (ALIASES[entry.name] ?? entry.name) === 'lvs_method')?.words[0];
    const [address = '', port = '0'] = real.words;
    return realAddress(address, this.#port(own?.toLowerCase() ?? this.#defaultMode(), port, real.line));
  }

  /** Checks that several real servers have are one line, which names them unless all have it. */
  #checkLines(): Words[] {
    const owners = new Map<string, { readonly check: Check; readonly names: string[] }>();
    for (const real of this.#reals) {
      this.#tellOfReal(real);
      for (const check of checksOf(real, this.#values, CHECK_INTERVAL_S, this.#remarks)) {
        const known = owners.get(check.words.join('\0'));
        if (known) known.names.push(this.#nameOf(real));
        else owners.set(check.words.join('\0'), { check, names: [this.#nameOf(real)] });
      }
    }
    const isStartingDown = this.#values.has('alpha');
    return [...owners.values()].map(({ check, names }) => [
      'health_check',
      ...check.words,
      ...(names.length === this.#reals.length ? [] : [`only=${names.join(',')}`]),
      ...(isStartingDown ? ['mandatory'] : []),
    ]);
  }

  #tellOfReal(real: Entry): void {
    for (const { name, line } of real.block ?? []) {
      if (REAL_KNOWN.has(ALIASES[name] ?? name) || isCheck(name) || NEEDLESS.has(name)) continue;
      this.#remarks.dropped(line, `${name} of a real server`);
    }
  }

  #tellOfTheRest(): void {
    for (const [name, { line }] of this.#values) {
      if (SERVER_KNOWN.has(name) || FLAGS.has(name) || NEEDLESS.has(name)) continue;
      this.#remarks.dropped(line, OMITTED[name] ?? `${name} of the virtual server`);
    }
  }
}

/** A program with its arguments: words, or one quoted text of them. */
const commandOf = ({ words }: Entry): string[] =>
  words.flatMap(word => word.split(/\s+/)).filter(word => word !== '');

/** Older and newer names of the same. */
const ALIASES: Readonly<Record<string, string>> = { lb_algo: 'lvs_sched', lb_kind: 'lvs_method' };

const TIMES = ['delay_loop', 'connect_timeout', 'retry', 'delay_before_retry', 'warmup', 'virtualhost'];
const SERVER_KNOWN = new Set([
  ...[
    'protocol',
    'lvs_sched',
    'lvs_method',
    'persistence_timeout',
    'persistence_granularity',
    'ops',
    'alpha',
  ],
  ...['inhibit_on_failure', 'quorum', 'hysteresis', 'quorum_up', 'quorum_down', 'sorry_server', ...TIMES],
]);
const REAL_KNOWN = new Set([
  ...['weight', 'lvs_method', 'uthreshold', 'lthreshold', 'inhibit_on_failure', 'notify_up', 'notify_down'],
  ...['alpha', ...TIMES],
]);
const OMITTED: Readonly<Record<string, string>> = {
  omega: 'omega: moat leaves the kernel forwarding when it ends, so nothing goes down then',
  ha_suspend:
    'ha_suspend: checks run on both directors, so that the one that takes over knows its real servers',
  sorry_server_inhibit:
    'sorry_server_inhibit: connections of real servers that live go on when the quorum is lost',
};
