/** Settings of the mirror module. */

export interface MirrorSettings {
  /** Paths of the same server that get a copy of each request; what they answer is dropped. */
  readonly targets: readonly string[];
  /** Whether the copies have the body: then it is read whole before the request goes on. */
  readonly requestBody: boolean;
}

export const MIRROR_DEFAULTS: MirrorSettings = { targets: [], requestBody: true };
