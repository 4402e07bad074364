// What an experiment has to say, for the terminal and for Markdown.
import { bold, dim, table } from '../shared/terminal.js';

export interface Report {
  readonly title: string;
  /** Columns: title and l or r. */
  readonly columns: readonly (readonly [title: string, align: 'l' | 'r'])[];
  readonly rows: readonly (readonly string[])[];
  /** Lines as they are, such as bars. */
  readonly lines?: readonly string[];
  /** What the numbers come to. */
  readonly conclusion: string;
}

export function print({ title, columns, rows, lines = [], conclusion }: Report): void {
  const align = columns.map(([, side]) => side).join('');
  const [head, ...body] = table([columns.map(([name]) => name), ...rows], align);
  console.log(`${bold(title)}\n\n  ${dim(head!)}`);
  for (const line of [...body, ...(lines.length > 0 ? ['', ...lines] : []), '', conclusion])
    console.log(`  ${line}`);
}

export function markdown({ title, columns, rows, lines = [], conclusion }: Report): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    `${title}.`,
    '',
    row(columns.map(([name]) => name)),
    row(columns.map(([, side]) => (side === 'r' ? '---:' : '---'))),
    ...rows.map(row),
    '',
    ...(lines.length > 0 ? ['```', ...lines, '```', ''] : []),
    conclusion,
  ].join('\n');
}

export function percent(share: number, digits = 0): string {
  return Number.isNaN(share) ? '' : `${(100 * share).toFixed(digits)} %`;
}
