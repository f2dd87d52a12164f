/** The upgrade: a new control process beside this one, on the same listening sockets. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { ListeningSocket } from '#l7';
import { inheritanceOf } from './inherit.ts';

/** How this program was started: `bin/moat` names itself, so that the one that stands there now is started. */
function commandLine(): [string, ...string[]] {
  const [runtime, script = '', ...args] = process.argv;
  const program = process.env['MOAT_PROGRAM']; // set by bin/moat
  return program ? [program, ...args] : [runtime ?? process.execPath, ...process.execArgv, script, ...args];
}

/** Starts the program anew with the same arguments; it finds `sockets` in its environment. */
export function startSuccessor(sockets: readonly ListeningSocket[]): ChildProcess {
  const [program, ...args] = commandLine();
  return spawn(program, args, {
    stdio: ['inherit', 'inherit', 'inherit', ...sockets.map(socket => socket.fd)],
    env: { ...process.env, ...inheritanceOf(sockets) },
  });
}
