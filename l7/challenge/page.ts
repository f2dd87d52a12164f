/** The page of the challenge. It loads nothing, and works in any browser of the last fifteen years. */
import { randomBytes } from 'node:crypto';
import { Response } from '../response.ts';
import { WORK } from './work.ts';

export interface PageFacts {
  readonly token: string;
  readonly bits: number;
  /** Undefined: nobody is let in without JavaScript. */
  readonly waitMs: number | undefined;
  readonly cookie: string;
  readonly secure: boolean;
}

const STATUS = 403;

/** The answer of JavaScript comes back in a cookie of this name: what the page's own cookie is called, and `_a`. */
export const answerCookie = (cookie: string): string => `${cookie}_a`;

export function pageResponse(): { readonly response: Response; readonly nonce: string } {
  const nonce = randomBytes(12).toString('base64url');
  const response = new Response(STATUS);
  response.setContentType('text/html; charset=utf-8');
  const { headers } = response;
  headers.set('Cache-Control', 'no-store');
  headers.set(
    'Content-Security-Policy',
    `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  headers.set('X-Content-Type-Options', 'nosniff');
  headers.set('X-Frame-Options', 'DENY');
  headers.set('Referrer-Policy', 'no-referrer');
  headers.set('X-Robots-Tag', 'noindex');
  return { response, nonce };
}

/** Nothing in it is a stranger's text: tokens are letters, digits, `.`, `-` and `_`. */
export function pageText({ token, bits, waitMs, cookie, secure }: PageFacts, nonce: string): string {
  // A second more: the token is good a moment after it was made, and clocks of browsers are rough.
  const refresh =
    waitMs === undefined
      ? ''
      : `<noscript><meta http-equiv="refresh" content="${waitMs / 1000 + 1}"></noscript>`;
  const without =
    waitMs === undefined
      ? 'Please switch JavaScript on.'
      : `Without JavaScript this takes ${waitMs / 1000 + 1} seconds; the page goes on by itself.`;
  const facts = JSON.stringify([token, bits, answerCookie(cookie), secure ? '; Secure' : '']);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>One moment</title>
<meta name="viewport" content="width=device-width,initial-scale=1">${refresh}
<style nonce="${nonce}">body{font:1.1em/1.5 system-ui,sans-serif;max-width:32em;margin:20vh auto;padding:0 1em;color:#222;background:#fff}@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}}</style>
</head><body><main><h1>One moment</h1>
<p id="say" role="status">This site makes sure that you come with a browser. Your browser needs cookies for it.</p>
<noscript><p>${without}</p></noscript></main>
<script nonce="${nonce}">(${WORK})(${facts})</script>
</body></html>
`;
}
