/** The upgrade: a new control process beside this one, on the same listening sockets. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { serialize } from 'node:v8';
import { type Inheritance, inheritanceOf } from './inherit.ts';

/** How this program was started: `bin/moat` names itself, so that the one that stands there now is started. */
function commandLine(): [string, ...string[]] {
  const [runtime, script = '', ...args] = process.argv;
  const program = process.env['MOAT_PROGRAM']; // set by bin/moat
  return program ? [program, ...args] : [runtime ?? process.execPath, ...process.execArgv, script, ...args];
}

/** Starts the program anew with the same arguments; it finds what we leave to it (inherit.ts). */
export function startSuccessor({ sockets, secrets }: Inheritance): ChildProcess {
  const [program, ...args] = commandLine();
  const child = spawn(program, args, {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe', ...sockets.map(socket => socket.fd)],
    // Undefined: the watchdog of systemd looks after this process, and after that one when it is the only one.
    env: { ...process.env, WATCHDOG_PID: undefined, ...inheritanceOf(sockets) },
  });
  const pipe = child.stdio[3] as Writable;
  pipe.on('error', () => {}); // it has ended before it read them, which its exit tells
  pipe.end(serialize(secrets));
  return child;
}
