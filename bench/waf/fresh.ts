/**
 * Requests that are not all the same: what a user types and the token of his session are new with each, what his browser and
 * the page add is not. Otherwise a cache would be measured that no site has.
 */
import type { Ask } from './requests.ts';

/** Stands for eight letters that no request before had. */
export const FRESH = '@@@@@@@@';

/** Letters only, so that no rule takes it for anything. @param n 0 to 2^32 */
function wordOf(n: number): string {
  let rest = Math.imul(n + 1, 0x9e37_79b1) >>> 0;
  let word = '';
  for (let at = 0; at < FRESH.length; at++) {
    word += String.fromCharCode(97 + (rest % 26));
    rest = Math.floor(rest / 26) + at * 7;
  }
  return word;
}

export const freshened = (text: string, n: number): string => text.replaceAll(FRESH, wordOf(n));

/** So many different ones of a request, made beforehand. */
export const versionsOf = (ask: Ask, count: number): Ask[] =>
  Array.from({ length: count }, (_, n) => ({
    ...ask,
    target: freshened(ask.target, n),
    ...(ask.body === undefined ? {} : { body: freshened(ask.body, n) }),
  }));

/** Lua for wrk that sends a request so. */
export const freshLua = (
  { method, target, body }: Ask,
  headers: Readonly<Record<string, string>>,
): string => `
local n = 0
local function word()
  n = n + 1
  local rest, letters = (n * 2654435769) % 4294967296, {}
  for at = 1, ${FRESH.length} do
    letters[at] = string.char(97 + rest % 26)
    rest = math.floor(rest / 26) + at * 7
  end
  return table.concat(letters)
end
local target, body = ${JSON.stringify(target)}, ${body === undefined ? 'nil' : `[==[${body}]==]`}
local cookie = ${JSON.stringify(headers.Cookie ?? '')}
request = function()
  local new = word()
  wrk.headers['Cookie'] = cookie:gsub('${FRESH}', new)
  local text = body and body:gsub('${FRESH}', new)
  return wrk.format('${method}', (target:gsub('${FRESH}', new)), nil, text)
end
`;
