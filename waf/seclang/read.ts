/** Texts of rules → a program, or diagnostics: every fault is reported, and none stops the reading. */
import { suggest } from '#kit/suggest.ts';
import { type Place, RuleFault } from '../diagnostic.ts';
import { SEC_DIRECTIVES } from './directive/table.ts';
import { logicalLines, splitWords } from './lines.ts';
import { pathFrom, type RuleLoader } from './loader.ts';
import { Program, type ProgramOptions } from './program.ts';

/** Files within files within files. */
const DEPTH_LIMIT = 16;
const FILE_LIMIT = 2000;

/** Reads the files in order, as if they were one. */
export function readRules(files: readonly string[], loader: RuleLoader, options: ProgramOptions): Program {
  const program = new Program(options);
  const reader = new Reader(program, loader);
  for (const file of files) reader.file(file, { file, line: 1 }, 0);
  const { pending } = program;
  if (pending)
    program.report(pending.last, 'error', {
      code: 'chain',
      message: 'the chain has no next rule',
      hint: 'add the rule, or leave chain out',
    });
  return program;
}

class Reader {
  readonly #program: Program;
  readonly #loader: RuleLoader;
  #files = 0;

  constructor(program: Program, loader: RuleLoader) {
    this.#program = program;
    this.#loader = loader;
  }

  file(path: string, from: Place, depth: number): void {
    const text = this.#loader.read(path);
    if (text === undefined) {
      this.#program.report(from, 'error', {
        code: 'file',
        message: `${path} cannot be read`,
        hint: 'check the path',
      });
      return;
    }
    this.#files++;
    for (const { text: line, line: number } of logicalLines(text))
      this.#directive(line, { file: path, line: number }, depth);
  }

  #directive(line: string, place: Place, depth: number): void {
    try {
      const [name, ...args] = splitWords(line);
      const row = SEC_DIRECTIVES.get(name!.toLowerCase());
      if (!row) throw unknown(name!);
      const [least, most] = row.args;
      if (args.length < least || args.length > most)
        throw new RuleFault(
          'arguments',
          `${row.name} has ${args.length} arguments`,
          least === most ? `give ${least}` : `give ${least} to ${most}`,
        );
      row.apply(args, {
        program: this.#program,
        place,
        read: name => this.#read(pathFrom(place.file, name)),
        include: (pattern, absent) => this.#include(pathFrom(place.file, pattern), place, absent, depth + 1),
      });
    } catch (fault) {
      if (!(fault instanceof RuleFault)) throw fault;
      this.#program.report(place, 'error', fault);
    }
  }

  #read(path: string): string {
    const text = this.#loader.read(path);
    if (text === undefined) throw new RuleFault('file', `${path} cannot be read`, 'check the path');
    return text;
  }

  #include(pattern: string, place: Place, absent: 'refuse' | 'pass over', depth: number): void {
    const files = this.#loader.glob(pattern);
    if (files.length === 0 && absent === 'refuse' && !/[*?[]/.test(pattern))
      throw new RuleFault('file', `${pattern} is not there`, 'check the path, or write IncludeOptional');
    if (depth > DEPTH_LIMIT || this.#files + files.length > FILE_LIMIT)
      throw new RuleFault('file', 'files include each other without end', 'leave one of them out');
    for (const file of files) this.file(file, place, depth);
  }
}

function unknown(name: string): RuleFault {
  const near = suggest(name.toLowerCase(), SEC_DIRECTIVES.keys());
  return new RuleFault(
    'directive',
    `there is no directive ${JSON.stringify(name)}`,
    near && `did you mean ${SEC_DIRECTIVES.get(near)!.name}?`,
  );
}
