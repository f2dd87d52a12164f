/** SYN cookies with the xdp build of the director. */
import { testCookies } from './cookies.ts';

testCookies('xdp');
