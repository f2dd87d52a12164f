/** Runs one regression test against compiled rules, in this process. */
import type { MatchedRule, ResponseHead, RuleSet, Transaction } from '#waf';
import { headEnd, parseRequestHead } from '../../../l7/wire/h1/request.ts';
import type { CrsTest, StageOutput } from './format.ts';
import { type BuiltRequest, buildRequest } from './request.ts';

/** @returns what was not as expected; undefined when all was */
export function runTest(test: CrsTest, rules: RuleSet): string | undefined {
  for (const [at, { input, output }] of test.stages.entries()) {
    const built = buildRequest(input);
    const transaction = inspect(built, rules);
    const wrong = compare(output, transaction, statusOf(built, transaction));
    if (wrong) return test.stages.length > 1 ? `stage ${at + 1}: ${wrong}` : wrong;
  }
  return undefined;
}

export function inspect({ head, body }: BuiltRequest, rules: RuleSet): Transaction {
  const transaction = rules.transaction(head);
  transaction.inspectHead();
  if (body !== '') transaction.requestBody(body);
  transaction.inspectRequest();
  const response = answer(head.method, head.target, body);
  transaction.inspectResponseHead(response.head);
  if (transaction.wantsResponseBody) transaction.responseBody(response.body);
  transaction.inspectResponse();
  transaction.finish();
  return transaction;
}

/** The server of the tests: `POST /reflect` answers what its JSON says, all else is a plain 200. */
function answer(method: string, target: string, body: string): { head: ResponseHead; body: string } {
  const plain = { status: 200, protocol: 'HTTP/1.1', headers: ['Content-Type', 'text/plain'] };
  if (method !== 'POST' || !target.startsWith('/reflect')) return { head: plain, body: 'Hello' };
  const wanted: { status?: number; headers?: Record<string, string>; body?: string; encodedBody?: string } =
    JSON.parse(Buffer.from(body, 'latin1').toString('utf8'));
  const text = wanted.encodedBody
    ? Buffer.from(wanted.encodedBody, 'base64')
    : Buffer.from(wanted.body ?? '', 'utf8');
  const headers = Object.entries(wanted.headers ?? { 'Content-Type': 'text/plain' }).flat();
  return {
    head: { status: wanted.status ?? 200, protocol: 'HTTP/1.1', headers },
    body: text.toString('latin1'),
  };
}

/** What moat would answer: its own parser refuses some of these requests. */
function statusOf({ wire }: BuiltRequest, transaction: Transaction): number {
  const end = headEnd(wire, 0);
  try {
    parseRequestHead(wire, 0, end < 0 ? wire.length : end, LIMITS);
  } catch (fault) {
    if (fault instanceof Error && 'status' in fault && typeof fault.status === 'number') return fault.status;
    throw fault;
  }
  return transaction.decision?.status ?? 200;
}

const LIMITS = {
  lineBytes: 65_536,
  totalBytes: 1 << 20,
  maxHeaders: 1000,
  ignoreInvalidHeaders: false,
  underscoresInHeaders: true,
};

function compare(output: StageOutput, transaction: Transaction, status: number): string | undefined {
  const { matchedRules } = transaction;
  const ids = new Set(matchedRules.map(({ rule }) => rule.id));
  const log = matchedRules.map(line).join('\n');
  for (const id of output.expectIds) if (!ids.has(id)) return `${id} did not match`;
  for (const id of output.noExpectIds) if (ids.has(id)) return `${id} matched`;
  for (const pattern of output.matches) if (!new RegExp(pattern).test(log)) return `no ${pattern} in the log`;
  for (const pattern of output.noMatches)
    if (new RegExp(pattern).test(log)) return `${pattern} is in the log`;
  const checksLog =
    output.expectIds.length + output.noExpectIds.length + output.matches.length + output.noMatches.length > 0;
  if (output.statuses.length > 0 && !output.expectError && !checksLog && !output.statuses.includes(status))
    return `status ${status} instead of ${output.statuses.join(' or ')}`;
  return undefined;
}

const line = ({ rule, message, data, matches }: MatchedRule): string =>
  `[id "${rule.id}"] [msg "${message}"] [data "${data}"] ${matches.map(({ variable }) => `at ${variable}`).join(' ')}`;
