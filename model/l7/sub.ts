/** sub_filter: texts of answers that are replaced. */
import type { Template } from '../template.ts';
import type { MediaTypes } from './compress.ts';

export interface SubRule {
  readonly from: Template;
  readonly to: Template;
}

export interface SubSettings {
  readonly rules: readonly SubRule[];
  readonly types: MediaTypes;
  readonly once: boolean;
  readonly keepLastModified: boolean;
}

export const SUB_DEFAULTS: SubSettings = {
  rules: [],
  types: ['text/html'],
  once: true,
  keepLastModified: false,
};
