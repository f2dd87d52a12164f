/** The box in a terminal, which `script` makes: what it draws, keys, and how it ends. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { until } from '../../../control/box/net/host.ts';
import { freePorts, PROGRAMS } from '../../e2e/rig.ts';
import { Demo, lives, nothingIsLeft, options } from './demo.ts';

test(
  'box: in a terminal it draws, keys do what the menu says, and it ends by Ctrl-C or when the terminal goes',
  options,
  async () => {
    for (const end of ['Ctrl-C', 'hang up']) {
      const [port = 0, tlsPort = 0] = await freePorts(2);
      const line = `exec ${PROGRAMS.moat} demo --port ${port} --tls-port ${tlsPort} --rate 50`;
      const terminal = spawn('script', ['-qefc', line, '/dev/null'], { stdio: 'pipe' });
      const demo = new Demo(port, terminal);
      await demo.hears(/q end/);
      const { number, pids } = demo;
      await demo.hears(/director1 +\d+ +active for .* eth0 by tc/);
      await demo.hears(/director2 +\d+ +backup for .* eth0 by tc/);
      terminal.stdin.write('5');
      assert.match(await demo.hears(/kill -9 moat on director1: .*failed/), /; 0 of [1-9]\d+ requests/);
      if (end === 'Ctrl-C') terminal.stdin.write('\x03');
      else terminal.kill('SIGKILL');
      await demo.ended;
      await until(() => !pids.some(lives), `the end of ${pids.filter(lives)}`);
      await nothingIsLeft(demo, number, pids);
    }
  },
);
