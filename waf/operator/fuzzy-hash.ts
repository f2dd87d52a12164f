/** `@fuzzyHash`: values that are much like known ones, such as files that were uploaded before and found bad. */
import { type FuzzyHash, fuzzyHash as hashOf } from '../fuzzy/hash.ts';
import { likeness, readFuzzyHash } from '../fuzzy/likeness.ts';
import { type Operator, OperatorFault } from './operator.ts';

export const fuzzyHash: Operator = {
  name: 'fuzzyHash',
  doc: 'Matches values that are at least so much (1 to 100) like one of those whose hashes `ssdeep` has written to a file: SecRule FILES_TMP_CONTENT "@fuzzyHash known.txt 60".',
  compile(argument, context) {
    const [, file, digits = ''] = /^(.*\S)\s+(\S+)$/.exec(argument.trim()) ?? [];
    if (file === undefined)
      throw new OperatorFault('it names no file and likeness', 'write @fuzzyHash FILE 1 to 100');
    const least = /^\d{1,3}$/.test(digits) ? Number(digits) : 0;
    if (least < 1 || least > 100)
      throw new OperatorFault(`the likeness is ${JSON.stringify(digits)}`, 'give an integer from 1 to 100');
    const known = hashesIn(file, context.dataFile(file));
    return {
      isCostly: true,
      match(value) {
        const hash = hashOf(value);
        return known.some(one => likeness(one, hash) >= least);
      },
    };
  },
};

/** @throws {OperatorFault} with the line that is no hash: a list that is not read whole would let some pass */
function hashesIn(file: string, text: string): FuzzyHash[] {
  const hashes: FuzzyHash[] = [];
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line === '' || line.startsWith('#') || line.startsWith('ssdeep,')) continue;
    const hash = readFuzzyHash(line);
    if (!hash)
      throw new OperatorFault(`${file}:${at + 1} is no hash of ssdeep`, 'write the file by: ssdeep -b FILES');
    hashes.push(hash);
  }
  if (hashes.length === 0) throw new OperatorFault(`${file} holds no hash`, 'write it by: ssdeep -b FILES');
  return hashes;
}
