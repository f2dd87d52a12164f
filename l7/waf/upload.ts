/** Files of forms: whether they may be uploaded, by extension, content and size. */
import type { UploadSettings } from '#model/l7/waf.ts';
import type { Part } from '#waf';
import { quoted } from '../log/quoted.ts';
import { contradiction } from './file-kinds.ts';

export interface UploadFault {
  readonly status: 403 | 413;
  readonly message: string;
}

/** The first file that may not be uploaded; one without content is no file: browsers send such for empty fields. */
export function uploadFault(files: readonly Part[], settings: UploadSettings): UploadFault | undefined {
  for (const { filename, length, start } of files) {
    if (length === 0 || filename === undefined) continue;
    const name = quoted(filename.slice(-100));
    if (settings.mostBytes !== undefined && length > settings.mostBytes)
      return { status: 413, message: `the file ${name} has ${length} bytes` };
    const reason = reasonOf(filename, start, settings.types);
    if (reason !== undefined) return { status: 403, message: `the file ${name} ${reason}` };
  }
  return undefined;
}

function reasonOf(filename: string, start: string, types: UploadSettings['types']): string | undefined {
  if (/[\0-\x1f]/.test(filename)) return 'has a control character in its name';
  const extension = /\.([^./\\]*)$/.exec(filename.replace(/[. ]+$/, ''))?.[1]?.toLowerCase() ?? '';
  if (types && !types.includes(extension)) return 'is of a type that is not taken';
  return contradiction(extension, start);
}
