/** SYN cookies with the tc build of the director. */
import { testCookies } from './cookies.ts';

testCookies('tc');
