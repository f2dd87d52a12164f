/** A configuration with its includes in the place of their lines, which knows where each line came from. */
import { type Source, type Statement, statementsOf } from '#config';

export class SourceLines {
  #lines: string[] = [];
  #places: string[] = [];

  /** @throws {Error} when a file cannot be read, is not made of directives, or includes go in circles */
  static of(file: string, source: Source, confDir: string, mostDeep: number): SourceLines {
    const made = new SourceLines();
    made.#append(file, source, confDir, mostDeep);
    return made;
  }

  get text(): string {
    return `${this.#lines.join('\n')}\n`;
  }

  /** `file:line` of a line of the text. */
  placeOf(line: number): string {
    return this.#places[line - 1] ?? this.#places.at(-1) ?? '';
  }

  #append(file: string, source: Source, confDir: string, deep: number): void {
    if (deep === 0) throw new Error(`${file}: includes go on without end`);
    const text = source.read(file, 'configuration');
    const statements = statementsOf(text);
    if (!statements) throw new Error(`${file} is not made of directives and blocks: nginx -t says where`);
    let from = 0;
    let line = 1;
    const copy = (to: number) => {
      for (const content of text.slice(from, to).split('\n'))
        this.#put(content.trimEnd(), `${file}:${line++}`);
      line--; // a piece ends within its last line
    };
    for (const { name, args, ...statement } of statements) {
      const [path] = args;
      if (name !== 'include' || path === undefined) continue;
      copy(statement.from);
      const full = path.startsWith('/') ? path : confDir + path;
      const files = /[*?[]/.test(full) ? source.glob(full) : [full];
      this.#put(`# include ${path}`, `${file}:${statement.line}`);
      for (const one of files) this.#append(one, source, confDir, deep - 1);
      line = statement.line + text.slice(statement.from, statement.to).split('\n').length - 1;
      from = statement.to;
    }
    copy(text.length);
  }

  #put(content: string, place: string): void {
    this.#lines.push(content);
    this.#places.push(place);
  }

  /** The smallest directive that stands at a place of the text. */
  innermost(statements: readonly Statement[], line: number, column: number): Statement | undefined {
    const offset = this.#lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, column - 1);
    return statements.findLast(({ from, to }) => from <= offset && offset < to);
  }

  /** @param statement on one line @param text in its place, on one line */
  replace(statement: Statement, text: string): void {
    const before = this.text;
    this.#setText(before.slice(0, statement.from) + text + before.slice(statement.to));
  }

  /** Makes a comment of each line of a directive; what shares a line with it goes to a line of its own. */
  takeOut({ from, to, line }: Statement, instead: string): void {
    const before = this.text;
    const old = before.slice(from, to).split('\n');
    const lineStart = before.lastIndexOf('\n', from - 1) + 1;
    const head = before.slice(lineStart, from);
    const lineEnd = before.indexOf('\n', to);
    const tail = before.slice(to, lineEnd).trim();
    const indent = /^\s*/.exec(head)![0];
    const made = [
      ...(head.trim() === '' ? [] : [head.trimEnd()]),
      ...old.map(one => `${indent}# not taken over: ${one.trim()}`),
      ...(instead === '' ? [] : [indent + instead]),
      ...(tail === '' ? [] : [indent + tail]),
    ];
    const places = this.#places.slice(line - 1, line - 1 + old.length);
    const at = (i: number) =>
      places[Math.min(Math.max(i - (head.trim() === '' ? 0 : 1), 0), places.length - 1)]!;
    this.#lines.splice(line - 1, old.length, ...made);
    this.#places.splice(line - 1, old.length, ...made.map((_, i) => at(i)));
  }

  #setText(text: string): void {
    this.#lines = text.split('\n').slice(0, -1);
  }
}
