/** How many members a pool should have: `autoscale` measures, foretells, and tells whoever can start and end servers. */
import { type AutoscaleModel, LOADS } from '#model/autoscale.ts';
import { ArgumentFault, type ArgumentValues, arg } from '../argument.ts';
import { defineDirective } from '../registry.ts';
import type { Scope } from '../scope.ts';
import { readSecretText, refuseGuessable } from '../secret-text.ts';

/** Each has curves of its own in the history of metrics. */
const MOST_POOLS = 16;
const MOST_MEMBERS = 10_000;
const MOST_TARGET = 1_000_000;
const LEAST_COOLDOWN_MS = 1000;
/** What was needed in that time is remembered. */
const MOST_COOLDOWN_MS = 86_400_000;
const MOST_AHEAD_MS = 43_200_000;

const ARGUMENTS = {
  requests_in_flight: arg.integer({ min: 1, max: MOST_TARGET }).param(),
  requests_per_second: arg.integer({ min: 1, max: MOST_TARGET }).param(),
  cpu: arg.integer({ min: 1, max: 100 }).param(),
  exporter: arg.text('PORT or PORT/PATH').param(),
  min: arg.integer({ min: 0, max: MOST_MEMBERS }).param(),
  max: arg.integer({ min: 1, max: MOST_MEMBERS }).param(),
  out_cooldown: arg.durationMs().param(),
  in_cooldown: arg.durationMs().param(),
  tolerance: arg.integer({ min: 0, max: 100 }).param(),
  predict: arg.durationMs().param(),
  webhook: arg.token('a URL or file:PATH').param().secret(),
  secret: arg.token('TEXT or file:PATH').param().secret(),
  script: arg.text('a path').param(),
};
type Values = ArgumentValues<typeof ARGUMENTS>;

export const autoscale = defineDirective({
  name: 'autoscale',
  context: ['upstream'],
  args: ARGUMENTS,
  doc: {
    summary:
      'Measures the pool once a second and says how many members it should have: more at once, fewer slowly. Members come and go by discover or resolve; who starts and ends them is told by webhook or script, and without both it only tells the log what it would do. It needs an api block, whose process keeps the history and does it.',
    args: {
      requests_in_flight:
        'So many requests at a time one member is to bear; this, requests_per_second or cpu.',
      requests_per_second: 'So many requests each second one member is to bear.',
      cpu: 'So many percent of its processors a member is to use. node_exporter of Prometheus on each member tells it; where fewer than half of them do nothing is ordered.',
      exporter: 'With cpu: where it is asked, over HTTP; 9100/metrics if absent.',
      min: 'At least so many members; 1 if absent.',
      max: 'At most so many members; needed.',
      out_cooldown:
        'Least time between two orders for more, and how long those who were ordered may take to come; 1m if absent.',
      in_cooldown:
        'For so long none of them must have been needed before a tenth of the members goes, one at least; 5m if absent.',
      tolerance: 'By so many percent a member may bear more before there are more; 10 if absent.',
      predict:
        'Capacity is there so long before it is needed, by what was at this time on the last days: as long as a member takes to come. It begins with two days of history. Absent: nothing is foretold.',
      webhook:
        'Takes a POST with pool, from, to, reason and load as JSON; `to` is how many there shall be. What is not answered by 2xx is told again.',
      secret: 'Signs what is sent: X-Moat-Signature has its HMAC-SHA256.',
      script:
        'An absolute path: run with the pool, from and to as arguments, as the user that requests are served as, without a shell; 0 says that it is done.',
    },
    example: 'autoscale requests_per_second=200 min=2 max=20 predict=10m script=/usr/local/bin/scale-web;',
    since: '0.1',
  },
  compile(args, scope, { name }) {
    if (scope.http.autoscales.length === MOST_POOLS)
      throw new ArgumentFault(`more than ${MOST_POOLS} pools with autoscale`);
    scope.http.autoscales.push({ model: modelOf(args, scope), site: name });
  },
});

/** @throws {ArgumentFault} when the parameters do not go together */
function modelOf(args: Values, scope: Scope): AutoscaleModel {
  const { requests_in_flight: inFlight, requests_per_second: perSecond, min = 1, max } = args;
  const loads = [inFlight, perSecond, args.cpu];
  const [target, more] = loads.filter(load => load !== undefined);
  if (target === undefined || more !== undefined)
    throw new ArgumentFault(
      'say requests_in_flight, requests_per_second or cpu',
      'one of them, for one member',
    );
  if (max === undefined)
    throw new ArgumentFault('max= is missing', 'what would be too many, whatever comes?');
  if (max < min) throw new ArgumentFault(`max=${max} is less than min=${min}`);
  const { predict = 0 } = args;
  if (predict > MOST_AHEAD_MS)
    throw new ArgumentFault('predict= is more than 12h', 'take what a member needs to come');
  return {
    pool: scope.pool.name,
    load: LOADS[loads.indexOf(target)]!,
    target,
    exporter: exporterOf(args),
    min,
    max,
    outCooldownMs: cooldown(args.out_cooldown ?? 60_000, 'out_cooldown'),
    inCooldownMs: cooldown(args.in_cooldown ?? 300_000, 'in_cooldown'),
    tolerance: (args.tolerance ?? 10) / 100,
    predictMs: predict,
    action: actionOf(args, scope),
  };
}

/** @throws {ArgumentFault} */
function exporterOf({ cpu, exporter }: Values): AutoscaleModel['exporter'] {
  if (cpu === undefined) {
    if (exporter !== undefined) throw new ArgumentFault('exporter= goes with cpu=');
    return undefined;
  }
  const [, port = '', path = '/metrics'] =
    /^(\d{1,5})(\/[\x21-\x7e]{0,255})?$/.exec(exporter ?? '9100') ?? [];
  if (Number(port) < 1 || Number(port) > 65_535)
    throw new ArgumentFault(
      `"${exporter}" is no port of an exporter`,
      'as in exporter=9100 or exporter=9100/metrics',
    );
  return { port: Number(port), path };
}

function cooldown(ms: number, name: string): number {
  if (ms >= LEAST_COOLDOWN_MS && ms <= MOST_COOLDOWN_MS) return ms;
  throw new ArgumentFault(`${name}= is out of range`, 'take 1s to 24h');
}

function actionOf({ webhook, secret, script }: Values, scope: Scope): AutoscaleModel['action'] {
  if (webhook !== undefined && script !== undefined)
    throw new ArgumentFault('webhook and script: take one of them');
  if (secret !== undefined && webhook === undefined)
    throw new ArgumentFault('secret= signs what a webhook is sent');
  if (script !== undefined) {
    if (!script.startsWith('/'))
      throw new ArgumentFault(`"${script}" is not an absolute path`, 'PATH is not searched');
    return { kind: 'script', path: script };
  }
  if (webhook === undefined) return undefined;
  const url = readSecretText(webhook, scope);
  if (!/^https?:/.test(url) || !URL.canParse(url) || new URL(url).username !== '')
    throw new ArgumentFault(
      'webhook= is no URL',
      'write http://HOST or https://HOST, without a user',
      webhook,
    );
  const key = secret && readSecretText(secret, scope);
  if (secret && key !== undefined) refuseGuessable(key, 'secret', secret);
  return { kind: 'webhook', url, secret: key };
}
