/** One of the box's servers, a process in its namespace: NAME PORT ADDRESS. It is told by messages how many ms its answers wait. */
import { startServer } from '../demo/server.ts';

const [name = '', port, address] = process.argv.slice(2);
let delayMs = 0;
process.on('message', told => (delayMs = Number(told)));
process.on('disconnect', () => process.exit(0));
process.send?.(await startServer(name, Number(port), address, () => delayMs));
