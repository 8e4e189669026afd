/**
 * Parts of the README that are made and not written: each stands between `<!-- name -->` and `<!-- /name -->`, in a
 * fence.
 */
export function replaceBlock(text: string, name: string, language: string, content: string): string {
  const pattern = blockPattern(name);
  if (!pattern.test(text)) throw new RangeError(`README.md has no block ${name}`);
  return text.replace(pattern, () => `<!-- ${name} -->\n\`\`\`${language}\n${content.trimEnd()}\n\`\`\`\n<!-- /${name} -->`);
}

/** The same without a fence: for what is Markdown itself. */
export function replaceSection(text: string, name: string, content: string): string {
  const escaped = RegExp.escape(name);
  const pattern = new RegExp(`<!-- ${escaped} -->\\n[\\s\\S]*?<!-- /${escaped} -->`);
  if (!pattern.test(text)) throw new RangeError(`there is no section ${name}`);
  return text.replace(pattern, () => `<!-- ${name} -->\n${content.trim()}\n<!-- /${name} -->`);
}

export function readBlock(text: string, name: string): string | undefined {
  return blockPattern(name).exec(text)?.[1]?.trimEnd();
}

/** The lines of all `sh` fences, in order: what a reader is told to type. */
export function commandsIn(text: string): string[] {
  const fences = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');
  return fences.flatMap((fence) => fence.split('\n')).filter((line) => line.trim() !== '' && !line.startsWith('#'));
}

function blockPattern(name: string): RegExp {
  const escaped = RegExp.escape(name);
  return new RegExp(`<!-- ${escaped} -->\\n\`\`\`[a-z]*\\n([\\s\\S]*?)\`\`\`\\n<!-- /${escaped} -->`);
}
