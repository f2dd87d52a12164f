/** Command lines of curl as requests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OptionFault } from '../../../control/options.ts';
import { readRequest, shellWords } from '../../../control/waf/command/curl.ts';

test('shellWords() parts words as a POSIX shell does', () => {
  assert.deepEqual(shellWords(`curl -H 'A: b c' "x \\"y\\"" a\\ b 'it'"'"'s'`), [
    'curl',
    '-H',
    'A: b c',
    'x "y"',
    'a b',
    "it's",
  ]);
  assert.throws(() => shellWords("curl 'open"), OptionFault);
});

test('readRequest() takes method and URL, and what curl adds of itself', () => {
  const { method, url, headers, body } = readRequest('GET https://a.example/x?y', ['X-A: b'], undefined);
  assert.deepEqual([method, url, body], ['GET', 'https://a.example/x?y', undefined]);
  assert.deepEqual(headers, [
    ['X-A', 'b'],
    ['User-Agent', 'curl/8.0'],
    ['Accept', '*/*'],
  ]);
});

const LINES: readonly (readonly [string, string, string, string | undefined])[] = [
  [`curl http://a/x`, 'GET', 'http://a/x', undefined],
  [`curl a/x`, 'GET', 'http://a/x', undefined],
  [`curl -sk -d a=b -d c=d http://a`, 'POST', 'http://a', 'a=b&c=d'],
  [`curl -XPUT --data-raw 'x y' http://a`, 'PUT', 'http://a', 'x y'],
  [`curl --json '{"a":1}' http://a`, 'POST', 'http://a', '{"a":1}'],
  [`curl -I http://a -o /dev/null`, 'HEAD', 'http://a', undefined],
  [`curl --data-urlencode 'q=a b' http://a`, 'POST', 'http://a', 'q=a%20b'],
];

for (const [line, method, url, body] of LINES) {
  test(`readRequest() of ${line}`, () => {
    const request = readRequest(line, [], undefined);
    assert.deepEqual([request.method, request.url, request.body], [method, url, body]);
  });
}

for (const line of ['wget http://a', 'curl', 'curl -d @file http://a', 'curl -H']) {
  test(`readRequest() refuses ${line}`, () =>
    assert.throws(() => readRequest(line, [], undefined), OptionFault));
}
