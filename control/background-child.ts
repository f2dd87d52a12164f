/** The child's side of `daemon on`: what it says and how it fares goes to the parent until it listens. */

export const BACKGROUND_VARIABLE = 'MOAT_BACKGROUND';

export type ToParent = { readonly said: string } | { readonly listening: true };

export const isInBackground = (): boolean => process.env[BACKGROUND_VARIABLE] !== undefined;

/** Hands a text to the parent to say; false when nobody listens. */
export function sayThroughParent(text: string): boolean {
  if (!isInBackground() || !process.connected) return false;
  const message: ToParent = { said: text };
  return process.send?.(message) ?? false;
}

/** Lets the parent end, if there is one that waits. */
export function tellParent(): void {
  if (!isInBackground()) return;
  delete process.env[BACKGROUND_VARIABLE];
  const message: ToParent = { listening: true };
  process.send?.(message, undefined, undefined, () => process.disconnect?.());
}
