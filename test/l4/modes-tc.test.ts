/** Each mode with the tc build of the director. */
import { testModes } from './modes.ts';

testModes('tc');
