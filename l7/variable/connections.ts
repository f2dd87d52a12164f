/** Variables of all connections of clients, over all workers. */
import type { Getter } from './space.ts';

export const CONNECTIONS_VARIABLES = {
  connections_active: ({ tables }) => String(tables.traffic.states().active),
  connections_reading: ({ tables }) => String(tables.traffic.states().reading),
  connections_writing: ({ tables }) => String(tables.traffic.states().writing),
  connections_waiting: ({ tables }) => String(tables.traffic.states().waiting),
} satisfies Record<string, Getter>;
