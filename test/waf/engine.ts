/** Rules of a test, run over one request. */
import assert from 'node:assert/strict';
import {
  compileRules,
  formatWafDiagnostic,
  loaderOf,
  type RequestHead,
  type ResponseHead,
  type RuleSet,
  type Transaction,
  type WafOptions,
} from '#waf';

export interface Sent {
  readonly method?: string;
  readonly target?: string;
  readonly protocol?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly client?: string;
  readonly response?: Partial<ResponseHead> & { readonly body?: string };
}

const ON = 'SecRuleEngine On\nSecRequestBodyAccess On\nSecResponseBodyAccess On\n';
let count = 0;

/** Compiles rules that must be right; the engine is on and bodies are read unless they say otherwise. */
export function compiled(
  text: string,
  options: WafOptions = {},
  files: Record<string, string> = {},
): RuleSet {
  const { rules, diagnostics } = compileRules(
    ['/rules.conf'],
    loaderOf({ '/rules.conf': ON + text, ...files }),
    options,
  );
  assert.ok(rules, diagnostics.map(formatWafDiagnostic).join('\n'));
  return rules;
}

/** The diagnostics of faulty rules, as text without the path. */
export function faults(text: string, files: Record<string, string> = {}): string[] {
  const { rules, diagnostics } = compileRules(['/rules.conf'], loaderOf({ '/rules.conf': text, ...files }));
  assert.equal(rules, undefined, 'the rules were taken');
  return diagnostics.map(one => formatWafDiagnostic(one).replace('/rules.conf:', ''));
}

export function headOf({
  method = 'GET',
  target = '/',
  protocol = 'HTTP/1.1',
  headers = ['Host', 'example.com'],
  client = '192.0.2.7',
}: Sent): RequestHead {
  return {
    id: `r${++count}`,
    method,
    target,
    protocol,
    headers,
    clientAddress: client,
    clientPort: 40_000,
    serverAddress: '192.0.2.1',
    serverPort: 80,
  };
}

/** All phases, as a server would run them; those after a refusal are left out. */
export function inspect(rules: RuleSet, sent: Sent = {}): Transaction {
  const transaction = rules.transaction(headOf(sent));
  let decision = transaction.inspectHead();
  if (!decision && sent.body !== undefined) decision = transaction.requestBody(sent.body);
  decision ??= transaction.inspectRequest();
  if (!decision) {
    const {
      status = 200,
      protocol = 'HTTP/1.1',
      headers = ['Content-Type', 'text/plain'],
      body = '',
    } = sent.response ?? {};
    decision = transaction.inspectResponseHead({ status, protocol, headers });
    if (!decision && transaction.wantsResponseBody) decision = transaction.responseBody(body);
    if (!decision) transaction.inspectResponse();
  }
  transaction.finish();
  return transaction;
}

/** The ids of the rules that matched and are not silent, in order. */
export const ids = (transaction: Transaction): number[] =>
  transaction.matchedRules.map(({ rule }) => rule.id);

export const form = (body: string): Sent => ({
  method: 'POST',
  headers: ['Host', 'example.com', 'Content-Type', 'application/x-www-form-urlencoded'],
  body,
});
