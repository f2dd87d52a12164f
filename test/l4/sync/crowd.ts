/**
 * Run on the client: connections that keep exchanging data, and one UDP flow with a packet every few ms, by which the time without an
 * answer is measured. Arguments: how many, port, addresses. Lines in: `add N`, `mark`, `report`; out: JSON, one line each.
 */
import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

const [count = '0', port = '0', ...addresses] = process.argv.slice(2);
const SAYS_EVERY_MS = 1000;
const PROBE_MS = 5;
const AT_ONCE = 50;

interface Member {
  readonly socket: Socket;
  said: number;
  heard: number;
  heardSinceMark: number;
}

const members: Member[] = [];
const lost: string[] = [];
let isOver = false;

function join(address: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const socket = connect({ host: address, port: Number(port), noDelay: true });
  const member: Member = { socket, said: 0, heard: 0, heardSinceMark: 0 };
  const end = (why: string) => {
    if (!isOver && member.heard >= 0) lost.push(`${address} ${socket.localPort}: ${why}`);
    member.heard = -1;
    resolve();
  };
  socket.on('error', fault => end(fault.message));
  socket.on('close', () => end('closed'));
  socket.on('connect', () => {
    socket.write('....');
    member.said++;
  });
  socket.on('data', bytes => {
    member.heard += bytes.length / 4;
    member.heardSinceMark++;
    resolve();
  });
  members.push(member);
  return promise;
}

async function add(more: number): Promise<void> {
  for (let at = 0; at < more; at += AT_ONCE)
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, more - at) }, (_, n) =>
        join(addresses[(at + n) % addresses.length]!),
      ),
    );
}

let turn = 0;
/** A tenth of them each tenth of the time. */
setInterval(() => {
  turn = (turn + 1) % 10;
  members.forEach((member, at) => {
    if (at % 10 !== turn || member.heard < 0) return;
    member.socket.write('....');
    member.said++;
  });
}, SAYS_EVERY_MS / 10);

interface Probe {
  lastMs: number;
  longestMs: number;
}
const probes = addresses.map((address): Probe => {
  const probe: Probe = { lastMs: performance.now(), longestMs: 0 };
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('error', () => {});
  socket.on('message', () => {
    const nowMs = performance.now();
    probe.longestMs = Math.max(probe.longestMs, nowMs - probe.lastMs);
    probe.lastMs = nowMs;
  });
  socket.bind(0, () => setInterval(() => socket.send('p', Number(port), address, () => {}), PROBE_MS));
  return probe;
});

/** Those that have not heard all they have said since the mark are waiting. */
const report = () => ({
  open: members.filter(({ heard }) => heard >= 0).length,
  lost,
  behind: members.filter(({ heard, said }) => heard >= 0 && said - heard > 1).length,
  silent: members.filter(({ heard, heardSinceMark }) => heard >= 0 && heardSinceMark === 0).length,
  silenceMs: probes.map(({ lastMs, longestMs }) =>
    Math.round(Math.max(longestMs, performance.now() - lastMs)),
  ),
});

function mark(): void {
  for (const member of members) member.heardSinceMark = 0;
  for (const probe of probes) {
    probe.longestMs = 0;
    probe.lastMs = performance.now();
  }
}

createInterface({ input: process.stdin })
  .on('line', async line => {
    const [verb, number] = line.split(' ');
    if (verb === 'add') await add(Number(number));
    if (verb === 'mark') mark();
    console.log(JSON.stringify(report()));
  })
  .on('close', () => {
    isOver = true;
    process.exit(0);
  });

await add(Number(count));
console.log(JSON.stringify(report()));
