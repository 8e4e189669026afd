declare module 'asl-validator' {
  export default function validate(definition: unknown): { readonly isValid: boolean; readonly errors: readonly unknown[] };
}

declare module '@wmfs/statelint' {
  export class StateLint {
    /** One line per problem. */
    validate(definition: unknown): string[];
  }
}
