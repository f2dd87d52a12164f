/** Both tiers by tunnels, with the director's program in XDP. */
import { testModes } from './modes.ts';

testModes('xdp', 'tunnels');
