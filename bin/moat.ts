/** The program: arguments in, exit code out. */
import { main } from '#control';

process.exitCode = await main(process.argv.slice(2));
