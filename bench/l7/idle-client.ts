/** Holds connections open that have asked once. Arguments: port, count. Says READY; at the end of its input, LEFT. */
import { connect, type Socket } from 'node:net';

const [port, count] = [Number(process.argv[2]), Number(process.argv[3])];
/** Connections being opened at the same time: less than any listen queue. */
const AT_ONCE = 64;
const REQUEST = 'GET / HTTP/1.1\r\nHost: bench.example\r\n\r\n';

const held: Socket[] = [];
let failures = 0;

function open(): Promise<void> {
  return new Promise(done => {
    const socket = connect(port, '127.0.0.1', () => socket.write(REQUEST));
    held.push(socket);
    socket.once('data', done);
    socket.on('error', () => {});
    socket.once('close', () => {
      failures++;
      done();
    });
  });
}

async function some(): Promise<void> {
  while (held.length < count) await open();
}

await Promise.all(Array.from({ length: AT_ONCE }, some));
console.log('READY');
process.stdin.resume().once('end', () => {
  console.log(`LEFT ${held.length - failures}`);
  process.exit(0);
});
