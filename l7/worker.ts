/** What all parts of one worker thread share: clock, buffers, logs, counters. */

import type { ErrorLog } from '#model/l7/log.ts';
import type { StreamLoop } from '#native/stream.ts';
import type { AcmeShelf } from './acme/shelf.ts';
import type { Passwords } from './auth/passwords.ts';
import type { UserFiles } from './auth/user-files.ts';
import type { Clock } from './clock.ts';
import type { ErrorSink } from './log/error.ts';
import type { LogFiles } from './log/files.ts';
import type { TierMetrics } from './metrics/tier-metrics.ts';
import type { Observer } from './observer.ts';
import type { SpanQueue } from './trace/span-queue.ts';
import type { Seat } from './upstream/pool-views.ts';
import type { UpstreamRealms } from './upstream/tls.ts';
import type { BlockLists } from './waf/block-lists.ts';
import type { EventQueue } from './waf/event-queue.ts';
import type { RuleShelf } from './waf/rule-shelf.ts';

export interface Worker {
  readonly id: number;
  /** Its place in shared memory. */
  readonly seat: Seat;
  readonly clock: Clock;
  /** Files are read into it: what is read is handled to its end before the next read. */
  readonly fileBuffer: Buffer;
  /** Plain sockets of this thread. */
  readonly streams: StreamLoop;
  /** TLS to servers. */
  readonly upstreamRealms: UpstreamRealms;
  readonly logFiles: LogFiles;
  readonly userFiles: UserFiles;
  /** What the WAF found, on its way to the event store. */
  readonly wafEvents: EventQueue;
  /** Spans on their way to who is told of traces. */
  readonly spans: SpanQueue;
  /** Tells that somebody was banned. */
  readonly bansChanged: () => void;
  /** What control tells of the other tiers. */
  readonly tierMetrics: TierMetrics;
  /** What DNS block lists say of clients. */
  readonly blockLists: BlockLists;
  /** Compiled rules of the WAF. */
  readonly ruleShelf: RuleShelf;
  readonly passwords: Passwords;
  /** What authorities have issued, and what they ask. */
  readonly acme: AcmeShelf;
  readonly errorSink: ErrorSink;
  /** Present in a worker that serves nobody: it watches how a request finds its way. */
  readonly observer: Observer | undefined;
  /** The logs of the process, where a location has none of its own. */
  readonly errorLogs: readonly ErrorLog[];
}
