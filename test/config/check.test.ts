/** The checker: names, places, arguments, duplicates, and that one fault does not hide the next. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkText, faultsOf } from './check-text.ts';

const faults = (text: string) => faultsOf(checkText(text));
const hintsOf = (text: string) => checkText(text).diagnostics.map(({ hint }) => hint);
const inServer = (text: string) => `http { server { ${text} } }`;

test('check: an unknown directive is told with the nearest name, whatever its case', () => {
  assert.deepEqual(hintsOf('Worker_Procesess 2;'), ['did you mean "worker_processes"?']);
  assert.deepEqual(hintsOf('qqqqqqqq 2;'), [undefined]);
});

test('check: names are as in nginx: exact, and quotes change nothing', () => {
  assert.deepEqual(faults('"daemon" off;'), []);
  assert.deepEqual(faults('Daemon off;'), ['1:1 unknown-directive: unknown directive "Daemon"']);
  assert.deepEqual(faults('"" x;'), ['1:1 unknown-directive: unknown directive ""']);
});

test('check: a misplaced directive says where it may stand', () => {
  assert.deepEqual(faults('server_name a;'), ['1:1 misplaced: "server_name" is not allowed in main']);
  assert.deepEqual(hintsOf('server_name a;'), ['it may stand in server']);
});

test('check: a block is wanted or not', () => {
  assert.deepEqual(faults('events;\ndaemon on { }'), [
    '1:1 no-block: "events" has no block',
    '2:1 unexpected-block: "daemon" takes no block',
  ]);
});

test('check: a block that follows a missing ";" is explained', () => {
  assert.deepEqual(hintsOf('http { server {\nroot /x\nlocation / { } } }'), [
    'is a ";" missing after "/x" on line 2?',
  ]);
});

test('check: a second directive where one may stand is told with the place of the first', () => {
  assert.deepEqual(faults('daemon on;\ndaemon on;'), ['2:1 duplicate: "daemon" is already set on line 1']);
  assert.deepEqual(faultsOf(checkText('daemon on;\ninclude a;', { '/conf/a': 'daemon on;' })), [
    '/conf/a:1:1 duplicate: "daemon" is already set in /conf/moat.conf on line 1',
  ]);
  assert.deepEqual(faults('http { root /a; server { root /b; location / { root /c; } } }'), []);
});

test('check: arguments that are missing, too many, unknown or doubled', () => {
  assert.deepEqual(faults('daemon;'), ['1:1 too-few: daemon: "on" is missing: on or off']);
  assert.deepEqual(faults('daemon on off;'), ['1:11 too-many: daemon: too many arguments: "off"']);
  const member = (text: string) => `http { upstream a { server h ${text}; } }`;
  assert.deepEqual(faults(member('wight=2')), [
    '1:30 unknown-parameter: server: unknown parameter "wight=2"',
  ]);
  assert.deepEqual(faults(member('weight=2 weight=3')), ['1:39 duplicate: server: "weight" is given twice']);
  assert.deepEqual(faults(member('weight=0')), ['1:30 value: server: 0 is out of range']);
  assert.deepEqual(faults(member('down=1')), ['1:30 unknown-parameter: server: unknown parameter "down=1"']);
});

test('check: all faults of a line are told', () => {
  assert.deepEqual(faults('http { upstream a { server h weight=x max_fails=y down; } }'), [
    '1:30 value: server: "x" is not a number',
    '1:39 value: server: "y" is not a number',
  ]);
});

test('check: on, off and fixed words are taken in either case', () => {
  assert.equal(checkText('daemon OFF;').model?.process.daemon, false);
});

test('check: faults inside a block are told though its head is faulty', () => {
  const inside = 'rooot /x; listen x:y:z;';
  const expected = [
    '1:16 unknown-directive: unknown directive "rooot"',
    '1:33 value: listen: "x:y:z" is not an address',
  ];
  for (const head of ['http { server { ', 'http{ server a{ ', 'http b{server { ']) {
    const told = faults(`${head}${inside} } }`).filter(fault => !fault.includes('too-many'));
    assert.deepEqual(
      told.map(fault => fault.slice(5)),
      expected.map(fault => fault.slice(5)),
      head,
    );
  }
  assert.deepEqual(faults(inServer('location ! /x { rooot /x; }')), [
    '1:26 value: location: invalid location modifier "!"',
    '1:33 unknown-directive: unknown directive "rooot"',
  ]);
});

test('check: a block in the wrong place is looked into', () => {
  assert.deepEqual(faults('server { rooot /x; }'), [
    '1:1 misplaced: "server" is not allowed in main',
    '1:10 unknown-directive: unknown directive "rooot"',
  ]);
});

test('check: a block of nginx that moat does not have is told once', () => {
  assert.deepEqual(faults('mail { server { protocol imap; anything; } }'), [
    '1:1 not-implemented: "mail" is a directive of nginx that moat does not implement',
  ]);
});

test('check: diagnostics run from top to bottom of each file', () => {
  const lines = checkText('http {\n log_format x $nope;\n rooot /;\n server { } foo;\n}').diagnostics;
  assert.deepEqual(
    lines.map(({ line }) => line),
    [2, 3, 4],
  );
});

test('check: a regular expression that was cut by its brace is explained', () => {
  const hints = hintsOf(inServer('location ~ ^/a{2}$ { root /x; }'));
  assert.ok(hints.includes('a regular expression with "{", "}" or ";" in it goes in quotes'), `${hints}`);
});

test('resolve: a variable that nothing makes is told at its first use, with the nearest name', () => {
  const text = 'http { log_format a $remote_adr; log_format b $remote_adr; log_format c $args$1$http_x; }';
  assert.deepEqual(faults(text), ['1:21 unknown-variable: unknown variable "$remote_adr"']);
  assert.deepEqual(hintsOf(text), ['did you mean "$remote_addr"?']);
});

test('resolve: a named group makes a variable, for the lines above it too', () => {
  assert.deepEqual(faults(inServer('root /srv/$tenant; server_name ~^(?<tenant>.+)[.]c$;')), []);
});

test('resolve: nothing is called unknown while a part could not be read', () => {
  assert.deepEqual(faults('http { log_format a $made_elsewhere; include gone.conf; }'), [
    '1:46 cannot-read: cannot read /conf/gone.conf: no such file',
  ]);
});

test('resolve: the socket options of an address stand on one line', () => {
  const text = (first: string, second: string) =>
    `http { server { listen 80 ${first}; } server { listen 80 ${second}; server_name b; } }`;
  assert.deepEqual(faults(text('backlog=9', 'rcvbuf=4k')), [
    '1:56 duplicate-listen: duplicate listen options for 0.0.0.0:80',
  ]);
  const { model, diagnostics } = checkText(text('', 'backlog=9'));
  assert.deepEqual(diagnostics, []);
  assert.equal(model?.http?.listens['0.0.0.0:80']?.backlog, 9);
});

test('resolve: a name that another server of the address has is warned of', () => {
  const text =
    'http { server { server_name a *.b; listen 80; }\nserver { server_name A *.b c; listen 80; } }';
  assert.deepEqual(faults(text), [
    '2:1 server-name-conflict: conflicting server name "a" on 0.0.0.0:80, ignored',
    '2:1 server-name-conflict: conflicting server name "*.b" on 0.0.0.0:80, ignored',
  ]);
  assert.notEqual(checkText(text).model, undefined);
});

test('resolve: two locations with one text are told', () => {
  assert.deepEqual(
    faults(inServer('location /a { }\nlocation = /a { }\nlocation ^~ /a { }\nlocation @b { }')),
    ['3:10 value: location: location "/a" is already defined on line 1'],
  );
});
