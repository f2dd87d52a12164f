/** A request in which rules matched → what the event store keeps of it. */
import type { WafEvent, WafEventRequest, WafEventRule, WafEventSource } from '#model/waf-event.ts';
import type { MatchedRule } from '#waf';
import type { Exchange } from '../exchange.ts';
import { engine } from './engine.ts';
import type { Inspection } from './inspection.ts';

/** Of one request. */
const MOST_RULES = 32;
const BODY_BYTES = 8192;
const MASK = '***';

/** Header fields whose value lets its holder in. */
const SECRET_FIELDS = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'x-api-key',
  'x-auth-token',
]);
/** Names of form fields and keys of JSON whose value is masked, with what may stand between the two. */
const SECRET_VALUES =
  /((?:^|[&"'\s])[\w.[\]-]*(?:passw(?:or)?d|passwd|pwd|secret|token|api_?key|credential)[\w.[\]-]*["']?\s*[=:]\s*)("[^"]*"?|'[^']*'?|[^&\s,;}]*)/gi;

const maskBody = (text: string): string => text.replace(SECRET_VALUES, `$1${MASK}`);

/** A cookie in which a rule matched is what the event is about, so it stays; the others are masked. */
function maskCookies(value: string, shown: ReadonlySet<string>): string {
  return value
    .split(';')
    .map(pair => {
      const name = pair.split('=', 1)[0]!;
      return shown.has(name.trim().toLowerCase()) ? pair : `${name}=${MASK}`;
    })
    .join(';');
}

function matchedCookies(rules: readonly MatchedRule[]): Set<string> {
  const names = rules.flatMap(({ matches }) => matches.map(({ variable }) => variable));
  return new Set(
    names
      .filter(variable => variable.startsWith('REQUEST_COOKIES:'))
      .map(variable => variable.slice('REQUEST_COOKIES:'.length).toLowerCase()),
  );
}

function requestOf(
  { head, downstream, body }: Exchange,
  inspection: Inspection | undefined,
): WafEventRequest {
  const cookies = matchedCookies(inspection?.matchedRules ?? []);
  const headers: string[] = [];
  for (let at = 0; at < head.headers.size; at++) {
    const key = head.headers.keys[at]!;
    const value = head.headers.valueAt(at);
    const shown = key === 'cookie' ? maskCookies(value, cookies) : SECRET_FIELDS.has(key) ? MASK : value;
    headers.push(head.headers.nameAt(at), shown);
  }
  return {
    method: head.method,
    target: head.target,
    protocol: downstream.protocol,
    headers,
    body: maskBody(inspection?.transaction.body.text.slice(0, BODY_BYTES) ?? ''),
    bodyBytes: body?.receivedBytes ?? 0,
  };
}

const ruleOf = ({ rule, message, data, tags, matches }: MatchedRule): WafEventRule => ({
  id: rule.id,
  message,
  data,
  severity: rule.severity === undefined ? '' : (engine().SEVERITIES[rule.severity] ?? ''),
  tags,
  file: rule.file,
  line: rule.line,
  matches,
});

/** What parts of moat other than rules found. */
export interface Finding {
  readonly source: Exclude<WafEventSource, 'rules'>;
  readonly action: 'detect' | 'block';
  readonly reason: string;
}

export function eventOf(exchange: Exchange, inspection: Inspection): WafEvent {
  const { decision, transaction, action, score, matchedRules } = inspection;
  const { finding } = exchange;
  return {
    ...frameOf(exchange, inspection),
    action: finding?.action === 'block' ? 'block' : action === 'pass' ? (finding?.action ?? 'pass') : action,
    source: finding && (finding.action === 'block' || action === 'pass') ? finding.source : 'rules',
    reason: finding?.reason ?? (decision?.ruleId === 0 ? decision.message : ''),
    status: decision?.status ?? statusOf(exchange),
    score: Number(score) || 0,
    phase: (decision ?? transaction.intended)?.phase ?? 0,
    rules: matchedRules.slice(0, MOST_RULES).map(ruleOf),
  };
}

/** Of a request that came to no inspection by rules. */
export const eventOfFinding = (exchange: Exchange, { action, source, reason }: Finding): WafEvent => ({
  ...frameOf(exchange, undefined),
  action,
  source,
  reason,
  status: statusOf(exchange),
  score: 0,
  phase: 0,
  rules: [],
});

const statusOf = ({ response, errorStatus, statusDue }: Exchange): number =>
  response?.status ?? (errorStatus || statusDue);

function frameOf(exchange: Exchange, inspection: Inspection | undefined) {
  const { label, site } = exchange.location.model;
  const { localAddress, localPort, tls } = exchange.connection;
  return {
    id: exchange.requestId!,
    timeMs: exchange.clock.wallMs(),
    clientAddress: exchange.remoteAddress,
    listener: { address: localAddress, port: localPort, tls: tls !== undefined },
    host: exchange.host,
    path: exchange.path,
    server: exchange.server.model.serverName,
    location: label,
    site,
    request: requestOf(exchange, inspection),
  };
}
