/**
 * Pieces of SQL that the sets share. Every set is one query of two columns: the object's identity and its definition.
 * The search path is pg_catalog alone, so that every name of the user's comes out with its schema.
 */
export type SetQuery = (major: number) => string;

/** True for schemas that pg_dump treats as the user's. */
export function userSchema(alias: string): string {
  return `(left(${alias}.nspname, 3) <> 'pg_' and ${alias}.nspname <> 'information_schema')`;
}

/**
 * True for objects that no extension made. CREATE EXTENSION makes its members anew, perhaps by another path of upgrade
 * scripts; the extension's version stands for them.
 */
export function notOfExtension(catalog: string, oid: string): string {
  return `not exists (select from pg_depend ext where ext.classid = '${catalog}'::regclass and ext.objid = ${oid}
                         and ext.objsubid = 0 and ext.refclassid = 'pg_extension'::regclass and ext.deptype = 'e')`;
}

/** A hash instead of the text: for values that may hold a credential. */
export function digest(text: string): string {
  return `left(encode(sha256(convert_to(${text}, getdatabaseencoding())), 'hex'), 16)`;
}

/** Options of foreign-data objects: names in the clear, values only as a hash, because some hold credentials. */
export function hashedOptions(options: string): string {
  return `(select 'options (' || string_agg(split_part(o, '=', 1) || ' ' || ${digest('o')}, ', ' order by o) || ')'
             from unnest(${options}) o)`;
}

/** An array in a fixed order, as `(a, b)`; null when it is empty or null. */
export function sortedList(array: string): string {
  return `(select '(' || string_agg(item, ', ' order by item) || ')' from unnest(${array}) item)`;
}

/** Name of an object of a catalog with namespace and name columns. */
export function qualified(catalog: string, namespaceColumn: string, nameColumn: string, oid: string): string {
  return `(select format('%I.%I', qn.nspname, q.${nameColumn}) from ${catalog} q
             join pg_namespace qn on qn.oid = q.${namespaceColumn} where q.oid = ${oid})`;
}

/** Name of a collation, or null for none. */
export function collationName(oid: string): string {
  return qualified('pg_collation', 'collnamespace', 'collname', oid);
}

/** Name of a relation; unlike regclass it is quoted the same under every search path. */
export function relationName(oid: string): string {
  return qualified('pg_class', 'relnamespace', 'relname', oid);
}

/** Since 16 the server writes a locale of ICU as a language tag; one that came through an upgrade keeps its underscore. */
export function settledLocale(locale: string): string {
  return `replace(${locale}, '_', '-')`;
}
