/** The door of the configuration: a file in, a model or diagnostics out. */
import type { Model } from '#model/main.ts';
import { checkBlock } from './check.ts';
import { type Diagnostic, Faults } from './diagnostic.ts';
import type { MainDraft } from './draft.ts';
import { freezeModel } from './freeze-model.ts';
import { Parser, type Source } from './parse.ts';
import { resolveModel } from './resolve.ts';
import { Scope } from './scope.ts';

export type { Diagnostic } from './diagnostic.ts';
export { unifiedDiff } from './diff.ts';
export { type Formatted, formatConfig } from './fmt.ts';
export {
  describeDirectives,
  type Entry as ManualEntry,
  entries as manualEntries,
  nearestDirective,
} from './manual.ts';
export { type Statement, statementsOf } from './outline.ts';
export type { Source } from './parse.ts';
export { GENERATE, referencePages } from './reference.ts';
export { type RenderOptions, renderDiagnostics, summarize } from './render.ts';
export { type SecretPlaces, secretPlaces } from './secrets.ts';
export { type Vocabulary, vocabulary } from './vocabulary.ts';

export interface CheckOptions {
  readonly source: Source;
  /** Where relative paths of content and logs start; ends with `/`. */
  readonly prefix: string;
  /** Where relative paths of includes and certificates start; ends with `/`. */
  readonly confDir: string;
  /** Directives of the command line (`-g`); they are read before the file, so a second one there is a duplicate. */
  readonly globals?: string;
  /** Whether root will run it, which decides where a server without `listen` listens; true if absent. */
  readonly asRoot?: boolean;
}

export interface CheckResult {
  /** Undefined when there is an error among the diagnostics. */
  readonly model: Model | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads a configuration file and all it includes, and finds every fault in them. */
export function checkConfig(file: string, options: CheckOptions): CheckResult {
  const faults = new Faults();
  const main: MainDraft = { process: {}, http: undefined, l4: undefined, cluster: undefined, api: undefined };
  const scope = new Scope(
    'main',
    undefined,
    { ...options, asRoot: options.asRoot ?? true, faults, main },
    {},
    {},
  );
  const parser = new Parser(options.source, options.confDir, faults);
  if (options.globals) checkBlock(parser.commandLine(options.globals), scope);
  checkBlock(parser.file(file), scope);
  const model = parser.complete ? freezeModel(resolveModel(scope.around)) : undefined;
  return { model: faults.hasErrors ? undefined : model, diagnostics: faults.list };
}
