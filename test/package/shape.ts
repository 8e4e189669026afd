import * as z from 'zod';

/**
 * What is known of a JSON value before it exists: which fields it has, and whether on every way there or only on some.
 * An open one may hold anything and is taken on trust.
 */
export interface Shape {
  readonly open: boolean;
  readonly fields: ReadonlyMap<string, { readonly shape: Shape; readonly certain: boolean }>;
}

export const ANYTHING: Shape = { open: true, fields: new Map() };
export const LEAF: Shape = { open: false, fields: new Map() };

export function fieldsOf(fields: Readonly<Record<string, Shape>>): Shape {
  return { open: false, fields: new Map(Object.entries(fields).map(([name, shape]) => [name, { shape, certain: true }])) };
}

/** Of what a zod schema lets through: an optional field is there on some ways only. */
export function shapeOfSchema(schema: z.ZodType): Shape {
  if (schema instanceof z.ZodRecord) return ANYTHING;
  if (!(schema instanceof z.ZodObject)) return LEAF;
  const fields = Object.entries(schema.shape as Record<string, z.ZodType>).map(
    ([name, type]) => [name, { shape: shapeOfSchema(type), certain: type._zod.optout !== 'optional' }] as const,
  );
  return { open: false, fields: new Map(fields) };
}

/** `$.a.b` as its names. @throws Error for a path that is more than names and dots */
export function namesIn(path: string): string[] {
  if (!/^\$(\.[A-Za-z_]\w*)*$/.test(path)) throw new Error(`the path ${path} cannot be followed`);
  return path.split('.').slice(1);
}

/** The value at a path; undefined when it is not there on every way. */
export function find(shape: Shape, path: string): Shape | undefined {
  let found: Shape | undefined = shape;
  for (const name of namesIn(path)) {
    if (!found || found.open) return found;
    const field: { shape: Shape; certain: boolean } | undefined = found.fields.get(name);
    found = field?.certain ? field.shape : undefined;
  }
  return found;
}

/** The value with another put at the path, which is there from then on. */
export function put(shape: Shape, path: string, value: Shape): Shape {
  return change(shape, namesIn(path), () => ({ shape: value, certain: true }));
}

/** After it was looked whether something is there: it is, or this way is never gone. */
export function assume(shape: Shape, path: string): Shape {
  return change(shape, namesIn(path), (known) => known && { ...known, certain: true });
}

type Field = { readonly shape: Shape; readonly certain: boolean };

function change(shape: Shape, names: readonly string[], make: (known: Field | undefined) => Field | undefined): Shape {
  const [name, ...rest] = names;
  if (name === undefined) return make({ shape, certain: true })?.shape ?? shape;
  const known = shape.fields.get(name);
  const field = rest.length === 0 ? make(known) : { shape: change(known?.shape ?? LEAF, rest, make), certain: true };
  return field ? { ...shape, fields: new Map([...shape.fields, [name, field]]) } : shape;
}

/** What is known where two ways meet. */
export function join(a: Shape, b: Shape): Shape {
  const names = new Set([...a.fields.keys(), ...b.fields.keys()]);
  const fields = [...names].map((name) => {
    const [one, other] = [a.fields.get(name), b.fields.get(name)];
    const shapes = [one, other].filter((field) => field !== undefined).map(({ shape }) => shape);
    return [name, { shape: shapes.reduce(join), certain: (one?.certain ?? a.open) && (other?.certain ?? b.open) }] as const;
  });
  return { open: a.open && b.open, fields: new Map(fields) };
}

export function isSame(a: Shape, b: Shape): boolean {
  if (a.open !== b.open || a.fields.size !== b.fields.size) return false;
  return [...a.fields].every(([name, field]) => {
    const other = b.fields.get(name);
    return other !== undefined && other.certain === field.certain && isSame(field.shape, other.shape);
  });
}
