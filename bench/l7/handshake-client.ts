/** A load of TLS connections: each shakes hands, asks once and closes. Arguments: port, `full` or `resumed`, seconds. */
import { connect } from 'node:tls';

const [port, mode, seconds] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])];
/** Few enough that the proxy's queue stays short, enough that it never waits. */
const AT_ONCE = 8;
/** What all of them can do: newer OpenSSLs would add ML-KEM to it, which is work that the others do not do. */
const GROUPS = 'X25519';
const REQUEST = 'GET / HTTP/1.1\r\nHost: bench.example\r\nConnection: close\r\n\r\n';

const startMs = performance.now();
const endMs = startMs + seconds * 1000;
const latenciesUs: number[] = [];
let session: Buffer | undefined;
let [errors, bytes] = [0, 0];

/** One connection from start to end; for `resumed` it offers the newest ticket. */
function once(): Promise<void> {
  const beganMs = performance.now();
  return new Promise(done => {
    const offered = mode === 'resumed' ? session : undefined;
    const options = {
      port,
      host: '127.0.0.1',
      servername: 'bench.example',
      ecdhCurve: GROUPS,
      rejectUnauthorized: false,
    };
    const socket = connect({ ...options, ...(offered ? { session: offered } : {}) });
    let head = '';
    let failed = false;
    socket.setEncoding('latin1');
    socket.on('session', ticket => (session = ticket));
    socket.once('secureConnect', () => {
      failed ||= socket.isSessionReused() !== (offered !== undefined);
      socket.write(REQUEST);
    });
    socket.on('data', text => (head += text));
    socket.on('error', () => (failed = true));
    socket.once('end', () => socket.end());
    socket.once('close', () => {
      bytes += head.length;
      if (failed || !head.startsWith('HTTP/1.1 200')) errors++;
      else latenciesUs.push((performance.now() - beganMs) * 1000);
      done();
    });
  });
}

async function oneAfterAnother(): Promise<void> {
  while (performance.now() < endMs) await once();
}

if (mode === 'resumed') {
  await once(); // the first brings the ticket, and is not counted
  latenciesUs.length = 0;
  if (!session) errors++;
}
await Promise.all(Array.from({ length: AT_ONCE }, oneAfterAnother));
latenciesUs.sort((a, b) => a - b);
const percentile = (share: number) => Math.round(latenciesUs[Math.floor(latenciesUs.length * share)] ?? 0);
const load = {
  requests: latenciesUs.length,
  seconds: (performance.now() - startMs) / 1000,
  bytes,
  errors,
  p50Us: percentile(0.5),
  p99Us: percentile(0.99),
  p999Us: percentile(0.999),
};
console.log(`LOAD ${JSON.stringify(load)}`);
