/** Both tiers, with the director's program in tc. */
import { testModes } from './modes.ts';

testModes('tc', 'plain');
