/** `daemon on`: the program goes on in a process of its own, and the one that was started ends when that one listens. */
import { spawn } from 'node:child_process';
import { openToAppend } from '#kit/append-file.ts';
import type { Model } from '#model/main.ts';
import { BACKGROUND_VARIABLE, type ToParent } from './background-child.ts';
import { say } from './complaint.ts';
import type { Invocation } from './invocation.ts';
import { planeConfigOf } from './plane-config.ts';

/** Starts the same command in the background. @returns 0 when it listens, else its exit code */
export function goToBackground(invocation: Invocation, model: Model): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    env: { ...process.env, [BACKGROUND_VARIABLE]: '1' },
    stdio: ['ignore', 'ignore', lastWordsOf(invocation, model), 'ipc'],
    detached: true, // a session of its own: no terminal, no signals of one
  });
  return new Promise(resolve => {
    child.on('message', (message: ToParent) => {
      if ('said' in message) say(message.said);
      else {
        child.unref(); // it has taken leave; nothing here waits for it any more
        resolve(0);
      }
    });
    child.once('error', fault => {
      say(`nginx: [emerg] ${fault.message}\n`);
      resolve(1);
    });
    child.once('exit', code => resolve(code || 1));
  });
}

/** Where stderr goes in the background: what the runtime itself says when it dies belongs into the error log. */
function lastWordsOf(invocation: Invocation, model: Model): number | 'ignore' | 'inherit' {
  const [first] = planeConfigOf(model, invocation).errorLogs;
  if (first?.target.kind === 'stderr') return 'inherit';
  if (first?.target.kind !== 'file') return 'ignore';
  try {
    return openToAppend(first.target.path);
  } catch {
    return 'ignore'; // the child fails to open it too, and says so
  }
}
