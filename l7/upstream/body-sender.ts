/** A request with a body on its way to a server: its head, then the body as the client sends it, or from where it was kept. */
import type { ProxySettings } from '#model/l7/proxy.ts';
import type { BodyStore, StoreReader } from '../downstream/body-store.ts';
import type { Exchange } from '../exchange.ts';
import type { Attempt } from '../variable/upstream.ts';
import type { BodyTaker } from '../wire/h1/body.ts';
import type { MemberConnection } from './member-connection.ts';

/** Whose request it is. */
export interface BodyOwner {
  readonly exchange: Exchange;
  /** A body that was kept can not be read any more. */
  bodyLost(error: Error): void;
}

export class BodySender implements BodyTaker {
  readonly #owner: BodyOwner;
  readonly #settings: ProxySettings;
  readonly #connection: MemberConnection;
  readonly #attempt: Attempt;
  readonly #chunked: boolean;
  /** What goes before the next piece. */
  #pending = '';
  #reader: StoreReader | undefined;
  #stopped = false;

  constructor(
    owner: BodyOwner,
    settings: ProxySettings,
    connection: MemberConnection,
    attempt: Attempt,
    chunked: boolean,
  ) {
    this.#owner = owner;
    this.#settings = settings;
    this.#connection = connection;
    this.#attempt = attempt;
    this.#chunked = chunked;
    attempt.sending = true;
  }

  /** Sends what the client sends. */
  stream(head: string): void {
    const body = this.#owner.exchange.body!;
    this.#connection.expectNothing();
    // The head goes at once: a streamed body may begin late.
    if (body.receivedBytes === 0) this.#connection.writeText(head);
    else this.#pending = head;
    body.stream(this);
  }

  /** Sends what was kept. */
  read(head: string, store: BodyStore): void {
    this.#pending = head;
    this.#reader = store.reader(this, error => this.#owner.bodyLost(error));
    this.#reader.start();
  }

  bodyData(data: Buffer): void {
    if (this.#stopped) return;
    const connection = this.#connection;
    if (this.#chunked) this.#pending += `${data.length.toString(16)}\r\n`;
    if (this.#pending !== '') connection.writeText(this.#pending);
    this.#pending = '';
    const ready = connection.write(data);
    if (this.#chunked) connection.writeText('\r\n');
    this.#attempt.bytesSent += data.length;
    if (!ready) this.#pause();
    this.#expectSent();
  }

  bodyEnd(): void {
    if (this.#stopped) return;
    this.#attempt.sending = false;
    this.#connection.writeText(this.#chunked ? `${this.#pending}0\r\n\r\n` : this.#pending);
    this.#connection.requestSent();
    this.#connection.expect(this.#settings.readTimeoutMs);
  }

  /** proxy_send_timeout is for a server that does not read; for a client that does not send there is another. */
  #expectSent(): void {
    if (this.#owner.exchange.response) return;
    if (this.#connection.pendingBytes > 0) this.#connection.expect(this.#settings.sendTimeoutMs);
    else this.#connection.expectNothing();
  }

  #pause(): void {
    if (this.#reader) this.#reader.pause();
    else this.#owner.exchange.body?.pause();
  }

  /** The server has taken what waited. */
  drained(): void {
    if (this.#attempt.sending && !this.#stopped) this.#expectSent();
    if (this.#reader) this.#reader.resume();
    else this.#owner.exchange.body?.resume();
  }

  /** The try is over: what still comes of the body does not go to this server. */
  stop(): void {
    this.#stopped = true;
    this.#reader?.stop();
  }
}
