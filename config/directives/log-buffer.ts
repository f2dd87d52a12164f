/** How lines of an access log are held before they are written: buffer=, flush= and gzip=. */
import { parseDurationMs, parseSizeBytes } from '#kit/units.ts';
import type { AccessLog } from '#model/l7/log.ts';
import { ArgumentFault } from '../argument.ts';
import type { Token } from '../lex.ts';
import type { Scope } from '../scope.ts';

export type Buffering = Pick<AccessLog, 'bufferBytes' | 'flushMs' | 'gzipLevel'>;

const GZIP_BUFFER_BYTES = 65_536;

/** @param parameters `buffer=`, `flush=`, `gzip` and `gzip=`. @throws {ArgumentFault} */
export function readBuffering(parameters: readonly Token[]): Buffering {
  let bufferBytes: number | undefined;
  let flushMs: number | undefined;
  let gzipLevel: number | undefined;
  for (const token of parameters) {
    const [key, value = ''] = token.text.split('=');
    if (key === 'buffer') bufferBytes = parseSizeBytes(value) || fail(token);
    if (key === 'flush') flushMs = parseDurationMs(value) || fail(token);
    if (key === 'gzip')
      gzipLevel = token.text === key ? 1 : /^[1-9]$/.test(value) ? Number(value) : fail(token);
  }
  if (gzipLevel !== undefined) bufferBytes ??= GZIP_BUFFER_BYTES;
  if (flushMs !== undefined && bufferBytes === undefined) throw new ArgumentFault('flush= needs buffer=');
  return { bufferBytes: bufferBytes ?? 0, flushMs, gzipLevel };
}

function fail(token: Token): never {
  throw new ArgumentFault(`"${token.text}" is not a valid parameter`, undefined, token);
}

/** A file is written by one hand: all lines of the configuration that name it buffer alike. @throws {ArgumentFault} */
export function refuseConflict(
  target: AccessLog['target'],
  buffering: Buffering,
  site: Token,
  scope: Scope,
): void {
  if (target.kind === 'syslog') {
    if (buffering.bufferBytes > 0) throw new ArgumentFault('logs to syslog cannot be buffered');
    return;
  }
  if (typeof target.path !== 'string') {
    if (buffering.bufferBytes > 0)
      throw new ArgumentFault('buffered logs cannot have variables in their name');
    return;
  }
  const { logBuffers } = scope.http;
  const known = logBuffers.get(target.path);
  if (!known) return void logBuffers.set(target.path, { ...buffering, site });
  if (buffering.bufferBytes === 0) return; // it goes into the buffer of the other line
  if (
    known.bufferBytes !== buffering.bufferBytes ||
    known.flushMs !== buffering.flushMs ||
    known.gzipLevel !== buffering.gzipLevel
  )
    throw new ArgumentFault(
      `the log "${target.path}" has other parameters on line ${known.site.line}`,
      'give all lines that name a file the same buffer=, flush= and gzip=',
    );
}
