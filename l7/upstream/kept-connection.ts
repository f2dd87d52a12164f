/** The life of a connection to a member, whatever HTTP version is spoken over it: whose call it serves, its rest, its end. */
import { Deadline, type DeadlineOwner } from '../deadline.ts';
import type { Transport } from '../transport/transport.ts';
import type { CallFailure, UpstreamCall } from './connection.ts';
import { failureReason, PREMATURE, TIMED_OUT } from './failure.ts';
import type { MemberConnection } from './member-connection.ts';
import type { Member, Pool } from './pool.ts';

export abstract class KeptConnection implements MemberConnection, DeadlineOwner {
  readonly pool: Pool;
  readonly member: Member;
  readonly key: string;
  readonly startedMs: number;
  /** Requests sent over it so far. */
  requests = 0;
  /** Of the current call. */
  bytesReceived = 0;
  connected = false;
  abstract readonly transport: Transport;
  abstract readonly framesBodies: boolean;
  abstract readonly pendingBytes: number;
  /** Whom it serves now. */
  call: UpstreamCall | undefined;
  readonly #deadline: Deadline;

  constructor(pool: Pool, member: Member, key: string) {
    this.pool = pool;
    this.member = member;
    this.key = key;
    this.startedMs = pool.worker.clock.nowMs();
    this.#deadline = new Deadline(pool.worker.clock, this);
  }

  /** A call begins: what was known of the one before is over. */
  protected abstract begin(): void;
  abstract sendWhole(head: string, body: string): void;
  abstract writeText(text: string): void;
  abstract write(data: Buffer): boolean;
  abstract requestSent(): void;

  use(call: UpstreamCall): void {
    this.call = call;
    this.bytesReceived = 0;
    this.begin();
    this.requests++;
    if (this.connected) call.connected();
  }

  get reused(): boolean {
    return this.requests > 1;
  }

  hold(held: boolean): void {
    if (held) this.transport.pause();
    else this.transport.resume();
  }

  expect(ms: number): void {
    this.#deadline.set(ms);
  }

  expectNothing(): void {
    this.#deadline.clear();
  }

  /** Waits in its pool for the next call, if keepalive allows one more. @returns whether it does */
  protected rest(): boolean {
    if (this.transport.closed || !this.pool.keeps(this.requests, this.startedMs)) return false;
    this.transport.resume();
    this.#deadline.set(this.pool.model.keepalive.timeoutMs);
    this.pool.release(this);
    return true;
  }

  transportClosed(error: NodeJS.ErrnoException | undefined): void {
    const reason = error ? failureReason(error, this.member.address, this.connected) : PREMATURE;
    this.fail(this.connected ? 'closed' : 'connect', reason);
  }

  /** Ends the connection; the call that uses it is told. */
  protected fail(failure: CallFailure, reason: string): void {
    const { call } = this;
    this.destroy();
    call?.failed(failure, reason);
  }

  deadlineExpired(): void {
    this.fail('timeout', TIMED_OUT);
  }

  destroy(): void {
    this.call = undefined;
    this.#deadline.dispose();
    this.transport.destroy();
    this.pool.drop(this);
  }
}
