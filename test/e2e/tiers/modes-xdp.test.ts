/** Both tiers, with the director's program in XDP. */
import { testModes } from './modes.ts';

testModes('xdp', 'plain');
