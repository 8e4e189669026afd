/** Text that is HTML already. Everything else is escaped on its way into a page. */
export interface Markup {
  readonly markup: string;
}

export type Content = string | number | Markup | undefined | false | readonly Content[];

/**
 * A template that escapes whatever is put into it. Values may stand between tags or inside double-quoted attributes,
 * nowhere else.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  const parts = strings.map((text, index) => text + (index < values.length ? render(values[index]) : ''));
  return { markup: parts.join('') };
}

function render(value: Content): string {
  if (value === undefined || value === false) return '';
  if (typeof value === 'string') return escape(value);
  if (typeof value === 'number') return String(value);
  if ('markup' in value) return value.markup;
  return value.map(render).join('');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escape(text: string): string {
  return text.toWellFormed().replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '').replaceAll(UNSEEN, spell);
}

/**
 * Characters that are not seen or that turn the text around them: a name must not be able to show itself as another.
 * Newline and tab stay; they are white space in HTML. The joiners that emoji are built with stay too.
 */
const UNSEEN = /[\p{Cc}\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/gu;

function spell(character: string): string {
  if (character === '\n' || character === '\t') return character;
  return `[U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`;
}

/** A name of the user's: kept apart from the direction of the text around it. */
export function name(text: string): Markup {
  return html`<bdi>${text}</bdi>`;
}

/** Key or digest: may break anywhere. */
export function code(text: string): Markup {
  return html`<code><bdi>${text}</bdi></code>`;
}
