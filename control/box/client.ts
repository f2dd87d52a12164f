/** The client of a box, a process in its namespace: requests at a steady pace, connections that are held, one download after another. */
import { get, type IncomingMessage } from 'node:http';
import { holdConnection } from './held.ts';
import { NO_TRAFFIC, type TrafficOrder, type TrafficReport } from './traffic.ts';

const TICK_MS = 10;
const REPORT_MS = 200;
const WINDOW_MS = 1000;
const TIMEOUT_MS = 5000;
/** So many requests may be open: more would tell of this process and not of what it asks. */
const MOST_OPEN = 1000;
/** Between a download that broke and the next one. */
const AGAIN_MS = 500;

const order: TrafficOrder = JSON.parse(process.argv[2] ?? '');
const counts = { sent: 0, answered: 0, failed: 0, open: 0 };
const faults: Record<string, number> = {};
const proxies: Record<string, number> = {};
const servers: Record<string, number> = {};
const download = { ...NO_TRAFFIC.download };
const kept = { ...NO_TRAFFIC.kept };
/** When, and how long it took, in ms. */
let latencies: (readonly [number, number])[] = [];

const count = (table: Record<string, number>, key: string) => void (table[key] = (table[key] ?? 0) + 1);
const proxyOf = ({ headers }: IncomingMessage): string => String(headers['x-proxy'] ?? '');

function ask(url: string): void {
  const beganMs = performance.now();
  counts.sent++;
  counts.open++;
  void fetchText(url).then(
    ({ response, text }) => {
      counts.open--;
      const endedMs = performance.now();
      latencies.push([endedMs, endedMs - beganMs]);
      counts.answered++;
      count(proxies, proxyOf(response));
      count(servers, String(JSON.parse(text).server));
    },
    (fault: NodeJS.ErrnoException) => {
      counts.open--;
      counts.failed++;
      count(faults, fault.code ?? fault.message);
    },
  );
}

/** @throws {Error} with a code, or a status that is not 200 as its message */
function fetchText(url: string): Promise<{ response: IncomingMessage; text: string }> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: TIMEOUT_MS }, response => {
      let text = '';
      response.setEncoding('latin1').on('data', piece => (text += piece));
      response.once('error', reject);
      response.once('end', () =>
        response.statusCode === 200
          ? resolve({ response, text })
          : reject(new Error(`status ${response.statusCode}`)),
      );
    });
    request.once('timeout', () => request.destroy(new Error('timeout')));
    request.once('error', reject);
  });
}

/** One download; resolves when it has ended, however it did. */
function fetchLong(url: string): Promise<void> {
  return new Promise(resolve => {
    const broken = () => {
      download.broken++;
      setTimeout(resolve, AGAIN_MS);
    };
    const request = get(url, { agent: false, timeout: TIMEOUT_MS }, response => {
      if (response.statusCode !== 200)
        return void request.destroy(new Error(`status ${response.statusCode}`));
      const ofBytes = Number(response.headers['content-length']);
      Object.assign(download, { bytes: 0, ofBytes, proxy: proxyOf(response) });
      response.on('data', (piece: Buffer) => (download.bytes += piece.length));
      response.once('error', broken);
      response.once('end', () => {
        download.finished++;
        resolve();
      });
      request.off('error', broken).on('error', () => {}); // the answer tells of it from now on
    });
    request.once('timeout', () => request.destroy(new Error('timeout')));
    request.once('error', broken);
  });
}

function report(): TrafficReport {
  const now = performance.now();
  latencies = latencies.filter(([atMs]) => now - atMs < WINDOW_MS);
  const sorted = latencies.map(([, tookMs]) => tookMs).sort((a, b) => a - b);
  const { sent, answered, failed } = counts;
  const medianMs = sorted[sorted.length >> 1] ?? 0;
  return {
    sent,
    answered,
    failed,
    faults,
    proxies,
    servers,
    medianMs,
    slowestMs: sorted.at(-1) ?? 0,
    download,
    kept,
  };
}

process.on('disconnect', () => process.exit(0));
const beganMs = performance.now();
let due = 0;
setInterval(() => {
  const wanted = ((performance.now() - beganMs) / 1000) * order.perSecond;
  // What a stall kept back is not made up for by a burst.
  due = Math.max(due, wanted - order.perSecond / 10);
  for (; due < wanted && counts.open < MOST_OPEN; due++)
    ask(order.urls[Math.floor(due) % order.urls.length]!);
}, TICK_MS);
setInterval(() => process.send?.(report()), REPORT_MS);
for (let at = 0; at < order.kept; at++) holdConnection(new URL(order.urls[at % order.urls.length]!), kept);
for (;;) await fetchLong(order.download);
