/**
 * What inspecting a request costs: moat with its WAF beside Debian's nginx with ModSecurity, on the same rules and requests.
 *
 *     npm run bench -- waf [--quick] [--only NAME,...] [--rounds N] [--seconds N] [--moat PATH] [--out DIR]
 *     npm run bench -- waf hostile [RULES ...]                      values made from every pattern, through the whole engine
 *     npm run bench -- waf memory [--moat PATH]                     what the rules take of a worker, and hostile traffic
 *     npm run bench -- waf engine [--only NAME,...] [RULES ...]     the engine alone; files of rules, Debian's by default
 */
import { optionsFrom } from './l7/options.ts';
import { measureEngine, rulesOf } from './waf/engine.ts';
import { measureHostile } from './waf/hostile.ts';
import { measureMemory } from './waf/memory.ts';
import { measureProxies } from './waf/proxies.ts';
import { ASKS, chosenAsks } from './waf/requests.ts';

const USAGE = `usage: npm run bench -- waf [engine | hostile | memory] [--only NAME,...]
  requests: ${ASKS.map(({ name }) => name).join(', ')}
  proxies: --quick, --rounds N, --seconds N, --moat PATH, --out DIR
  engine: files of rules`;

function refuse(message: string): never {
  console.error(`${message}\n${USAGE}`);
  process.exit(2);
}

const [mode, ...rest] = process.argv.slice(2);
const args = ['engine', 'hostile', 'memory'].includes(mode ?? '') ? rest : process.argv.slice(2);
const at = args.indexOf('--only');
const only = at < 0 ? undefined : args.splice(at, 2)[1];
const asks = chosenAsks(only);
if (typeof asks === 'string') refuse(`unknown request ${asks}`);
if (mode === 'engine') measureEngine(asks, args);
else if (mode === 'hostile') measureHostile(rulesOf(args));
else {
  const options = optionsFrom(args);
  if (typeof options === 'string') refuse(options);
  // A rule set is a lot of code to compile.
  const warm = options.quick ? { warmSeconds: 1 } : { warmSeconds: 4, warmRequests: 15_000 };
  if (mode === 'memory') await measureMemory(options);
  else await measureProxies(asks, { ...options, ...warm });
}
