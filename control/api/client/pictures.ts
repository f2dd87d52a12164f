/** Reads the stream of events: puts the merge patches (RFC 7396) onto the snapshot. */
import type { Json } from '../feed/merge-patch.ts';

/** The value that a merge patch makes of another; neither is changed. */
export function patched(before: Json | undefined, patch: Json): Json {
  if (!isMap(patch)) return patch;
  const now = new Map(isMap(before) ? Object.entries(before) : []);
  for (const [name, value] of Object.entries(patch))
    if (value === null) now.delete(name);
    else now.set(name, patched(now.get(name), value));
  return Object.fromEntries(now);
}

const isMap = (value: Json | undefined): value is { readonly [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The whole picture, after each event. */
export async function* pictures(body: ReadableStream<Uint8Array>): AsyncGenerator<Json> {
  let picture: Json | undefined;
  let text = '';
  const decoder = new TextDecoder();
  for await (const piece of body) {
    text += decoder.decode(piece, { stream: true });
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/m.exec(event) ?? [];
      if (data === undefined) continue; // a comment
      picture = patched(name === 'delta' ? picture : undefined, JSON.parse(data));
      yield picture;
    }
  }
}
