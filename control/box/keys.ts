/** What is typed: single keys of a terminal, or lines of a pipe. */
import { createInterface } from 'node:readline';
import { processStat } from '../host/process-stat.ts';

const CTRL_C = '\x03';

/**
 * Reads until it is closed.
 *
 * @param heard is given a key, or a line without blanks around it
 * @param interrupt is called at Ctrl-C, which a terminal in this state sends as a character
 * @returns ends it; the terminal is then as it was
 */
export function readKeys(heard: (key: string) => void, interrupt: () => void): () => void {
  const { stdin } = process;
  stdin.on('error', () => {}); // the terminal has gone
  if (!stdin.isTTY) {
    const lines = createInterface(stdin).on('line', line => heard(line.trim()));
    return () => {
      lines.close();
      stdin.destroy();
    };
  }
  // Whoever reads a terminal from the background is stopped by the kernel.
  if (!isInForeground()) return () => {};
  stdin.setRawMode(true);
  stdin.setEncoding('utf8').on('data', text => {
    for (const key of String(text))
      if (key === CTRL_C) interrupt();
      else heard(key);
  });
  return () => {
    stdin.setRawMode(false);
    stdin.destroy();
  };
}

/** Fields 5 and 8: this process's group, and the one that its terminal listens to. */
const isInForeground = (): boolean => processStat('self', 5) === processStat('self', 8);
