/** Answers without a body, and what filters still say of them, beside nginx. */
import { after, before, test } from 'node:test';
import { response, startUpstream, type Upstream } from '../../e2e/upstream.ts';
import { type Ask, besideNginx, MTIME, type Pair } from '../beside-nginx.ts';

let upstream: Upstream;
let pair: Pair;

before(async () => {
  // RFC 9110 §8.6: a 204 has no Content-Length.
  const none = 'HTTP/1.1 204 No Content\r\nContent-Type: text/x\r\nETag: "e"\r\n\r\n';
  upstream = await startUpstream(({ target }) => (target === '/page' ? response(404, '') : none));
  pair = await besideNginx({
    upstream: upstream.port,
    files: { 'page.html': 'some foo', 'plain.txt': 'some foo' },
    http: `server { listen {port}; root {root};
      location /own { return 204; }
      location /told { add_header Content-Type a/b; add_header X-Type $sent_http_content_type; return 204; }
      location /server { proxy_pass http://{upstream}; add_header X-Type $sent_http_content_type; }
      location /page { proxy_pass http://{upstream}; proxy_intercept_errors on; error_page 404 =204 /told; }
      location /sub/ { alias {root}/; sub_filter foo bar; sub_filter_types text/plain; }
      location /any/ { alias {root}/; sub_filter foo bar; sub_filter_types *; }
    }`,
  });
});

after(async () => {
  await pair?.[Symbol.asyncDispose]();
  await upstream?.stop();
});

test('204: moat tells no type of its own, a server may, add_header too', async () => {
  await pair.compare(
    ['/own', '/told', '/server', '/page'].flatMap((path): Ask[] => [[`GET ${path}`], [`HEAD ${path}`]]),
  );
});

test('304: a filter that would change the body leaves validators alone, there is no body', async () => {
  const asks = ['/sub/page.html', '/sub/plain.txt', '/any/page.html'].map(
    (path): Ask => [`GET ${path}`, `If-Modified-Since: ${MTIME}`],
  );
  await pair.compare(asks);
});
