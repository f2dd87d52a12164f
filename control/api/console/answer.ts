/** Answers with a file of the console: strict about what the page may load, kind to caches. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type ConsoleFile, NONCE } from './files.ts';

const YEAR_S = 365 * 24 * 3600;

/** Nothing from elsewhere, nothing inline but styles that say the nonce. @param style more sources of styles */
const policy = (style: string): string =>
  `default-src 'none'; script-src 'self'; style-src 'self'${style}; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

/**
 * Whether a browser opens a page here, from wherever somebody has followed a link: the page itself carries no right, and the cookie
 * stays behind (SameSite=Strict).
 */
export const isVisit = ({ headers, method }: IncomingMessage): boolean =>
  method === 'GET' &&
  headers['sec-fetch-mode'] === 'navigate' &&
  headers['sec-fetch-dest'] === 'document' &&
  headers.origin === undefined;

export async function giveFile(
  request: IncomingMessage,
  response: ServerResponse,
  file: ConsoleFile,
): Promise<void> {
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
  response.setHeader('Content-Type', file.type);
  if (file.hasNonce) return givePage(request, response, file);
  response.setHeader('Content-Security-Policy', policy(''));
  response.setHeader(
    'Cache-Control',
    file.isHashed ? `public, max-age=${YEAR_S}, immutable` : 'no-cache, private',
  );
  const packed = acceptsGzip(request) ? await file.packed : undefined;
  const etag = `"${file.etag}${packed ? '-gz' : ''}"`;
  response.setHeader('ETag', etag);
  response.setHeader('Vary', 'Accept-Encoding');
  if (isKnown(request.headers['if-none-match'], etag)) {
    response.statusCode = 304;
    return void response.end();
  }
  if (packed) response.setHeader('Content-Encoding', 'gzip');
  end(request, response, packed ?? file.bytes);
}

/** Another nonce each time, so it is not cached. */
function givePage(request: IncomingMessage, response: ServerResponse, { bytes }: ConsoleFile): void {
  const nonce = randomBytes(18).toString('base64');
  response.setHeader('Content-Security-Policy', policy(` 'nonce-${nonce}'`));
  end(request, response, Buffer.from(bytes.toString('latin1').replaceAll(NONCE, nonce), 'latin1'));
}

function end({ method }: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
  response.setHeader('Content-Length', bytes.length);
  response.end(method === 'HEAD' ? undefined : bytes);
}

const acceptsGzip = ({ headers }: IncomingMessage): boolean =>
  /(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[\d.]+\s*)?(?:,|$)/i.test(
    String(headers['accept-encoding'] ?? ''),
  );

const isKnown = (field: string | undefined, etag: string): boolean =>
  field !== undefined &&
  (field.trim() === '*' || field.split(',').some(word => word.trim().replace(/^W\//, '') === etag));
