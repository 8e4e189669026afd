/** What JSON says; undefined for a text that is none, which is what `safeParse` of a form makes a fault of. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
