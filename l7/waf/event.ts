/** A request in which rules matched → what the event store keeps of it. */
import type { WafEvent, WafEventRequest, WafEventRule } from '#model/waf-event.ts';
import { type MatchedRule, SEVERITIES } from '#waf';
import type { Exchange } from '../exchange.ts';
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
  { matchedRules, transaction }: Inspection,
): WafEventRequest {
  const cookies = matchedCookies(matchedRules);
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
    body: maskBody(transaction.body.text.slice(0, BODY_BYTES)),
    bodyBytes: body?.receivedBytes ?? 0,
  };
}

const ruleOf = ({ rule, message, data, tags, matches }: MatchedRule): WafEventRule => ({
  id: rule.id,
  message,
  data,
  severity: rule.severity === undefined ? '' : (SEVERITIES[rule.severity] ?? ''),
  tags,
  file: rule.file,
  line: rule.line,
  matches,
});

export function eventOf(exchange: Exchange, inspection: Inspection): WafEvent {
  const { decision, transaction, action, score, id, matchedRules } = inspection;
  const { label, site } = exchange.location.model;
  const { localAddress, localPort, tls } = exchange.connection;
  return {
    id,
    timeMs: exchange.clock.wallMs(),
    action,
    status: decision?.status ?? exchange.response?.status ?? 0,
    score: Number(score) || 0,
    clientAddress: exchange.remoteAddress,
    listener: { address: localAddress, port: localPort, tls: tls !== undefined },
    host: exchange.host,
    path: exchange.path,
    location: label,
    site,
    phase: (decision ?? transaction.intended)?.phase ?? 0,
    request: requestOf(exchange, inspection),
    rules: matchedRules.slice(0, MOST_RULES).map(ruleOf),
  };
}
