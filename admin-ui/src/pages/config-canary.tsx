/** A canary: how it is wished for beside an apply, and both sides while a part of the traffic tries what is new. */
import { useState } from 'react';
import { type Field, msText } from '../parts.tsx';
import type { CanarySide, Config } from '../shapes.ts';
import { useNowMs, useShared } from '../state.tsx';

type Say = ReturnType<typeof useShared>['say'];

const SHARE = '10';

/** Of the question before an apply; no seconds: no canary. */
export const canaryFields = (say: Say): readonly Field[] => [
  { key: 'canary', label: say('canarySeconds'), first: '0', type: 'number' },
  { key: 'share', label: say('canaryShare'), first: SHARE, type: 'number' },
  { key: 'few', label: say('canaryFew'), first: 'abandon', type: 'select', options: ['abandon', 'apply'] },
];

/** What the API is asked for. */
export function canaryOf({ canary, share, few }: Readonly<Record<string, string>>): object {
  const lengthS = Number(canary);
  return lengthS === 0 ? {} : { canary: { lengthS, sharePercent: Number(share), few } };
}

interface NoteProps {
  readonly config: Config;
  /** Of what was seen: who changes something else meanwhile is not overruled. */
  readonly etag: string;
  readonly again: () => void;
}

/** While it runs, and after that until something else comes into force. */
export function CanaryNote({ config, etag, again }: NoteProps) {
  const { say } = useShared();
  const { canary, revision } = config;
  if (!canary || canary.outcome === 'applied') return null;
  if (canary.outcome === undefined) return <Running {...{ config, etag, again }} />;
  if (canary.revision !== revision) return null;
  return (
    <p className="note bad" role="status">
      {say('canaryEnded', { who: canary.who, why: canary.reason ?? '' })}
    </p>
  );
}

function Running({ config: { canary }, etag, again }: NoteProps) {
  const { api, say } = useShared();
  const nowMs = useNowMs();
  const [fault, setFault] = useState<string>();
  if (!canary) return null;
  const end = () =>
    void api.change('POST', '/config/rollback', etag, {}).then(
      () => again(),
      reason => setFault((reason as Error).message),
    );
  const n = Math.max(0, Math.ceil((canary.endsMs - nowMs) / 1000));
  const side = ({ requests, failed, slowestMs }: CanarySide) => ({
    requests,
    failed,
    time: msText(slowestMs),
  });
  return (
    <div className="note warn waiting" role="status">
      <span>
        {say('canaryRuns', { who: canary.who, share: canary.sharePercent, n })}
        <br />
        {say('canaryFresh', side(canary.fresh))}
        <br />
        {say('canaryOld', side(canary.old))}
      </span>
      <span className="row-buttons">
        <button type="button" onClick={end}>
          {say('endCanary')}
        </button>
      </span>
      {fault !== undefined && <span role="alert">{fault}</span>}
    </div>
  );
}
