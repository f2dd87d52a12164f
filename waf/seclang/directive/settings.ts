/** Directives that set limits and modes. */
import { oneOf } from '../../action/ctl.ts';
import { integer } from '../../action/meta.ts';
import { RuleFault } from '../../diagnostic.ts';
import {
  AUDIT_WORDS,
  type AuditMode,
  ENGINE_WORDS,
  type EngineMode,
  type LimitAction,
  type Settings,
  SWITCH_WORDS,
  XML_ARGUMENT_WORDS,
} from '../../settings.ts';
import { readCodePage } from '../../transform/code-page.ts';
import { pathFrom } from '../loader.ts';
import type { SecDirective } from './directive.ts';

const setting = (
  name: string,
  doc: string,
  set: (settings: Settings, value: string) => void,
): SecDirective => ({
  name,
  doc,
  args: [1, 1],
  apply: ([value], { program }) => set(program.settings, value!),
});

type KeyOf<T> = {
  [K in keyof Settings]-?: Settings[K] extends T ? (T extends Settings[K] ? K : never) : never;
}[keyof Settings];

const number = (name: string, key: KeyOf<number>, most: number, doc: string): SecDirective =>
  setting(name, doc, (settings, value) => {
    settings[key] = integer(value, name, 0, most);
  });

const word = <T extends string | boolean>(
  name: string,
  key: KeyOf<T>,
  words: Readonly<Record<string, T>>,
  doc: string,
): SecDirective =>
  setting(name, doc, (settings, value) => {
    Object.assign(settings, { [key]: oneOf(value, words, name) });
  });

const LIMIT_ACTION: Readonly<Record<string, LimitAction>> = { reject: 'reject', processpartial: 'partial' };
const MOST_BYTES = 1_073_741_824;

export const SETTING_DIRECTIVES: readonly SecDirective[] = [
  word<EngineMode>('SecRuleEngine', 'engine', ENGINE_WORDS, 'On, DetectionOnly or Off.'),
  word<boolean>(
    'SecRequestBodyAccess',
    'requestBodyAccess',
    SWITCH_WORDS,
    'Whether bodies of requests are read.',
  ),
  word<boolean>(
    'SecResponseBodyAccess',
    'responseBodyAccess',
    SWITCH_WORDS,
    'Whether bodies of responses are read.',
  ),
  number('SecRequestBodyLimit', 'requestBodyLimitBytes', MOST_BYTES, 'Bytes of a body that are read.'),
  number(
    'SecRequestBodyNoFilesLimit',
    'requestBodyNoFilesLimitBytes',
    MOST_BYTES,
    'Bytes of a body without its files.',
  ),
  word<LimitAction>(
    'SecRequestBodyLimitAction',
    'requestBodyLimitAction',
    LIMIT_ACTION,
    'Reject or ProcessPartial.',
  ),
  number('SecResponseBodyLimit', 'responseBodyLimitBytes', MOST_BYTES, 'Bytes of a response that are read.'),
  word<LimitAction>(
    'SecResponseBodyLimitAction',
    'responseBodyLimitAction',
    LIMIT_ACTION,
    'Reject or ProcessPartial.',
  ),
  {
    name: 'SecResponseBodyMimeType',
    doc: 'Media types of responses that are read.',
    args: [1, 100],
    apply(types, { program: { settings } }) {
      settings.responseBodyTypes ??= new Set();
      for (const type of types.flatMap(one => one.split(/\s+/)))
        if (type !== '') settings.responseBodyTypes.add(type.toLowerCase());
    },
  },
  {
    name: 'SecResponseBodyMimeTypesClear',
    doc: 'Forgets the media types that were named before.',
    args: [0, 0],
    apply: (_, { program: { settings } }) => {
      settings.responseBodyTypes = new Set();
    },
  },
  number('SecRequestBodyJsonDepthLimit', 'jsonDepthLimit', 10_000, 'How deep JSON may nest.'),
  number('SecArgumentsLimit', 'argumentsLimit', 1_000_000, 'Arguments of a request; more set REQBODY_ERROR.'),
  number(
    'SecUploadFileLimit',
    'uploadFileLimit',
    10_000,
    'Files of a request; more set MULTIPART_FILE_LIMIT_EXCEEDED.',
  ),
  {
    name: 'SecUnicodeMapFile',
    doc: 'A file with what code pages make of letters, by which `t:urlDecodeUni` reads %uHHHH; and the number of the page.',
    args: [1, 2],
    apply([path, page], { program: { settings }, read }) {
      const text = read(path!);
      const number = page === undefined ? settings.unicodePage : integer(page, 'the code page', 0, 65_535);
      settings.unicodePage = number;
      settings.codePage = readCodePage(text, number);
      if (!settings.codePage)
        throw new RuleFault(
          'value',
          `${path} has no code page ${number}`,
          'name one that it has, as in 20127',
        );
    },
  },
  number(
    'SecUnicodeCodePage',
    'unicodePage',
    65_535,
    'The page for a SecUnicodeMapFile after it that names none.',
  ),
  setting('SecArgumentSeparator', 'The sign between arguments, & by default.', (settings, value) => {
    if (value.length !== 1)
      throw new RuleFault('value', `the separator is ${JSON.stringify(value)}`, 'give one character');
    settings.argumentSeparator = value;
  }),
  setting(
    'SecCookieFormat',
    '0 for cookies as browsers send them, 1 for those of RFC 2109.',
    (settings, value) => {
      settings.cookieFormat = integer(value, 'SecCookieFormat', 0, 1) === 1 ? 1 : 0;
    },
  ),
  number(
    'SecCollectionTimeout',
    'collectionTimeoutSeconds',
    31_536_000,
    'Seconds that records of collections live.',
  ),
  {
    name: 'SecGeoLookupDb',
    doc: "The database that `@geoLookup` asks, in MaxMind's format (.mmdb).",
    args: [1, 2],
    apply([path], { program: { settings }, place }) {
      settings.geoDatabase = pathFrom(place.file, path!);
    },
  },
  setting(
    'SecHttpBlKey',
    'The key for `@rbl dnsbl.httpbl.org`, which asks nobody without one.',
    (settings, value) => {
      if (!/^[a-z]{12}$/.test(value))
        throw new RuleFault('value', 'this is no key of httpbl.org', 'it has 12 lower-case letters');
      settings.httpBlKey = value;
    },
  ),
  word<Settings['xmlArguments']>(
    'SecParseXmlIntoArgs',
    'xmlArguments',
    XML_ARGUMENT_WORDS,
    'Whether texts of an XML body are arguments, too (On), or nothing else (OnlyArgs).',
  ),
  word<AuditMode>('SecAuditEngine', 'audit', AUDIT_WORDS, 'On, RelevantOnly or Off.'),
  setting('SecAuditLogParts', 'Letters of the parts that a line of the audit log has.', (settings, value) => {
    if (!/^[A-KZ]+$/i.test(value))
      throw new RuleFault(
        'value',
        `${JSON.stringify(value)} are no parts of the audit log`,
        'as in ABIJDEFHZ',
      );
    settings.auditParts = value.toUpperCase();
  }),
  setting(
    'SecAuditLogRelevantStatus',
    'A pattern of statuses that make a transaction relevant.',
    (settings, value) => {
      settings.auditRelevantStatus = value;
    },
  ),
  setting('SecComponentSignature', 'Name and version of a set of rules.', (settings, value) => {
    settings.components.push(value);
  }),
  setting('SecWebAppId', 'The name of the application, as WEBAPPID.', (settings, value) => {
    settings.webAppId = value;
  }),
  setting('SecSensorId', 'The name of this machine in the audit log.', (settings, value) => {
    settings.sensorId = value;
  }),
];
