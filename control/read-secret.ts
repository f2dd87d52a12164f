/** Reads a secret from standard input: never from the command line or the environment, which others can see. */
import { createInterface } from 'node:readline';
import { OptionFault } from './options.ts';

/** The first line of what comes, latin1; a terminal does not show it. @param what is asked for @throws {OptionFault} when nothing comes */
export async function readSecret(what: string): Promise<string> {
  const { stdin } = process;
  if (stdin.isTTY) {
    process.stderr.write(`${what}: `);
    return readHidden();
  }
  for await (const line of createInterface({ input: stdin.setEncoding('latin1') })) return line;
  throw new OptionFault(`no ${what} came on standard input`);
}

function readHidden(): Promise<string> {
  const { stdin } = process;
  stdin.setRawMode(true).setEncoding('latin1');
  let text = '';
  return new Promise(done => {
    const hear = (piece: string) => {
      for (const char of piece) {
        if (char === '\r' || char === '\n' || char === '\x04') {
          stdin.off('data', hear).setRawMode(false).pause();
          process.stderr.write('\n');
          return done(text);
        }
        if (char === '\x03') process.exit(130);
        text = char === '\x7f' ? text.slice(0, -1) : text + char;
      }
    };
    stdin.on('data', hear).resume();
  });
}
