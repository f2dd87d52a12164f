/** add_before_body, add_after_body: what stands around an answer. */
import type { MediaTypes } from './compress.ts';

export interface AdditionSettings {
  /** Paths of the same server; '' for none. */
  readonly before: string;
  readonly after: string;
  readonly types: MediaTypes;
}

export const ADDITION_DEFAULTS: AdditionSettings = { before: '', after: '', types: ['text/html'] };
