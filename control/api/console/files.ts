/** The files of the browser's console: read once, while the process may, and found by their whole path; no other file can be named. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

const OWN = fileURLToPath(new URL('../../../admin-ui/dist', import.meta.url));
const MOST_FILES = 2000;
const MOST_BYTES = 64 << 20;
const LEAST_TO_PACK = 1024;
/** The page says it in a meta element, for styles that a library writes. */
export const NONCE = '{{nonce}}';

/** A name that is another one whenever the content is: `index-B7x0dQ2s.js`. */
const HASHED = /-[\w-]{8,}\.\w+$/;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.png': 'image/png',
  '.ico': 'image/vnd.microsoft.icon',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
};
const PACKED = new Set(['.html', '.js', '.mjs', '.css', '.json', '.map', '.webmanifest', '.svg', '.txt']);

const pack = promisify(gzip);

export class ConsoleFile {
  readonly bytes: Buffer;
  readonly type: string;
  readonly etag: string;
  readonly isHashed: boolean;
  /** The page: its nonce is another one each time. */
  readonly hasNonce: boolean;
  readonly #mayPack: boolean;
  #packed: Promise<Buffer> | undefined;

  constructor(path: string, bytes: Buffer) {
    const extension = extname(path).toLowerCase();
    this.bytes = bytes;
    this.type = TYPES[extension] ?? 'application/octet-stream';
    this.etag = createHash('sha256').update(bytes).digest('base64url').slice(0, 24);
    this.isHashed = path.startsWith('/assets/') && HASHED.test(path);
    this.hasNonce = extension === '.html' && bytes.includes(NONCE);
    this.#mayPack = PACKED.has(extension) && bytes.length >= LEAST_TO_PACK;
  }

  /** By gzip; undefined where that is of no use. */
  get packed(): Promise<Buffer> | undefined {
    return this.#mayPack ? (this.#packed ??= pack(this.bytes)) : undefined;
  }
}

export class ConsoleFiles {
  readonly #files: ReadonlyMap<string, ConsoleFile>;

  /** @param files by path, from `/` on */
  constructor(files: ReadonlyMap<string, ConsoleFile>) {
    this.#files = files;
  }

  /** The file of this path, or the page, which finds by itself what a path without an extension means. */
  find(segments: readonly string[]): ConsoleFile | undefined {
    const path = `/${segments.join('/')}`;
    const isPage = !segments.at(-1)?.includes('.');
    return this.#files.get(path) ?? (isPage ? this.#files.get('/index.html') : undefined);
  }
}

/**
 * Reads all of a folder; links are not followed.
 *
 * @param where `on`: the console that comes with the program
 * @returns undefined where there is none
 * @throws {Error} when the folder cannot be read, or is larger than a console
 */
export function readConsole(where: 'on' | 'off' | `/${string}`): ConsoleFiles | undefined {
  const folder = where === 'on' ? OWN : where;
  if (where === 'off' || (where === 'on' && !existsSync(join(folder, 'index.html')))) return undefined;
  const files = new Map<string, ConsoleFile>();
  let bytes = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const full = join(entry.parentPath, entry.name);
    const content = readFileSync(full);
    bytes += content.length;
    if (files.size >= MOST_FILES || bytes > MOST_BYTES)
      throw new Error(`${folder} has more than ${MOST_FILES} files or ${MOST_BYTES >> 20} MiB`);
    const path = `/${relative(folder, full)}`;
    files.set(path, new ConsoleFile(path, content));
  }
  if (!files.has('/index.html')) throw new Error(`${folder} has no index.html`);
  return new ConsoleFiles(files);
}
