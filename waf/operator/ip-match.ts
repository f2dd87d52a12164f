/** `@ipMatch` and `@ipMatchFromFile`: addresses in networks. */
import { type Cidr, parseCidr } from '#kit/cidr.ts';
import { IpTable } from '#kit/ip-table.ts';
import { type Matcher, type Operator, OperatorFault } from './operator.ts';

/** @throws {OperatorFault} for what is no network: a list is never shorter than it was written */
function networkOf(text: string): Cidr {
  const network = parseCidr(text)?.cidr;
  if (network === undefined || network.address === 'unix:') {
    throw new OperatorFault(
      `"${text}" is no address and no network`,
      'write 192.0.2.1, 192.0.2.0/24 or 2001:db8::/32',
    );
  }
  return network;
}

function matcherOf(entries: readonly string[]): Matcher {
  if (entries.length === 0) throw new OperatorFault('the list of networks is empty');
  const table = IpTable.ofNetworks(entries.map(entry => ({ network: networkOf(entry), value: true })));
  return { match: value => table.find(value) === true };
}

const separate = (text: string, separator: RegExp): string[] =>
  text.split(separator).filter(part => part !== '');

export const ipMatch: Operator = {
  name: 'ipMatch',
  doc: 'Matches addresses (IPv4, IPv6) in a comma-separated list of addresses and networks.',
  compile: argument => matcherOf(separate(argument, /[\s,]+/)),
};

/** One network a line; `#` begins a comment. */
const fromFile = (name: string): Operator => ({
  name,
  doc: 'Matches addresses in the networks of a file, one a line.',
  compile(argument, context) {
    const files = separate(argument, /\s+/).map(file => context.dataFile(file));
    if (files.length === 0) throw new OperatorFault('the name of a file is missing');
    return matcherOf(separate(files.join('\n').replace(/#.*/g, ''), /\s+/));
  },
});

export const ipMatchFromFile = fromFile('ipMatchFromFile');
export const ipMatchF = fromFile('ipMatchF');
