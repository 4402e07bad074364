// SPDX-License-Identifier: MIT
//
// Colours and measures of all pictures. Constants.
//
// Who has a light desktop sees dark ink on white, who has a dark one light ink on black: the rule travels inside the SVG. Colours of
// data are the same on both, so they are those of Okabe and Ito (Color Universal Design, 2008), which the colour-blind can tell
// apart, that keep a contrast of 3:1 to either ground.

export const GROUND = '#ffffff';
export const INK = '#1f2328';
export const RULE = '#818b98';
export const SERIES = ['#0072b2', '#d55e00', '#009e73', '#cc79a7'] as const;
/** The next round of the same colours is dashed otherwise. */
export const DASHES = [[], [6, 3], [2, 2], [8, 2, 2, 2]] as const;

export const DARK_GROUND = '#0d1117';
const DARK_INK = '#e6edf3';

export const STYLE =
  `@media (prefers-color-scheme: dark){[fill="${GROUND}"]{fill:${DARK_GROUND}}[fill="${INK}"]{fill:${DARK_INK}}}` +
  '[class*="cells"] path{shape-rendering:crispEdges}';

/** Around the plot, in px: room for the axes, the title, and what stands to the right of it. */
export const PADDING = { left: 76, right: 150, top: 36, bottom: 48 } as const;

/** Steps of the colour scale: perceptually uniform, readable in grey and by the colour-blind (matplotlib's viridis). */
export const LEVELS = 32;
