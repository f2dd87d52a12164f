/** What the engine alone takes for a request, in this process and without a socket: for profiles, and for trees side by side. */
import { compileRules, formatWafDiagnostic, type RequestHead, type RuleLoader, type RuleSet } from '#waf';
import { fileLoader } from '../../test/waf/file-loader.ts';
import { freshened, versionsOf } from './fresh.ts';
import { type Ask, BROWSER } from './requests.ts';

const ENGINE = `
SecRuleEngine On
SecRequestBodyAccess On
SecRule REQUEST_HEADERS:Content-Type "@rx ^(?:application(?:/soap\\+|/)|text/)xml" "id:1,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "@rx ^application/json" "id:2,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
`;
/** CPU time of short batches; what is told is below nine tenths of them, so that what others do to the caches falls out. */
const BATCH_US = 2000;
const BATCHES = 300;
/** CPU time for V8's compilers before anything counts. */
const WARM_US = 3_000_000;

/** More than are remembered of values that came before. */
const VERSIONS = 8192;
const HEADS = Array.from({ length: VERSIONS }, (_, n) =>
  Object.entries(BROWSER).flatMap(([name, value]) => [name, freshened(value, n)]),
);

function headOf({ method, target, type, body }: Ask, id: number): RequestHead {
  const extra = body === undefined ? [] : ['Content-Type', type!, 'Content-Length', String(body.length)];
  return {
    id: String(id),
    method,
    target,
    protocol: 'HTTP/1.1',
    headers: [...HEADS[id % VERSIONS]!, ...extra],
    clientAddress: '192.0.2.7',
    clientPort: 40_000,
    serverAddress: '192.0.2.1',
    serverPort: 443,
  };
}

/** @returns the status that the rules want */
export function run(rules: RuleSet, ask: Ask, id: number): number {
  const transaction = rules.transaction(headOf(ask, id));
  let decision = transaction.inspectHead();
  if (!decision && ask.body !== undefined) transaction.requestBody(ask.body);
  decision ??= transaction.inspectRequest();
  transaction.finish();
  return decision?.status ?? 200;
}

function measure(rules: RuleSet, ask: Ask): { microseconds: number; status: number } {
  const versions = versionsOf(ask, VERSIONS);
  const next = () => run(rules, versions[count % VERSIONS]!, count++);
  let status = 0;
  let count = 0;
  const spentUs = (since: NodeJS.CpuUsage) => {
    const { user, system } = process.cpuUsage(since);
    return user + system;
  };
  const warm = process.cpuUsage();
  while (spentUs(warm) < WARM_US) for (let each = 0; each < 8; each++) status = next();
  const perBatch = Math.max(1, Math.round((BATCH_US * count) / WARM_US));
  const samples: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    const started = process.cpuUsage();
    for (let each = 0; each < perBatch; each++) status = next();
    samples.push(spentUs(started) / perBatch);
  }
  samples.sort((a, b) => a - b);
  return { microseconds: samples[BATCHES / 10]!, status };
}

/** @param files of rules, Debian's when there are none @throws {Error} with what is wrong with them */
export function rulesOf(files: readonly string[]): RuleSet {
  const chosen = files.length > 0 ? files : ['/usr/share/modsecurity-crs/owasp-crs.load'];
  const loader: RuleLoader = {
    read: path =>
      path === '/engine.conf'
        ? ENGINE + chosen.map(file => `Include ${file}\n`).join('')
        : fileLoader.read(path),
    glob: fileLoader.glob,
  };
  const { rules, diagnostics } = compileRules(['/engine.conf'], loader);
  if (!rules) throw new Error(diagnostics.map(formatWafDiagnostic).join('\n'));
  return rules;
}

/** @param files as of `rulesOf` */
export function measureEngine(asks: readonly Ask[], files: readonly string[]): void {
  const started = performance.now();
  const rules = rulesOf(files);
  console.log(`${rules.ruleCount} rules compiled in ${(performance.now() - started).toFixed(0)} ms`);
  for (const ask of asks) {
    const { microseconds, status } = measure(rules, ask);
    const size = ask.body === undefined ? '' : `, ${ask.body.length} bytes`;
    console.log(`${ask.name.padEnd(14)} ${microseconds.toFixed(1).padStart(8)} us   (${status}${size})`);
  }
  console.log(`${(process.memoryUsage.rss() / 1048576).toFixed(0)} MiB resident`);
}
