/** Each mode with the xdp build of the director. */
import { testModes } from './modes.ts';

testModes('xdp');
