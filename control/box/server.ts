/** One of the box's servers, a process in its namespace: NAME PORT ADDRESS. */
import { startServer } from '../demo/server.ts';

const [name = '', port, address] = process.argv.slice(2);
process.on('disconnect', () => process.exit(0));
process.send?.(await startServer(name, Number(port), address));
