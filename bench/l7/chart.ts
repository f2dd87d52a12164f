/** Draws the results: per scenario one bar for each proxy, its CPU per request, user and system apart. */
import type { Outcome } from './report.ts';
import type { Row } from './rounds.ts';

const WIDTH = 860;
const LABELS = 110;
const BAR = 18;
const GAP = 6;
const HEAD = 34;
const USER: Record<string, string> = {
  moat: '#b4622d',
  nginx: '#3a7d44',
  haproxy: '#2f6690',
  'http-proxy': '#8a8a8a',
};

/** The picture as SVG text. A bar longer than three times nginx's is cut, and says its length. */
export function chart({ rows, machine }: Outcome): string {
  const scenarios = [...new Set(rows.map(row => row.scenario))];
  let y = 62;
  const panels = scenarios.map(scenario => {
    const own = rows.filter(row => row.scenario === scenario);
    const text = panel(scenario, own, y);
    y += HEAD + own.length * (BAR + GAP) + 12;
    return text;
  });
  const about = `${machine.cpu}, one core each; Linux ${machine.kernel}; moat ${machine.commit}; ${machine.date.slice(0, 10)}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" font-family="system-ui, sans-serif" font-size="13" fill="#222">
<rect width="${WIDTH}" height="${y}" fill="#fff"/>
<text x="20" y="28" font-size="18" font-weight="600">CPU per request (µs), less is better</text>
<text x="20" y="48" fill="#666">${escaped(about)}. Strong: user, light: system.</text>
${panels.join('\n')}
</svg>
`;
}

function panel(scenario: string, rows: readonly Row[], top: number): string {
  const base = rows.find(row => row.peer === 'nginx')?.totalUs.median ?? 0;
  const longest = Math.max(...rows.map(row => row.totalUs.median), 0.001);
  const full = base > 0 ? Math.min(longest, base * 3) : longest;
  const perUs = (WIDTH - LABELS - 190) / full;
  const bars = rows.map((row, at) => bar(row, base, full, perUs, top + HEAD + at * (BAR + GAP)));
  return `<text x="20" y="${top + 22}" font-weight="600">${escaped(scenario)}</text>\n${bars.join('\n')}`;
}

function bar(row: Row, base: number, full: number, perUs: number, y: number): string {
  const total = row.totalUs.median;
  const shown = Math.min(total, full) * perUs;
  const user = total > 0 ? (shown * row.userUs.median) / (row.userUs.median + row.systemUs.median) : 0;
  const colour = USER[row.peer] ?? '#555';
  const ratio = base > 0 && row.peer !== 'nginx' ? `  ×${(total / base).toFixed(2)}` : '';
  const flaw = row.errors > 0 ? ' (invalid: errors)' : '';
  const text = `${total.toFixed(total < 100 ? 1 : 0)}${ratio}${total > full ? ' …' : ''}${flaw}`;
  const rect = (x: number, width: number, opacity: number) =>
    `<rect x="${x.toFixed(1)}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" fill="${colour}" opacity="${opacity}"/>`;
  return [
    `<text x="${LABELS - 8}" y="${y + 14}" text-anchor="end">${escaped(row.peer)}</text>`,
    rect(LABELS, user, 1),
    rect(LABELS + user, shown - user, 0.45),
    `<text x="${(LABELS + shown + 8).toFixed(1)}" y="${y + 14}">${escaped(text)}</text>`,
  ].join('');
}

const escaped = (text: string) => text.replace(/[&<>]/g, char => `&#${char.charCodeAt(0)};`);
