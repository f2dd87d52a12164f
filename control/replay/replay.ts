/** Recorded requests put to two configurations: which of them would be routed, limited or blocked differently. */
import { loadExplain } from '#l7';
import type { HttpModel } from '#model/l7/http.ts';
import { type LoggedRequest, readLogLine } from './access-log.ts';
import { type Decision, decisionOf, nowhere } from './decision.ts';

const MOST_GROUPS = 1000;
const MOST_SAMPLES = 3;

/** Requests for which the same changes. */
export interface Difference {
  readonly before: Decision;
  readonly after: Decision;
  count: number;
  /** The first ones: method and URL. */
  readonly samples: string[];
}

export interface Outcome {
  requests: number;
  /** Lines that are no request that can be read. */
  unread: number;
  changed: number;
  /** Differences that found no place among so many. */
  untold: number;
  readonly differences: readonly Difference[];
}

export interface Origin {
  /** `http://` or `https://`. */
  readonly scheme: string;
  /** Of lines that name none. */
  readonly host: string;
  readonly port: number;
}

/**
 * Puts each line to both, in the order and at the times of the log, so that rates count as they did.
 *
 * @param lines of an access log
 */
export async function replayLog(
  before: HttpModel,
  after: HttpModel,
  lines: AsyncIterable<string>,
  origin: Origin,
): Promise<Outcome> {
  const { Trial } = await loadExplain();
  using was = new Trial(before);
  using is = new Trial(after);
  const groups = new Map<string, Difference>();
  const outcome = { requests: 0, unread: 0, changed: 0, untold: 0 };
  const judge = (trial: typeof was, request: LoggedRequest, url: string): Decision => {
    try {
      const exchange = trial.ask(questionOf(request, url));
      const decision = decisionOf(trial.steps);
      exchange.abort(); // what it holds, as a place of limit_conn, is let go
      return decision;
    } catch (fault) {
      return nowhere((fault as Error).message);
    }
  };
  for await (const line of lines) {
    const request = readLogLine(line);
    if (!request) {
      if (line.trim() !== '') outcome.unread++;
      continue;
    }
    outcome.requests++;
    const url = urlOf(request, origin);
    const [one, other] = [judge(was, request, url), judge(is, request, url)];
    if (one.text === other.text && one.kind === other.kind) continue;
    outcome.changed++;
    const key = `${one.text}\n${other.text}`;
    const known = groups.get(key);
    if (!known && groups.size >= MOST_GROUPS) outcome.untold++;
    else {
      const group = known ?? { before: one, after: other, count: 0, samples: [] };
      groups.set(key, group);
      group.count++;
      if (group.samples.length < MOST_SAMPLES) group.samples.push(`${request.method} ${url}`);
    }
  }
  return { ...outcome, differences: [...groups.values()].sort((a, b) => b.count - a.count) };
}

function urlOf({ host, target }: LoggedRequest, origin: Origin): string {
  const named = (host ?? origin.host).replace(/:\d+$/, '');
  if (/^https?:\/\//.test(target)) return target;
  return `${origin.scheme}${named}:${origin.port}${target.startsWith('/') ? target : '/'}`;
}

function questionOf(
  { method, target, host, clientAddress, atMs, referer, userAgent }: LoggedRequest,
  url: string,
) {
  const headers: (readonly [string, string])[] = [
    ...(host === undefined ? [] : [['Host', host] as const]),
    ...(userAgent === undefined ? [] : [['User-Agent', userAgent] as const]),
    ...(referer === undefined ? [] : [['Referer', referer] as const]),
  ];
  return { ...{ method, url, headers, clientAddress, atMs }, ...(target.startsWith('/') && { target }) };
}
