/** What a location's proxy_* directives compile to: all that a proxied request goes by. */
import type { NextUpstreamCase, ProxySettings } from '#model/l7/proxy.ts';
import type { Exchange } from '../exchange.ts';
import type { Text } from '../variable/space.ts';
import type { AnswerMaker } from './answer.ts';
import type { Connector } from './connector.ts';
import type { HintPasser } from './early-hints.ts';
import type { RequestText } from './request.ts';

export interface ProxyRoute {
  readonly settings: ProxySettings;
  readonly request: RequestText;
  /** What is asked of the server, for the log. */
  readonly uri: (exchange: Exchange) => string;
  readonly answer: AnswerMaker;
  /** early_hints; undefined: none pass. */
  readonly hints: HintPasser | undefined;
  readonly connector: (exchange: Exchange) => Connector;
  /** proxy_set_body. */
  readonly body: Text | undefined;
  /** proxy_limit_rate; 0: none. */
  readonly bytesPerS: (exchange: Exchange) => number;
  readonly next: ReadonlySet<NextUpstreamCase>;
}
