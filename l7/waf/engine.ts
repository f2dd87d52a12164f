/** The rule engine, which is 150 modules: threads without a firewall go without it. */
import { lazily } from '#kit/lazily.ts';

export const engine = lazily<typeof import('#waf')>(import.meta.url, '#waf');
