/** The far end of tunnels on a host of the lab: attaches, and ends. usage: decap-host.ts DIRECTOR ... */
import { attachDecap } from '../../l4/decap.ts';

attachDecap({ interface: 'eth0', mode: 'driver', directors: process.argv.slice(2), guePort: 6080 });
