/** Reads a haproxy.cfg: its HTTP frontends and backends as servers, locations and pools. First match wins, as there. */
import { BackendReader, type Pool } from './haproxy-backend.ts';
import { FrontendReader } from './haproxy-frontend.ts';
import { type Line, readSections, type Section } from './haproxy-tree.ts';
import { type Remark, Remarks, type Words } from './outcome.ts';
import { type Block, UNIT_PID, writeBlocks } from './write.ts';

export interface HaproxyImport {
  readonly text: string;
  readonly remarks: readonly Remark[];
  readonly frontends: number;
  readonly pools: readonly Pool[];
}

const ELSEWHERE: Readonly<Record<string, string>> = {
  peers: 'session_store shares learned sessions between moats',
  resolvers: 'a resolver line in http names the name servers',
  userlist: 'auth_basic_user_file reads the files of htpasswd',
  cache: 'moat has no cache',
  mailers: 'alerts of the api block tell of servers that die',
};

/** @param file where it comes from, for comments @throws {Error} for a line that stands in no section */
export function readHaproxy(text: string, file: string): HaproxyImport {
  const remarks = new Remarks();
  const sections = readSections(text);
  const frontends: Block[] = [];
  const pools: Pool[] = [];
  let global: readonly Line[] = [];
  for (const section of sections) {
    if (section.kind === 'defaults') continue;
    if (section.kind === 'global') global = section.lines;
    else if (section.kind === 'backend' && isHttp(section))
      pools.push(new BackendReader(section, remarks).read());
    else if (section.kind === 'frontend' || section.kind === 'listen') continue;
    else remarks.dropped(section.line, `${section.kind} ${section.name}: ${whyNot(section)}`);
  }
  for (const section of sections) {
    if (section.kind !== 'frontend' && section.kind !== 'listen') continue;
    if (!isHttp(section)) {
      remarks.dropped(section.line, `${section.kind} ${section.name}: ${TCP}`);
      continue;
    }
    if (section.kind === 'listen' && isForFigures(section)) {
      remarks.dropped(
        section.line,
        `listen ${section.name}: moat status, the console and the metrics page show figures`,
      );
      continue;
    }
    if (section.kind === 'listen' && section.lines.some(({ words: [first] }) => first === 'server'))
      pools.push(new BackendReader(section, remarks).read());
    frontends.push(...new FrontendReader(section, sections, pools, remarks).read());
  }
  return {
    text: written(file, global, frontends, pools),
    remarks: remarks.list,
    frontends: frontends.length,
    pools,
  };
}

const isForFigures = ({ lines }: Section): boolean =>
  lines.some(({ words: [first] }) => first === 'stats') &&
  !lines.some(({ words: [first] }) => ['server', 'use_backend', 'default_backend'].includes(first ?? ''));

const TCP = 'mode tcp: an l4 block forwards TCP, with virtual_server and real_server lines';

const whyNot = ({ kind }: Section): string =>
  kind === 'backend' ? TCP : (ELSEWHERE[kind] ?? 'moat has nothing like it');

/** HAProxy's own default is tcp. */
function isHttp({ defaults, lines }: Section): boolean {
  const mode = [...defaults, ...lines].findLast(({ words: [first] }) => first === 'mode');
  return mode?.words[1] === 'http';
}

function written(
  file: string,
  global: readonly Line[],
  frontends: readonly Block[],
  pools: readonly Pool[],
): string {
  const word = (name: string) => global.find(({ words: [first] }) => first === name)?.words[1];
  const matches = pools.flatMap(({ match }) => (match ? [matchOf(match)] : []));
  const upstreams = pools.filter(({ members }) => members > 0).map(poolBlock);
  const upgrade: Block = {
    head: ['map', '$http_upgrade', '$connection_upgrade'],
    lines: [
      ['default', 'upgrade'],
      ['', ''],
    ],
  };
  const http: Block = {
    head: ['http'],
    lines: [upgrade, ...matches, ...upstreams, ...checkedOnce(frontends)],
  };
  const events: Block = { head: ['events'], lines: [['worker_connections', word('maxconn') ?? '16384']] };
  const main = [
    ['worker_processes', word('nbthread') ?? 'auto'],
    ['pid', UNIT_PID],
  ];
  return `# Made from ${file} by moat import.\n\n${writeBlocks([...main, events, http])}`;
}

/** Members are asked once, however many locations pass to them. */
function checkedOnce(blocks: readonly Block[]): Block[] {
  const seen = new Set<string>();
  const within = (block: Block): Block => {
    const target = block.lines.find(line => !('head' in line) && line[0] === 'proxy_pass');
    const name = target && !('head' in target) ? (target[1] ?? '') : '';
    const isSecond = seen.has(name);
    if (name !== '') seen.add(name);
    const lines = block.lines.flatMap((line): (Words | Block)[] => {
      if ('head' in line) return [within(line)];
      return isSecond && line[0] === 'health_check' ? [] : [line];
    });
    return { ...block, lines };
  };
  return blocks.map(within);
}

const matchOf = ([name = '', ...statuses]: readonly string[]): Block => ({
  head: ['match', name],
  lines: [['status', ...statuses]],
});

const poolBlock = ({ name, lines, line }: Pool): Block => ({ head: ['upstream', name], lines, from: line });
