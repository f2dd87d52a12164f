/** The three small servers behind the demo. Runs as a process of its own; sends its ports to its parent. */
import { startServer } from './server.ts';

const NAMES = ['ada', 'bela', 'cleo'] as const;

// Ctrl-C, and a terminal that is closed, go to all: the parent ends this one when moat has ended.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
process.on('disconnect', () => process.exit(0));
process.send?.(await Promise.all(NAMES.map(name => startServer(name))));
