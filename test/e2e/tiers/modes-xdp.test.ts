/** Both tiers with the director's program in xdp. */
import { testModes } from './modes.ts';

testModes('xdp');
