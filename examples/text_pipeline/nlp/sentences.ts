// Sentences of a text in any language. Pure functions: any thread.

const segmenter = new Intl.Segmenter('und', { granularity: 'sentence' });

// The Unicode rules end a sentence at every full stop before a capital; these stops belong to the word.
const ABBREVIATION =
  /(?:^|[\s("'«„“])(?:\p{Lu}|[diouz]|Mrs?|Ms|Dr|Prof|St|Sra?|Jr|Mme|Mlle|Sig|Dott|Hr|Fr|Nr|No|Bd|Fig|Vol|ca|bzw|u\. ?a)\.$/u;
const CONTINUES = /^[\s"'»”’)\]]*\p{Ll}/u;

/** Blank lines part paragraphs; a single line break is a space, as in texts with a fixed line length. */
export function sentencesOf(text: string): string[] {
  const sentences: string[] = [];
  for (const paragraph of text.split(/\n\s*\n/)) {
    let open = '';
    for (const { segment } of segmenter.segment(paragraph.replace(/\s+/g, ' ').trim())) {
      if (open !== '' && !CONTINUES.test(segment) && !ABBREVIATION.test(open.trimEnd())) {
        sentences.push(open.trim());
        open = '';
      }
      open += segment;
    }
    if (open.trim() !== '') sentences.push(open.trim());
  }
  return sentences;
}
