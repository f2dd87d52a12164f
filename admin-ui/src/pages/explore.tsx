/** What would become of a request: the decision of each part, in order, with the line that says so. And what is said beside the configuration. */
import { type FormEvent, useState } from 'react';
import { Card, State } from '../parts.tsx';
import type { Step } from '../shapes.ts';
import { mayDo, useShared } from '../state.tsx';

export function ExplorePage() {
  const { api, say, who } = useShared();
  const [steps, setSteps] = useState<readonly Step[]>();
  const [fault, setFault] = useState<string>();
  if (!mayDo(who, 'operator')) return <p className="faint">{say('needRole', { role: 'operator' })}</p>;
  const ask = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string) => String(form.get(name) ?? '').trim();
    const headers = text('headers')
      .split('\n')
      .filter(line => line.includes(':'))
      .map(line => ({
        name: line.slice(0, line.indexOf(':')).trim(),
        value: line.slice(line.indexOf(':') + 1).trim(),
      }));
    const from = text('from');
    try {
      const body = {
        method: text('method'),
        url: text('url'),
        headers,
        ...(from && { clientAddress: from }),
      };
      const { value } = await api.change<{ steps: readonly Step[] }>('POST', '/explain', '*', body);
      setSteps(value.steps);
      setFault(undefined);
    } catch (reason) {
      setFault((reason as Error).message);
      setSteps(undefined);
    }
  };
  return (
    <>
      <Card title={say('exploreTitle')}>
        <p className="faint">{say('exploreText')}</p>
        <form onSubmit={event => void ask(event)} className="explore">
          <label>
            {say('method')}
            <select name="method" defaultValue="GET">
              {['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map(one => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
          <label>
            URL
            <input name="url" required placeholder="https://www.example.org/path?x=1" />
          </label>
          <label>
            {say('fromAddress')}
            <input name="from" placeholder="127.0.0.1" />
          </label>
          <label className="wide">
            {say('headerLines')}
            <textarea name="headers" rows={3} placeholder="Cookie: session=1" />
          </label>
          <div className="buttons">
            <button type="submit" className="main">
              {say('explore')}
            </button>
          </div>
        </form>
        {fault !== undefined && (
          <p className="note bad" role="alert">
            {fault}
          </p>
        )}
      </Card>
      {steps && <Way steps={steps} />}
    </>
  );
}

const isRefusal = ({ what, text }: Step): boolean => what === 'phase' && /refuses with/.test(text);

function Way({ steps }: { steps: readonly Step[] }) {
  const { say } = useShared();
  return (
    <Card title={say('way')}>
      <ol className="way">
        {steps.map((step, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: steps never move
          <li key={at} className={isRefusal(step) ? 'bad' : step.what === 'answer' ? 'strong' : undefined}>
            <State of={step.what} />
            <span>{step.text}</span>
            {step.site && (
              <code className="faint">
                {step.site.file.split('/').at(-1)}:{step.site.line}
              </code>
            )}
          </li>
        ))}
      </ol>
    </Card>
  );
}
