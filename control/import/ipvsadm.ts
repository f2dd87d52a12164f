/** Reads what `ipvsadm-save -n` writes: a line for each virtual server, and one for each of its real servers. */
import { realAddress, splitAddress, virtualAddress } from './address.ts';
import { realPort, schedulerLine } from './forward.ts';
import { Marks, unknownMark } from './marks.ts';
import { type Imported, type ImportedServer, Remarks, type Words } from './outcome.ts';

const MODES: Readonly<Record<string, string>> = { g: 'dr', m: 'nat', i: 'tun' };
/** Long options by their short form; those without one stand for themselves. */
const LONG: Readonly<Record<string, string>> = {
  'add-service': 'A',
  'add-server': 'a',
  'tcp-service': 't',
  'udp-service': 'u',
  'fwmark-service': 'f',
  scheduler: 's',
  persistent: 'p',
  netmask: 'M',
  'real-server': 'r',
  gatewaying: 'g',
  ipip: 'i',
  masquerading: 'm',
  weight: 'w',
  'u-threshold': 'x',
  'l-threshold': 'y',
  ops: 'o',
  'sched-flags': 'b',
};
const FLAGS = new Set(['A', 'a', 'g', 'i', 'm', 'o', '6', 'tun-nocsum', 'tun-csum', 'tun-remcsum']);

type Options = ReadonlyMap<string, string>;

interface Draft extends ImportedServer {
  readonly lines: Words[];
  readonly ports: readonly string[];
}

/** @param rules what iptables-save has written: it says what firewall marks stand for */
export function readIpvsadm(text: string, rules?: string): Imported {
  const remarks = new Remarks();
  const marks = new Marks(rules, remarks);
  const servers = new Map<string, Draft>();
  text.split('\n').forEach((content, at) => {
    const line = at + 1;
    const words = content.trim().split(/\s+/);
    if (content.trim() === '' || content.trim().startsWith('#')) return;
    const options = optionsOf(words);
    const key = ['t', 'u', 'f', '6'].map(name => `${name}${options.get(name) ?? '-'}`).join(' ');
    if (options.has('A')) {
      const server = serviceOf(options, line, marks, remarks);
      if (server) servers.set(key, server);
    } else if (options.has('a')) addReal(servers.get(key), options, line, remarks);
    else remarks.dropped(line, `"${content.trim()}" adds no service and no server`);
  });
  return { servers: [...servers.values()], remarks: remarks.list };
}

/** `-p` may stand alone: then it has ipvsadm's own default. */
function optionsOf(words: readonly string[]): Options {
  const options = new Map<string, string>();
  for (let at = 0; at < words.length; at++) {
    const [, dashes = '', written = '', joined] = /^(--?)([^=]+)(?:=(.*))?$/.exec(words[at]!) ?? [];
    if (dashes === '') continue;
    const name = LONG[written] ?? written;
    const next = words[at + 1];
    const takes = !FLAGS.has(name) && joined === undefined && next !== undefined && !next.startsWith('-');
    options.set(name, joined ?? (takes ? next : ''));
    if (takes) at++;
  }
  return options;
}

type Head = Pick<Draft, 'head' | 'ports'>;

function headOf(options: Options, line: number, marks: Marks, remarks: Remarks): Head | undefined {
  const written = options.get('t') ?? options.get('u');
  if (written === undefined) {
    const marked = marks.headOf(Number(options.get('f')), options.has('6') ? 6 : 4);
    if (!marked) remarks.dropped(line, `the service of ${unknownMark(options.get('f'))}`);
    return marked && { head: marked.words, ports: marked.ports };
  }
  const where = splitAddress(written);
  if (!where) {
    remarks.dropped(line, `"${written}" is not written in numbers: save the table with ipvsadm-save -n`);
    return undefined;
  }
  const { address, port } = where;
  return { head: [virtualAddress(address, port), options.has('t') ? 'tcp' : 'udp'], ports: [port] };
}

function serviceOf(options: Options, line: number, marks: Marks, remarks: Remarks): Draft | undefined {
  const head = headOf(options, line, marks, remarks);
  if (!head) return undefined;
  const flags = (options.get('b') ?? '').split(',').filter(flag => flag !== '');
  const lines: Words[] = [schedulerLine(options.get('s') ?? 'wlc', flags, line, remarks)];
  const timeout = options.get('p');
  const netmask = options.get('M');
  if (timeout !== undefined)
    lines.push(['persistence', `${timeout || '300'}s`, ...(netmask ? [`netmask=${netmask}`] : [])]);
  if (options.has('o')) lines.push(['one_packet', 'on']);
  if (options.has('pe')) remarks.dropped(line, `persistence engine ${options.get('pe')}`);
  if (options.has('o') && timeout !== undefined) {
    lines.pop();
    remarks.changed(line, 'one-packet scheduling is left out: it stands beside persistence');
  }
  return { line, lines, ...head };
}

function addReal(server: Draft | undefined, options: Options, line: number, remarks: Remarks): void {
  const written = options.get('r') ?? '';
  const where = splitAddress(written);
  if (!server || !where) {
    const why = server ? 'it is not written in numbers' : 'its service is not there';
    return remarks.dropped(line, `the real server "${written}": ${why}`);
  }
  const mode = MODES[['g', 'm', 'i'].find(name => options.has(name)) ?? 'g']!;
  const port = realPort(mode, where.port, server.ports, line, remarks);
  const [weight = '1', upper = '0', lower = '0'] = ['w', 'x', 'y'].map(name => options.get(name));
  server.lines.push([
    'real_server',
    realAddress(where.address, port),
    `weight=${weight}`,
    `mode=${mode}`,
    ...(upper === '0' ? [] : [`upper=${upper}`]),
    ...(upper === '0' || lower === '0' ? [] : [`lower=${lower}`]),
  ]);
  if (mode === 'tun') addTunnel(server, options, line, remarks);
}

function addTunnel(server: Draft, options: Options, line: number, remarks: Remarks): void {
  const kind = options.get('tun-type') ?? 'ipip';
  if (kind === 'gre') remarks.changed(line, 'the GRE tunnel became ipip: moat knows ipip and gue');
  const port = options.get('tun-port');
  const tunnel = kind === 'gue' ? ['tunnel', 'gue', ...(port ? [`port=${port}`] : [])] : ['tunnel', 'ipip'];
  const before = server.lines.find(([name]) => name === 'tunnel');
  if (!before) server.lines.unshift(tunnel);
  else if (before.join(' ') !== tunnel.join(' '))
    remarks.changed(line, `the tunnel became ${before.slice(1).join(' ')}: a virtual server has one kind`);
}
