/** What files are by how they begin, and which extensions say so. */

/** `other`: nothing here unpacks it. */
export type ArchiveKind = 'zip' | 'tar' | 'gzip' | 'zstd' | 'other';

interface Kind {
  readonly name: string;
  readonly archive?: ArchiveKind;
  /** In lower case. */
  readonly extensions: readonly string[];
  /** Of the first bytes, one char a byte. */
  readonly begins: RegExp;
}

const KINDS: readonly Kind[] = [
  { name: 'a JPEG picture', extensions: ['jpg', 'jpeg', 'jfif'], begins: /^\xff\xd8\xff/ },
  { name: 'a PNG picture', extensions: ['png', 'apng'], begins: /^\x89PNG\r\n\x1a\n/ },
  { name: 'a GIF picture', extensions: ['gif'], begins: /^GIF8[79]a/ },
  { name: 'a WebP picture', extensions: ['webp'], begins: /^RIFF.{4}WEBP/s },
  { name: 'a TIFF picture', extensions: ['tif', 'tiff'], begins: /^(?:II\*\0|MM\0\*)/ },
  { name: 'a PDF document', extensions: ['pdf'], begins: /^%PDF-/ },
  {
    name: 'a ZIP archive',
    archive: 'zip',
    extensions: [
      ...['zip', 'jar', 'war', 'apk', 'epub', 'docx', 'docm', 'xlsx', 'xlsm', 'pptx', 'pptm'],
      ...['odt', 'ods', 'odp', 'odg', 'kmz', '3mf'],
    ],
    begins: /^PK(?:\x03\x04|\x05\x06|\x07\x08)/,
  },
  { name: 'a gzip archive', archive: 'gzip', extensions: ['gz', 'tgz'], begins: /^\x1f\x8b/ },
  { name: 'a bzip2 archive', archive: 'other', extensions: ['bz2'], begins: /^BZh[1-9]/ },
  { name: 'an xz archive', archive: 'other', extensions: ['xz'], begins: /^\xfd7zXZ\0/ },
  { name: 'a Zstandard archive', archive: 'zstd', extensions: ['zst'], begins: /^\x28\xb5\x2f\xfd/ },
  { name: 'a 7-Zip archive', archive: 'other', extensions: ['7z'], begins: /^7z\xbc\xaf\x27\x1c/ },
  { name: 'a RAR archive', archive: 'other', extensions: ['rar'], begins: /^Rar!\x1a\x07/ },
  { name: 'a tar archive', archive: 'tar', extensions: ['tar'], begins: /^.{257}ustar/s },
  {
    name: 'an old Office document',
    extensions: ['doc', 'xls', 'ppt', 'msi', 'msg'],
    begins: /^\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1/,
  },
  { name: 'a WAV sound', extensions: ['wav'], begins: /^RIFF.{4}WAVE/s },
  { name: 'an Ogg file', extensions: ['ogg', 'oga', 'ogv', 'opus'], begins: /^OggS/ },
  { name: 'a Matroska video', extensions: ['mkv', 'webm', 'mka'], begins: /^\x1a\x45\xdf\xa3/ },
  {
    name: 'an MP4 file',
    extensions: ['mp4', 'm4a', 'm4v', 'mov', '3gp', 'heic', 'heif', 'avif'],
    begins: /^.{4}ftyp/s,
  },
  { name: 'a program for Windows', extensions: ['exe', 'dll', 'sys', 'scr', 'com'], begins: /^MZ/ },
  { name: 'a program for Linux', extensions: ['so', 'o', 'elf'], begins: /^\x7fELF/ },
  { name: 'a class of Java', extensions: ['class'], begins: /^\xca\xfe\xba\xbe/ },
  { name: 'a script', extensions: ['sh', 'py', 'pl', 'rb'], begins: /^#!/ },
  { name: 'a program in PHP', extensions: ['php', 'phtml', 'phar', 'inc'], begins: /^\s*<\?(?:php\b|=)/i },
];

/** Extensions of which it is known how files begin. */
const TELLING = new Map(KINDS.flatMap(kind => kind.extensions.map(extension => [extension, kind] as const)));

/** @returns how the content contradicts the extension; undefined when it does not */
export function contradiction(extension: string, start: string): string | undefined {
  if (start === '') return undefined;
  const said = TELLING.get(extension);
  if (said?.begins.test(start)) return undefined;
  const found = KINDS.find(({ begins }) => begins.test(start));
  // A text may begin with two letters that programs for Windows begin with.
  if (!said) return found && !isText(start) ? `is ${found.name}` : scriptIn(found);
  return found ? `is ${found.name}` : `does not begin like ${said.name}`;
}

const SCRIPTS = new Set(['a script', 'a program in PHP']);
const scriptIn = (found: Kind | undefined): string | undefined =>
  found && SCRIPTS.has(found.name) ? `is ${found.name}` : undefined;

const isText = (start: string): boolean => !/[\0-\x08\x0e-\x1a\x1c-\x1f]/.test(start);

/** Of the last dot; '' without one. Dots and spaces at the end are what some systems drop. */
export const extensionOf = (name: string): string =>
  /\.([^./\\]*)$/.exec(name.replace(/[. ]+$/, ''))?.[1]?.toLowerCase() ?? '';

/** Undefined for what is no archive. */
export const archiveKind = (start: string): ArchiveKind | undefined =>
  KINDS.find(({ archive, begins }) => archive !== undefined && begins.test(start))?.archive;
