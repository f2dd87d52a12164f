/** What all screens share: who is there, the language, the theme, the live picture with its history. */
import { createContext, useCallback, useContext, useEffect, useMemo, useState } from 'react';
import type { Api } from './api.ts';
import { MOST_POINTS, type Point, pointOf } from './history.ts';
import type { Live, Role, Who } from './shapes.ts';
import { EN, type Key } from './words/en.ts';
import { ZH } from './words/zh.ts';

export type Language = 'en' | 'zh';
export type Theme = 'light' | 'dark';
const WORDS: Readonly<Record<Language, Readonly<Record<Key, string>>>> = { en: EN, zh: ZH };
export const ROLES: readonly Role[] = ['viewer', 'operator', 'admin'];

export interface Shared {
  readonly api: Api;
  readonly who: Who;
  readonly language: Language;
  readonly live: Live | undefined;
  readonly points: readonly Point[];
  readonly isConnected: boolean;
  readonly say: Say;
}

export type Say = (key: Key, values?: Readonly<Record<string, string | number>>) => string;

export const SharedContext = createContext<Shared | undefined>(undefined);

export function useShared(): Shared {
  const shared = useContext(SharedContext);
  if (!shared) throw new Error('Cannot draw a screen: nobody is logged in');
  return shared;
}

export const mayDo = (who: Who, needed: Role): boolean => ROLES.indexOf(who.role) >= ROLES.indexOf(needed);

export function useSay(language: Language): Say {
  return useCallback(
    (key, values = {}) =>
      WORDS[language][key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? '')),
    [language],
  );
}

/** Kept in the browser: a choice without a secret. */
export function useChoice<T extends string>(name: string, first: T): [T, (value: T) => void] {
  const [value, set] = useState<T>(() => (localStorage.getItem(`moat.${name}`) as T | null) ?? first);
  const choose = useCallback(
    (next: T) => {
      localStorage.setItem(`moat.${name}`, next);
      set(next);
    },
    [name],
  );
  return [value, choose];
}

/** @returns ms since 1970, anew each second: for what counts down */
export function useNowMs(): number {
  const [nowMs, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return nowMs;
}

const AGAIN_MS = 2000;

export function useLive(api: Api) {
  const [shown, show] = useState<{ live: Live | undefined; points: readonly Point[]; isConnected: boolean }>({
    live: undefined,
    points: [],
    isConnected: false,
  });
  useEffect(() => {
    const end = new AbortController();
    void follow(api, end.signal, show);
    return () => end.abort();
  }, [api]);
  return shown;
}

type Show = (
  change: (was: { live: Live | undefined; points: readonly Point[]; isConnected: boolean }) => {
    live: Live | undefined;
    points: readonly Point[];
    isConnected: boolean;
  },
) => void;

async function follow(api: Api, signal: AbortSignal, show: Show): Promise<void> {
  while (!signal.aborted) {
    let before: Live | undefined;
    let beforeMs = 0;
    try {
      for await (const live of api.watch(signal)) {
        const nowMs = performance.now();
        const point = pointOf(live, before, Date.now(), nowMs - beforeMs);
        const isFirst = before === undefined;
        before = live;
        beforeMs = nowMs;
        show(({ points }) => ({
          ...{ live, isConnected: true },
          points: isFirst ? points : [...points.slice(1 - MOST_POINTS), point],
        }));
      }
    } catch {
      // told by the light in the header; it is tried again
    }
    show(was => ({ ...was, isConnected: false }));
    await new Promise(resolve => setTimeout(resolve, AGAIN_MS));
  }
}

/** Asks again and again while the screen is there. */
export function useAsked<T>(path: string, everyMs = 0) {
  const { api } = useShared();
  const [answer, set] = useState<{ value?: T; etag?: string; fault?: string }>({});
  const [round, next] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: round asks anew
  useEffect(() => {
    let isOver = false;
    const ask = () =>
      api.get<T>(path).then(
        said => !isOver && set(said),
        fault => !isOver && set({ fault: (fault as Error).message }),
      );
    void ask();
    const timer = everyMs > 0 ? setInterval(ask, everyMs) : undefined;
    return () => {
      isOver = true;
      clearInterval(timer);
    };
  }, [api, path, everyMs, round]);
  const again = useCallback(() => next(was => was + 1), []);
  return useMemo(() => ({ ...answer, again }), [answer, again]);
}
