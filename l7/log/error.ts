/** The error log of a location. */
import type { ErrorLog, LogLevel } from '#model/l7/log.ts';
import { LOG_LEVELS } from '#model/l7/log.ts';
import type { ConnectionFacts } from '../downstream/downstream.ts';
import type { Exchange } from '../exchange.ts';

/** Writes a finished line somewhere; the worker's process supplies it. */
export type ErrorSink = (log: ErrorLog, level: LogLevel, message: string) => void;

export class ErrorLogger {
  readonly #logs: readonly ErrorLog[];
  readonly #sink: ErrorSink;
  readonly #least: number;

  constructor(logs: readonly ErrorLog[], sink: ErrorSink) {
    this.#logs = logs;
    this.#sink = sink;
    this.#least = Math.min(LOG_LEVELS.length, ...logs.map(log => LOG_LEVELS.indexOf(log.level)));
  }

  enabled(level: LogLevel): boolean {
    return LOG_LEVELS.indexOf(level) >= this.#least;
  }

  /** Says it of nobody's request. */
  writeAlone(level: LogLevel, message: string): void {
    this.#write(level, message);
  }

  /** Says it of a connection that no request has come by. */
  writeOfConnection(
    level: LogLevel,
    { remoteAddress }: ConnectionFacts,
    server: string,
    message: string,
  ): void {
    this.#write(level, `${message}, client: ${remoteAddress}, server: ${server}`);
  }

  #write(level: LogLevel, text: string): void {
    const rank = LOG_LEVELS.indexOf(level);
    for (const log of this.#logs) if (rank >= LOG_LEVELS.indexOf(log.level)) this.#sink(log, level, text);
  }

  /** Adds the request behind the message, as nginx does. */
  write(level: LogLevel, exchange: Exchange, message: string): void {
    const rank = LOG_LEVELS.indexOf(level);
    if (rank < this.#least) return;
    const { main } = exchange;
    const client = `client: ${main.remoteAddress}, server: ${exchange.server.model.serverName}`;
    const request = main.head.line === '' ? '' : `, request: "${main.head.line}"`;
    const host = main.head.host === undefined ? '' : `, host: "${main.head.host}"`;
    const referrer = main.head.headers.get('referer');
    const from = referrer === undefined ? '' : `, referrer: "${referrer}"`;
    const text = `*${exchange.connection.id} ${message}, ${client}${request}${upstreamOf(exchange)}${host}${from}`;
    for (const log of this.#logs) if (rank >= LOG_LEVELS.indexOf(log.level)) this.#sink(log, level, text);
  }
}

/** The server that was asked last, and for what. */
function upstreamOf(exchange: Exchange): string {
  const { attempts, proxyTls, upstreamUri } = exchange;
  const member = attempts.at(-1)?.member;
  if (member === undefined) return '';
  const separator = member.startsWith('unix:') ? ':' : '';
  return `, upstream: "${proxyTls ? 'https' : 'http'}://${member}${separator}${upstreamUri?.(exchange) ?? ''}"`;
}
