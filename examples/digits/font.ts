// Ten digits as bitmaps of 5 x 7, and the strokes between their dots. Constants and a pure function.

export const COLUMNS = 5;
export const ROWS = 7;

const GLYPHS = [
  ['.###.', '#...#', '#...#', '#...#', '#...#', '#...#', '.###.'],
  ['..#..', '.##..', '..#..', '..#..', '..#..', '..#..', '.###.'],
  ['.###.', '#...#', '....#', '..##.', '.#...', '#....', '#####'],
  ['.###.', '#...#', '....#', '..##.', '....#', '#...#', '.###.'],
  ['...#.', '..##.', '.#.#.', '#..#.', '#####', '...#.', '...#.'],
  ['#####', '#....', '####.', '....#', '....#', '#...#', '.###.'],
  ['.###.', '#....', '#....', '####.', '#...#', '#...#', '.###.'],
  ['#####', '....#', '...#.', '..#..', '.#...', '.#...', '.#...'],
  ['.###.', '#...#', '#...#', '.###.', '#...#', '#...#', '.###.'],
  ['.###.', '#...#', '#...#', '.####', '....#', '....#', '.###.'],
] as const;

/** Dots in columns and rows from the upper left; strokes are pairs of dots. */
export interface Glyph {
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly strokes: readonly (readonly [number, number])[];
}

/** Of each digit its dots, joined to their neighbours; aslant only where no third dot makes the corner. */
export const DIGITS: readonly Glyph[] = GLYPHS.map((rows) => {
  const x: number[] = [];
  const y: number[] = [];
  const at = new Map<string, number>();
  for (const [row, text] of rows.entries()) {
    for (const [column, dot] of [...text].entries()) {
      if (dot !== '#') continue;
      at.set(`${column},${row}`, x.length);
      x.push(column);
      y.push(row);
    }
  }
  const strokes: [number, number][] = [];
  for (const [from, column] of x.entries()) {
    const row = y[from]!;
    const dotAt = (across: number, down: number) => at.get(`${column + across},${row + down}`);
    const join = (to: number | undefined) => to !== undefined && strokes.push([from, to]);
    join(dotAt(1, 0));
    join(dotAt(0, 1));
    for (const across of [-1, 1]) {
      if (dotAt(across, 0) === undefined && dotAt(0, 1) === undefined) join(dotAt(across, 1));
    }
  }
  return { x, y, strokes };
});
