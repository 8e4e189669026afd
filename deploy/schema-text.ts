import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { configJsonSchema } from '../src/config/json-schema.ts';

const RULES = join(import.meta.dirname, '../src/config');

/** pgproof.schema.json: the form of the configuration, and on every key what the rules say of it in their comments. */
export function schemaText(): string {
  return `${JSON.stringify(withDescriptions(configJsonSchema(), readComments()), undefined, 2)}\n`;
}

/** An object of the configuration is known by its keys: to each set of them, what is said of a key. */
type Comments = ReadonlyMap<string, ReadonlyMap<string, string>>;

function withDescriptions(node: unknown, comments: Comments): unknown {
  if (Array.isArray(node)) return node.map((item) => withDescriptions(item, comments));
  if (typeof node !== 'object' || node === null) return node;
  const inner = Object.fromEntries(Object.entries(node).map(([key, item]) => [key, withDescriptions(item, comments)]));
  const { properties } = inner as { properties?: Record<string, object> };
  const known = properties && comments.get(signatureOf(Object.keys(properties)));
  if (!known) return inner;
  const described = Object.entries(properties).map(([key, item]) => [key, known.has(key) ? { description: known.get(key), ...item } : item]);
  return { ...inner, properties: Object.fromEntries(described) as Record<string, object> };
}

function readComments(): Comments {
  const comments = new Map<string, ReadonlyMap<string, string>>();
  // Where two objects have the same keys the first says more.
  const note = (signature: string, said: ReadonlyMap<string, string>) => comments.set(signature, new Map([...said, ...(comments.get(signature) ?? [])]));
  for (const file of readdirSync(RULES)) {
    const source = ts.createSourceFile(file, readFileSync(join(RULES, file), 'utf8'), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isObjectLiteralExpression(node)) note(signatureOf(keysOf(node)), commentsOf(node));
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return comments;
}

function signatureOf(keys: readonly string[]): string {
  return [...keys].sort().join(' ');
}

function keysOf(literal: ts.ObjectLiteralExpression): string[] {
  return literal.properties.map((property) => property.name?.getText() ?? '');
}

function commentsOf(literal: ts.ObjectLiteralExpression): ReadonlyMap<string, string> {
  const comments = new Map<string, string>();
  for (const property of literal.properties) {
    const [comment] = ts.getJSDocCommentsAndTags(property);
    const text = comment && ts.getTextOfJSDocComment(comment.comment);
    if (text !== undefined) comments.set(property.name?.getText() ?? '', text.replaceAll(/\s+/g, ' '));
  }
  return comments;
}
