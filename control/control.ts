/** The door of control: the command line in, an exit code out. */
export { main } from './main.ts';
