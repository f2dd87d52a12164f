/** Reads a configuration together with the rules of the WAF that it wants, so that a fault in either refuses it. */
import { readFileSync } from 'node:fs';
import type { CheckResult, Diagnostic } from '#config';
import { lazily } from '#kit/lazily.ts';
import { Mmdb, MmdbFault } from '#kit/mmdb.ts';
import type { GeoDatabase } from '#model/l7/geoip.ts';
import type { HttpModel, LocationModel } from '#model/l7/http.ts';
import { type WafRuleTexts, type WafSettings, wafRulesKey } from '#model/l7/waf.ts';
import type { Model } from '#model/main.ts';
import type { WafDiagnostic } from '#waf';
import { type Disk, diskWith } from '../disk.ts';
import type { Invocation } from '../invocation.ts';
import { type Loaded, load, systemReason, type Trial } from '../load.ts';
import { NoRules, ruleRoots } from './rule-roots.ts';
import { RuleTexts } from './rule-texts.ts';

/** Checked only where a configuration has a firewall. */
const engine = lazily<typeof import('#waf')>(import.meta.url, '#waf');

interface Wanted {
  readonly settings: WafSettings;
  readonly site: LocationModel['site'];
}

/** Reads, checks, and compiles the rules once to find their faults. Never throws for what stands in the files. */
export function loadWithRules(invocation: Invocation, trial?: Trial): Loaded {
  const loaded = load(invocation, trial);
  if (!loaded.model?.http) return loaded;
  const { model, diagnostics } = withRules(loaded.model, diskWith(trial?.texts));
  return { ...loaded, model, diagnostics: [...loaded.diagnostics, ...diagnostics] };
}

/** The model with the texts of all rules that its locations want, read where it does not hold them; undefined, with diagnostics, where those are faulty. */
export function withRules(model: Model, disk: Disk = diskWith()): CheckResult {
  if (!model.http) return { model, diagnostics: [] };
  const wanted = wantedRules(model.http);
  const held = new Map(model.http.wafRules.map(texts => [texts.key, texts]));
  const read = [...wanted].map(([key, want]): Read => {
    const texts = held.get(key);
    return texts ? { texts, diagnostics: [] } : readRules(want, disk);
  });
  const diagnostics = read.flatMap(one => one.diagnostics);
  const isFaulty = read.some(one => one.texts === undefined);
  const wafRules = read.flatMap(one => one.texts ?? []);
  const geoDatabases = [...model.http.geoDatabases, ...read.flatMap(one => one.geo ?? [])];
  const whole = { ...model, http: { ...model.http, wafRules, geoDatabases: onceEach(geoDatabases) } };
  return { diagnostics, model: isFaulty ? undefined : whole };
}

/** Each set once, with the first location that wants it. Settings are shared by locations, so most are seen before. */
function wantedRules({ servers }: HttpModel): Map<string, Wanted> {
  const wanted = new Map<string, Wanted>();
  const seen = new Set<WafSettings>();
  const visit = (location: LocationModel): void => {
    const settings = location.settings.waf;
    if (settings.mode !== 'off' && !seen.has(settings)) {
      const key = wafRulesKey(settings);
      if (!wanted.has(key)) wanted.set(key, { settings, site: location.site });
    }
    seen.add(settings);
    for (const inner of [...location.locations, ...location.conditional]) visit(inner);
    if (location.limitExcept) visit(location.limitExcept.location);
  };
  for (const { root } of servers) visit(root);
  return wanted;
}

interface Read {
  /** Undefined: one of the diagnostics is an error. */
  readonly texts: WafRuleTexts | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** What its SecGeoLookupDb named. */
  readonly geo?: GeoDatabase | undefined;
}

const onceEach = (files: readonly GeoDatabase[]): GeoDatabase[] => [
  ...new Map(files.map(file => [file.path, file])).values(),
];

function readRules({ settings, site }: Wanted, disk: Disk): Read {
  try {
    const roots = ruleRoots(settings.rules, disk);
    const loader = new RuleTexts(disk);
    const { rules, diagnostics } = engine().compileRules(roots, loader);
    const geo =
      rules?.settings.geoDatabase === undefined ? undefined : readDatabase(rules.settings.geoDatabase);
    return {
      texts: rules && loader.texts(wafRulesKey(settings), roots),
      diagnostics: [...diagnostics.map(asDiagnostic), ...endOfLife(rules?.settings.components ?? [], site)],
      geo,
    };
  } catch (fault) {
    if (!(fault instanceof NoRules)) throw fault;
    const { message, hint } = fault;
    return { texts: undefined, diagnostics: [diagnostic('error', message, hint, site.file, site.line)] };
  }
}

/** The OWASP rules of version 3 get no more rules and no more repairs of their authors since the third quarter of 2026. */
function endOfLife(components: readonly string[], { file, line }: LocationModel['site']): Diagnostic[] {
  const old = components.find(component => /^OWASP_CRS\/3\./.test(component));
  if (old === undefined) return [];
  const message = `the OWASP rules ${old.slice(old.indexOf('/') + 1)} are at their end of life`;
  return [
    diagnostic('warning', message, 'take version 4 by moat waf fetch-crs, and waf_rules crs=DIR', file, line),
  ];
}

/** @throws {NoRules} */
function readDatabase(path: string): GeoDatabase {
  try {
    const bytes = readFileSync(Buffer.from(path, 'latin1'));
    new Mmdb(bytes);
    return { path, bytes, readS: Math.floor(Date.now() / 1000) };
  } catch (fault) {
    const reason = fault instanceof MmdbFault ? fault.message : systemReason(fault);
    throw new NoRules(
      `SecGeoLookupDb: cannot read ${path}: ${reason}`,
      'name a file in the format of MaxMind (.mmdb)',
    );
  }
}

const asDiagnostic = ({ level, message, hint, file, line, code }: WafDiagnostic): Diagnostic =>
  diagnostic(level, `${message} (${code})`, hint, file, line);

function diagnostic(
  severity: Diagnostic['severity'],
  message: string,
  hint: string | undefined,
  file: string,
  line: number,
): Diagnostic {
  const at = { file, line, column: 1, length: 1 };
  return { ...at, severity, code: 'waf-rules', message, ...(hint === undefined ? {} : { hint }) };
}
