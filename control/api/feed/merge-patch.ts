/** What has changed between two JSON values, as a merge patch (RFC 7396). */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

const isObject = (value: Json | undefined): value is { readonly [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Applied to `before` it gives `now`. Lists are replaced as a whole.
 *
 * @returns undefined: nothing has changed. A member that is null now cannot be told from one that is gone: give none
 */
export function mergePatch(before: Json, now: Json): Json | undefined {
  if (!isObject(before) || !isObject(now))
    return JSON.stringify(before) === JSON.stringify(now) ? undefined : now;
  const patch: Record<string, Json> = {};
  for (const name of Object.keys(before)) if (!Object.hasOwn(now, name)) patch[name] = null;
  for (const [name, value] of Object.entries(now)) {
    const change = Object.hasOwn(before, name) ? mergePatch(before[name]!, value) : value;
    if (change !== undefined) patch[name] = change;
  }
  return Object.keys(patch).length > 0 ? patch : undefined;
}
