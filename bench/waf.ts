/**
 * What inspecting a request costs, in this process and without a socket: CPU time of the engine alone.
 *
 *     npm run bench -- waf [RULES ...]      files of rules, Debian's by default
 */
import { compileRules, formatWafDiagnostic, type RequestHead, type RuleLoader, type RuleSet } from '#waf';
import { fileLoader } from '../test/waf/file-loader.ts';

const ENGINE = `
SecRuleEngine On
SecRequestBodyAccess On
SecRule REQUEST_HEADERS:Content-Type "@rx ^(?:application(?:/soap\\+|/)|text/)xml" "id:1,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "@rx ^application/json" "id:2,phase:1,t:none,t:lowercase,pass,nolog,ctl:requestBodyProcessor=JSON"
`;
const RULES = process.argv.slice(2);
const FILES = RULES.length > 0 ? RULES : ['/usr/share/modsecurity-crs/owasp-crs.load'];
/** CPU time of short batches; what is told is below nine tenths of them, so that what others do to the caches falls out. */
const BATCH_US = 2000;
const BATCHES = 300;
/** CPU time for V8's compilers before anything counts. */
const WARM_US = 3_000_000;

const BROWSER = [
  'Host',
  'www.example.com',
  'User-Agent',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  'Accept',
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'Accept-Language',
  'en-US,en;q=0.9,de;q=0.8',
  'Accept-Encoding',
  'gzip, deflate, br',
  'Referer',
  'https://www.example.com/catalog/shoes?page=2',
  'Cookie',
  'session=9f86d081884c7d659a2feaa0c55ad015; theme=dark; consent=analytics-no',
  'Sec-Fetch-Site',
  'same-origin',
  'Sec-Fetch-Mode',
  'navigate',
  'Connection',
  'keep-alive',
];

interface Case {
  readonly name: string;
  readonly method: string;
  readonly target: string;
  readonly type?: string;
  readonly body?: string;
}

const FORM = Array.from(
  { length: 10 },
  (_, n) =>
    `field${n}=${encodeURIComponent(`Some plain words number ${n}, as people write them in forms of ${['shops', 'banks'][n % 2]}`)}`,
).join('&');
const item = (n: number) => ({
  id: 1000 + n,
  name: `Article number ${n}`,
  price: n * 3.5,
  tags: ['new', `kind-${n % 7}`],
  stock: n % 3 === 0,
});
const json = (items: number) =>
  JSON.stringify({
    customer: 'Jane Example',
    note: 'Please ring the bell',
    items: Array.from({ length: items }, (_, n) => item(n)),
  });

const CASES: readonly Case[] = [
  {
    name: 'GET',
    method: 'GET',
    target: '/catalog/search?q=running+shoes&page=2&sort=price&color=dark+blue&size=42',
  },
  {
    name: 'form 1 KB',
    method: 'POST',
    target: '/checkout',
    type: 'application/x-www-form-urlencoded',
    body: FORM,
  },
  { name: 'JSON 1 KB', method: 'POST', target: '/api/orders', type: 'application/json', body: json(9) },
  { name: 'JSON 10 KB', method: 'POST', target: '/api/orders', type: 'application/json', body: json(110) },
  { name: 'SQL injection', method: 'GET', target: '/catalog/search?q=%27%20OR%201%3D1%20--%20' },
  { name: 'script', method: 'GET', target: '/catalog/search?q=%3Cscript%3Ealert(1)%3C/script%3E' },
];

function headOf({ method, target, type, body }: Case, id: number): RequestHead {
  const extra = body === undefined ? [] : ['Content-Type', type!, 'Content-Length', String(body.length)];
  return {
    id: String(id),
    method,
    target,
    protocol: 'HTTP/1.1',
    headers: [...BROWSER, ...extra],
    clientAddress: '192.0.2.7',
    clientPort: 40_000,
    serverAddress: '192.0.2.1',
    serverPort: 443,
  };
}

function run(rules: RuleSet, one: Case, id: number): number {
  const transaction = rules.transaction(headOf(one, id));
  let decision = transaction.inspectHead();
  if (!decision && one.body !== undefined) transaction.requestBody(one.body);
  decision ??= transaction.inspectRequest();
  if (!decision) {
    transaction.inspectResponseHead({
      status: 200,
      protocol: 'HTTP/1.1',
      headers: ['Content-Type', 'text/html'],
    });
    transaction.inspectResponse();
  }
  transaction.finish();
  return decision?.status ?? 200;
}

function measure(rules: RuleSet, one: Case): { microseconds: number; status: number } {
  let status = 0;
  let count = 0;
  const spentUs = (since: NodeJS.CpuUsage) => {
    const { user, system } = process.cpuUsage(since);
    return user + system;
  };
  const warm = process.cpuUsage();
  while (spentUs(warm) < WARM_US) status = run(rules, one, count++);
  const samples: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    const started = process.cpuUsage();
    let runs = 0;
    let spent = 0;
    for (; spent < BATCH_US; spent = spentUs(started), runs++) status = run(rules, one, count++);
    samples.push(spent / runs);
  }
  samples.sort((a, b) => a - b);
  return { microseconds: samples[BATCHES / 10]!, status };
}

const loader: RuleLoader = {
  read: path =>
    path === '/engine.conf'
      ? ENGINE + FILES.map(file => `Include ${file}\n`).join('')
      : fileLoader.read(path),
  glob: fileLoader.glob,
};
const started = performance.now();
const { rules, diagnostics } = compileRules(['/engine.conf'], loader);
if (!rules) throw new Error(diagnostics.map(formatWafDiagnostic).join('\n'));
console.log(`${rules.ruleCount} rules compiled in ${(performance.now() - started).toFixed(0)} ms`);
for (const one of CASES) {
  const { microseconds, status } = measure(rules, one);
  const size = one.body === undefined ? '' : `, ${one.body.length} bytes`;
  console.log(`${one.name.padEnd(14)} ${microseconds.toFixed(1).padStart(8)} us   (${status}${size})`);
}
console.log(`${(process.memoryUsage.rss() / 1048576).toFixed(0)} MiB resident`);
